package objects

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

// Remnant is an object that a journal still lists.
type Remnant struct {
	mechanisms.Object
	State string // "left", "removed", "kept", "gone"
	Why   error  // it is kept or gone
}

// ErrInUse reports that the process that made a journal is alive.
var ErrInUse = errors.New("in use by a command that is running")

// errGone is why an object can't be there any more.
var errGone = errors.New("nothing is left of it")

// Journals returns the paths of all journals: those in Dir, and this user's in
// the directory for temporary files.
func Journals() (paths []string, err error) {
	dir, _ := Dir()
	for _, in := range []struct{ dir, prefix string }{{dir, ""}, {TempDir(), prefix}} {
		if in.dir == "" {
			continue // without a home
		}
		names, e := os.ReadDir(in.dir)
		if e != nil && !errors.Is(e, fs.ErrNotExist) && !errors.Is(e, unix.ENOTDIR) {
			err = errors.Join(err, e)
		}
		for _, name := range names {
			path := filepath.Join(in.dir, name.Name())
			var st unix.Stat_t
			if strings.HasPrefix(name.Name(), in.prefix) && strings.HasSuffix(name.Name(), suffix) &&
				(in.prefix == "" || unix.Lstat(path, &st) == nil && int(st.Uid) == sys.EUID()) {
				paths = append(paths, path)
			}
		}
	}
	return paths, err
}

// open opens a journal of this user's, to be locked.
func open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if errors.Is(err, unix.ELOOP) { // O_NOFOLLOW
		return nil, fmt.Errorf("%s is a symbolic link and no journal: remove it yourself: %w", path, err)
	} else if err != nil {
		return nil, err
	}
	var st unix.Stat_t
	switch err = os.NewSyscallError("fstat", unix.Fstat(int(f.Fd()), &st)); {
	case err != nil:
	case int(st.Uid) != sys.EUID():
		err = fmt.Errorf("%s belongs to user %d: only its owner may clean it", path, st.Uid)
	case st.Mode&unix.S_IFMT != unix.S_IFREG:
		err = fmt.Errorf("%s is no journal, since it is no regular file: remove it yourself", path)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// Clean lists what is left of the journal at path. With remove it removes the
// objects that are shown to be those in the journal. Where that can't be shown of
// an object, it stays, and the journal with it. A journal of which nothing is left
// is removed. An error reports also what could not be removed.
func Clean(path string, remove bool) ([]Remnant, error) {
	return clean(path, remove, false)
}

// Keep waits until the last process that holds the journal at path has gone, and
// removes what it lists, and the journal. It does so where a line is no entry too,
// which it returns. What has taken the place of an object says that the object is
// gone.
func Keep(path string) error {
	left, err := clean(path, true, true)
	for _, r := range left {
		if r.State == "kept" {
			err = errors.Join(err, fmt.Errorf("%v: kept: %w", r.Object, r.Why))
		}
	}
	return err
}

func clean(path string, remove, keeper bool) (left []Remnant, err error) {
	f, err := open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // closed as it should be
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	how := unix.LOCK_EX | unix.LOCK_NB
	if keeper {
		how = unix.LOCK_EX
	}
	if err := lock(f, how); errors.Is(err, unix.EWOULDBLOCK) {
		return nil, fmt.Errorf("%s: %w", path, ErrInUse)
	} else if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	l, broken := read(f)
	if broken != nil {
		broken = fmt.Errorf("%s: %w", path, broken)
		if !keeper {
			return nil, broken
		}
	}
	left, finished, err := l.clean(remove, keeper)
	if finished && broken == nil {
		if err = os.Remove(path); errors.Is(err, fs.ErrNotExist) {
			err = nil // its owner closed it before the lock
		}
	}
	return left, errors.Join(broken, err)
}

// clean is Clean and Keep of what a journal lists, and reports whether nothing is
// left of it.
func (l *list) clean(remove, keeper bool) (left []Remnant, finished bool, err error) {
	finished = true
	note := func(o mechanisms.Object, exists bool, why error, removed func() error) {
		r := Remnant{o, "left", why}
		switch {
		case errors.Is(why, errGone):
			r.State = "gone"
		case why != nil:
			r.State, finished = "kept", false
		case !exists:
			return
		case !remove:
			finished = false
		default:
			r.State = "removed"
			if e := removed(); e != nil {
				err, finished = errors.Join(err, e), false
				return
			}
		}
		left = append(left, r)
	}
	boot := bootID()
	for _, o := range slices.Backward(l.objects) {
		if l.boot != boot && o.Kind != mechanisms.KindPath {
			continue // System V objects and message queues end with the boot, and IDs begin anew
		}
		exists, why := o.Exists()
		if why != nil && o.Kind != mechanisms.KindPath && o.Namespace != mechanisms.IPCNamespace() {
			why = elsewhere(o.Namespace)
		} else if keeper && errors.Is(why, mechanisms.ErrNotOurs) {
			why = fmt.Errorf("%w: %w", errGone, why)
		}
		note(o, exists, why, o.Remove)
	}
	for _, name := range l.queues {
		fd, why := sys.MqOpen(name, unix.O_RDONLY|unix.O_CLOEXEC, 0, nil)
		exists := why == nil
		if exists {
			unix.Close(fd)
		} else if errors.Is(why, unix.ENOENT) || errors.Is(why, unix.ENOSYS) {
			why = nil
		}
		note(mechanisms.Object{Kind: mechanisms.KindMq, Path: "/" + name}, exists, why, func() error { return sys.MqUnlink(name) })
	}
	if l.dir != "" {
		o, exists, why := privateDir(l.dir)
		switch {
		case why == nil && !exists:
			why = fmt.Errorf("it was never made, or has been removed: %w", errGone)
		case !l.used && errors.Is(why, unix.EACCES):
			why = fmt.Errorf("nothing was made in it, and it can't be reached (%w): %w", why, errGone)
		}
		if exists && why == nil {
			for _, launch := range launches(l.dir) {
				for _, path := range namedAfter(filepath.Base(launch)) {
					note(mechanisms.Object{Kind: mechanisms.KindPath, Path: path}, true, nil, func() error { return os.Remove(path) })
				}
			}
		}
		note(o, exists, why, func() error { return removePrivateDir(l.dir) })
	}
	return left, finished, err
}

// initialIPC is the namespace of the first process, which never ends:
// PROC_IPC_INIT_INO in the kernel's include/linux/proc_ns.h.
const initialIPC = "ipc:[4026531839]"

// elsewhere is why nothing is seen of an object in another IPC namespace. One
// that no process and no mount holds has ended, with all that was in it.
func elsewhere(ns string) error {
	links, err := filepath.Glob("/proc/[0-9]*/ns/ipc")
	for _, link := range links {
		if to, err := os.Readlink(link); err == nil && to == ns {
			return fmt.Errorf("it is in %s: nsenter --ipc=%s ipcbench clean --force", ns, link)
		}
	}
	mounts, e := os.ReadFile("/proc/self/mountinfo")
	if err = errors.Join(err, e); err != nil || ns == initialIPC || ns == "" || strings.Contains(string(mounts), " "+ns+" ") {
		return fmt.Errorf("it is in %s, which is not seen from here: run ipcbench clean --force there", ns)
	}
	return fmt.Errorf("no process or mount here is in its namespace %s: %w", ns, errGone)
}

// privateDir reports whether a journal's directory exists. Its random name shows
// that it is ours, unless something else has taken its place.
func privateDir(dir string) (o mechanisms.Object, exists bool, err error) {
	o = mechanisms.Object{Kind: mechanisms.KindPath, Path: dir}
	var st unix.Stat_t
	err = unix.Lstat(dir, &st)
	if slices.Contains([]error{unix.ENOENT, unix.ENOTDIR, unix.ELOOP, unix.ENAMETOOLONG}, err) {
		return o, false, nil // at such a path nothing can have been made
	}
	if err != nil {
		return o, false, fmt.Errorf("%v: %w", o, os.NewSyscallError("lstat", err))
	}
	o.Inode, o.UID = st.Ino, int(st.Uid)
	if st.Mode&(unix.S_IFMT|0o077) != unix.S_IFDIR || o.UID != sys.EUID() || !privateName().MatchString(filepath.Base(dir)) {
		return o, false, fmt.Errorf("%v: mode %#o of user %d: %w", o, st.Mode, o.UID, mechanisms.ErrNotOurs)
	}
	return o, true, nil
}

var privateName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^ipcbench-[A-Z2-7]{26,}$`) }) // rand.Text
