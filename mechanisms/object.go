package mechanisms

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// Kinds of Object.
const (
	KindShm  = "shm"  // a System V shared memory segment
	KindSem  = "sem"  // a System V semaphore set
	KindMsg  = "msg"  // a System V message queue
	KindMq   = "mq"   // a POSIX message queue, by its name
	KindPath = "path" // a name in the file system
)

// ErrNotOurs reports that an object is not the one that was recorded, or cannot
// be shown to be it. It is left alone.
var ErrNotOurs = errors.New("not the object that was recorded")

// Object is something in the kernel that outlives the process that made it,
// with what proves later, in any process, that it is still the same one.
type Object struct {
	Kind      string `json:"kind"`
	ID        int    `json:"id"`                  // System V identifier
	Path      string `json:"path,omitempty"`      // KindPath; KindMq: the queue's name, "/ipcbench-…"
	Inode     uint64 `json:"inode,omitempty"`     // KindPath, KindMq
	Namespace string `json:"namespace,omitempty"` // the IPC namespace that ID or queue belongs to, "ipc:[4026531839]"
	Created   int64  `json:"created"`             // ctime of a System V object after its set-up, seconds since 1970
	UID       int    `json:"uid"`                 // of its maker
	AtRelease bool   `json:"at_release"`          // goes at Release, not at Destroy
}

// PathObject records what is at path, which is not followed if it is a
// symbolic link.
func PathObject(path string) (Object, error) {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return Object{}, fmt.Errorf("%s: %w", path, os.NewSyscallError("lstat", err))
	}
	return Object{Kind: KindPath, Path: path, Inode: st.Ino, UID: int(st.Uid)}, nil
}

// SysvObject records a System V object of this namespace, so that Remove can
// prove later that it is still the same. It must be called after the set-up:
// IPC_SET and SETVAL move the ctime.
func SysvObject(kind string, id int) (Object, error) {
	s, err := statSysv(kind, id)
	if err != nil {
		return Object{}, err
	}
	return Object{Kind: kind, ID: id, Namespace: IPCNamespace(), Created: s.changed, UID: s.uid}, nil
}

// Exists reports whether the object is still there. It fails with ErrNotOurs
// if another is in its place. A segment that goes with its last detach counts
// as gone.
func (o Object) Exists() (bool, error) {
	if o.Kind == KindPath {
		now, err := PathObject(o.Path)
		return o.Is(now, err)
	}
	if ns := IPCNamespace(); ns != o.Namespace {
		return false, fmt.Errorf("%v: of %s, and this is %s: %w", o, o.Namespace, ns, ErrNotOurs)
	}
	if o.Kind == KindMq {
		now, err := queueObject(o.Path)
		return o.Is(now, err)
	}
	s, err := statSysv(o.Kind, o.ID)
	switch {
	case isGone(err):
		return false, nil
	case errors.Is(err, unix.EACCES):
		return false, fmt.Errorf("%v: %w: %w", o, ErrNotOurs, err)
	case err != nil:
		return false, fmt.Errorf("%v: %w", o, err)
	case s.uid != o.UID || s.changed != o.Created:
		return false, fmt.Errorf("%v: made by user %d, changed at %d, not by %d at %d: %w", o, s.uid, s.changed, o.UID, o.Created, ErrNotOurs)
	}
	return !s.doomed, nil
}

// Is holds what has the object's name now, or the reason why nothing could be
// seen there, against the object.
func (o Object) Is(now Object, err error) (bool, error) {
	switch {
	case isGone(err):
		return false, nil
	case errors.Is(err, unix.EACCES) && o.Kind == KindMq:
		return false, fmt.Errorf("%v: %w: %w", o, ErrNotOurs, err)
	case err != nil:
		return false, err
	case now.UID != o.UID || now.Inode != o.Inode:
		return false, fmt.Errorf("%v: inode %d of user %d, not %d of %d: %w", o, now.Inode, now.UID, o.Inode, o.UID, ErrNotOurs)
	}
	return true, nil
}

// OpenAt opens what was made at the object's path, a file of this type, and
// nothing else: a regular file in the place of a FIFO would take the messages
// as well, and measure the disk.
func (o Object) OpenAt(flags int, typ uint32) (fd int, err error) {
	err = sys.Retry(func() error { fd, err = unix.Open(o.Path, flags|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0); return err })
	if err != nil {
		return -1, fmt.Errorf("%v: %w", o, os.NewSyscallError("openat", err))
	}
	var st unix.Stat_t
	if err = os.NewSyscallError("fstat", unix.Fstat(fd, &st)); err == nil &&
		(st.Mode&unix.S_IFMT != typ || int(st.Uid) != sys.EUID() || st.Ino != o.Inode) {
		err = fmt.Errorf("%v: %w", o, ErrNotOurs)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// Remove removes the object if it is provably the one that was recorded, else
// it fails with ErrNotOurs. One that is gone already is no error. A directory
// must be empty.
func (o Object) Remove() error {
	there, err := o.Exists()
	if err != nil || !there {
		return err
	}
	switch o.Kind {
	case KindShm:
		err = sys.ShmRemove(o.ID)
	case KindSem:
		err = sys.SemRemove(o.ID)
	case KindMsg:
		err = sys.MsgRemove(o.ID)
	case KindMq:
		err = sys.MqUnlink(o.Path[1:])
	case KindPath:
		err = os.Remove(o.Path)
	}
	if err != nil && !isGone(err) {
		return fmt.Errorf("%v: %w", o, err)
	}
	return nil
}

// String names the object: "sem 12", "path /tmp/x".
func (o Object) String() string {
	if o.Path != "" {
		return o.Kind + " " + o.Path
	}
	return fmt.Sprintf("%s %d", o.Kind, o.ID)
}

// sysvState is what IPC_STAT shows of the identity of a System V object.
type sysvState struct {
	uid     int   // of the creator
	changed int64 // ctime, seconds since 1970
	doomed  bool  // goes with its last detach
}

func statSysv(kind string, id int) (sysvState, error) {
	switch kind {
	case KindShm:
		ds, err := sys.ShmStat(id)
		return sysvState{int(ds.Perm.Cuid), ds.Changed(), ds.Perm.Mode&sys.SHM_DEST != 0}, err
	case KindSem:
		ds, err := sys.SemStat(id)
		return sysvState{int(ds.Perm.Cuid), ds.Changed(), false}, err
	case KindMsg:
		ds, err := sys.MsgStat(id)
		return sysvState{int(ds.Perm.Cuid), ds.Changed(), false}, err
	}
	return sysvState{}, fmt.Errorf("unknown kind of object %q", kind)
}

// settled is the IPC namespace of a process that will not leave it; "" where
// each thread may be in another.
var settled string

// Settle promises that no thread of this process will enter another IPC
// namespace, so that its name is not read for every object, which takes longer
// than to make one.
func Settle() { settled = IPCNamespace() }

// IPCNamespace names the IPC namespace of this process, "" without /proc.
func IPCNamespace() string {
	if settled != "" {
		return settled
	}
	name, err := os.Readlink("/proc/thread-self/ns/ipc")
	if err != nil {
		return ""
	}
	return name
}

func isGone(err error) bool {
	for _, e := range []error{unix.EINVAL, unix.EIDRM, unix.ENOENT, unix.ENOTDIR} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// OpenPrivate opens a directory into which no other user can put names.
func OpenPrivate(dir string) (fd int, err error) {
	fd, err = unix.Open(dir, unix.O_PATH|unix.O_DIRECTORY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("directory %q: %w", dir, os.NewSyscallError("openat", err))
	}
	var st unix.Stat_t
	if err = os.NewSyscallError("fstat", unix.Fstat(fd, &st)); err == nil &&
		(st.Mode&0o777 != 0o700 || int(st.Uid) != sys.EUID()) {
		err = fmt.Errorf("directory %s: mode %04o of user %d, want 0700 of %d", dir, st.Mode&0o777, st.Uid, sys.EUID())
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// queueObject records the message queue of that name.
func queueObject(name string) (Object, error) {
	fd, err := sys.MqOpen(name[1:], unix.O_RDONLY|unix.O_CLOEXEC, 0, nil)
	if err != nil {
		return Object{}, fmt.Errorf("mq %s: %w", name, err)
	}
	o, err := HeldQueue(name, fd)
	return o, errors.Join(err, os.NewSyscallError("close", unix.Close(fd)))
}

// HeldQueue records the message queue that is open as fd.
func HeldQueue(name string, fd int) (Object, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return Object{}, fmt.Errorf("mq %s: %w", name, os.NewSyscallError("fstat", err))
	}
	return Object{Kind: KindMq, Path: name, Inode: st.Ino, Namespace: IPCNamespace(), UID: int(st.Uid)}, nil
}
