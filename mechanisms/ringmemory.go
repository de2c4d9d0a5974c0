package mechanisms

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// mapping is memory of this process that others map too.
type mapping struct {
	bytes []byte
	unmap func() error // once only
}

// memory is one kind of memory that a ring may lie in.
type memory interface {
	// make makes size bytes of it, all zero, adds to the link what outlives
	// the call, and returns how many bytes there are, where that was read, and
	// what open needs to find them.
	make(l *Link, s Spec, size int) (n int, source string, found json.RawMessage, err error)
	// open maps what make has made, size bytes at least.
	open(t Ticket, found json.RawMessage, size int) (mapping, error)
	// admit tells whether there is enough for the ring of one link, as far as
	// can be told without making it.
	admit(s Spec) error
}

// memories are the values of Spec.Memory. The first is what a ring lies in that
// is asked for nothing else.
var memories = map[string]memory{
	"memfd": passedMemory{file: memfd},
	"shm":   namedMemory{},
	"file":  passedMemory{file: unnamedFile},
	"huge":  passedMemory{file: hugePages, needs: func(size int) error { _, _, err := huge(size); return err }},
}

// ringMemories are the names of memories, the default first.
var ringMemories = []string{"memfd", "shm", "file", "huge"}

// passedMemory has no name: its descriptor is passed on, the first of a ticket.
type passedMemory struct {
	file  func(size int) (fd, rounded int, err error)
	needs func(size int) error // what admit says; nil: nothing can be told
}

func (m passedMemory) admit(s Spec) error {
	if m.needs == nil {
		return nil
	}
	return m.needs(ringBytes(slotsFor(s), s.Size))
}

func (m passedMemory) make(l *Link, _ Spec, size int) (int, string, json.RawMessage, error) {
	fd, size, err := m.file(size)
	if err != nil {
		return 0, "", nil, err
	}
	l.FDs = append(l.FDs, fd)
	l.Sender.FDs, l.Receiver.FDs = append(l.Sender.FDs, fd), append(l.Receiver.FDs, fd)
	n, err := allocate(fd, size)
	return n, "st_size", nil, err
}

func (passedMemory) open(t Ticket, _ json.RawMessage, size int) (mapping, error) {
	if len(t.FDs) == 0 {
		return mapping{}, errors.New("ticket without a descriptor")
	}
	return mapped(t.FDs[0], size)
}

// allocate gives the file its bytes, so that a store finds a page or nobody
// gets as far as to make it: a store that finds none ends the process, SIGBUS
// in mmap(2).
func allocate(fd, size int) (n int, err error) {
	err = os.NewSyscallError("fallocate", unix.Fallocate(fd, 0, 0, int64(size)))
	if errors.Is(err, unix.EOPNOTSUPP) { // a file system that can't promise it
		err = os.NewSyscallError("ftruncate", unix.Ftruncate(fd, int64(size)))
	}
	if err != nil {
		return 0, err
	}
	var st unix.Stat_t
	err = os.NewSyscallError("fstat", unix.Fstat(fd, &st))
	return int(st.Size), err
}

// mapped maps a file of size bytes or more, whole.
func mapped(fd, size int) (mapping, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return mapping{}, os.NewSyscallError("fstat", err)
	}
	if st.Size < int64(size) {
		return mapping{}, fmt.Errorf("memory of %d bytes, want %d: %w", st.Size, size, ErrNotOurs)
	}
	p, err := sys.Mmap(fd, int(st.Size))
	return mapping{p, func() error { return os.NewSyscallError("munmap", unix.Munmap(p)) }}, err
}

func memfd(size int) (fd, rounded int, err error) {
	fd, err = unix.MemfdCreate("ipcbench-ring", unix.MFD_CLOEXEC)
	return fd, size, os.NewSyscallError("memfd_create", err)
}

// unnamedFile makes an ordinary file that nobody can find: it goes with its
// last descriptor and mapping, whoever is killed. The session's own directory
// is no place for it, which lies in memory.
func unnamedFile(size int) (fd, rounded int, err error) {
	fd, err = unnamedIn(os.TempDir(), "/var/tmp")
	return fd, size, err
}

// noPlace is why a directory has no place for an unnamed file, open(2).
var noPlace = []error{unix.EOPNOTSUPP, unix.EISDIR, unix.ENOENT, unix.EROFS, unix.EACCES}

// unnamedIn makes it in the first of these directories that is on a disk.
func unnamedIn(dirs ...string) (fd int, err error) {
	for _, dir := range dirs {
		if inMemory(dir) {
			continue
		}
		fd, err = unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_EXCL|unix.O_CLOEXEC, 0o600)
		if err == nil {
			return fd, nil
		}
		err = fmt.Errorf("%s: %w", dir, os.NewSyscallError("openat", err))
	}
	if err == nil || slices.ContainsFunc(noPlace, func(why error) bool { return errors.Is(err, why) }) {
		err = &UnsupportedError{Mechanism: "memory file",
			What: strings.Join(dirs, " and ") + " are in memory themselves, not there, not to be written to, or know no O_TMPFILE: set TMPDIR to a directory on a disk, open(2)"}
	}
	return -1, err
}

// inMemory tells whether a directory is on a file system without a disk.
func inMemory(dir string) bool {
	var st unix.Statfs_t
	return unix.Statfs(dir, &st) == nil && (uint32(st.Type) == unix.TMPFS_MAGIC || uint32(st.Type) == unix.RAMFS_MAGIC)
}

// namedMemory is POSIX shared memory as shm_open(3) makes it: a file on a tmpfs,
// which whoever knows its name can open until Release.
type namedMemory struct{}

func (namedMemory) admit(Spec) error { return nil }

func (namedMemory) make(l *Link, s Spec, size int) (int, string, json.RawMessage, error) {
	dir := s.Dir
	if !inMemory(dir) {
		dir = "/dev/shm" // the session has no tmpfs of its own
	}
	path := filepath.Join(dir, "ipcbench-"+rand.Text())
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err != nil {
		return 0, "", nil, fmt.Errorf("%s: %w", path, os.NewSyscallError("openat", err))
	}
	defer unix.Close(fd)
	o, err := PathObject(path)
	if err != nil {
		return 0, "", nil, errors.Join(err, os.NewSyscallError("unlinkat", unix.Unlink(path)))
	}
	o.AtRelease = true
	l.Objects = append(l.Objects, o)
	n, err := allocate(fd, size)
	if err != nil {
		return 0, "", nil, err
	}
	found, err := json.Marshal(o)
	return n, "st_size", found, err
}

func (namedMemory) open(_ Ticket, found json.RawMessage, size int) (mapping, error) {
	var o Object
	if err := json.Unmarshal(found, &o); err != nil {
		return mapping{}, err
	}
	fd, err := o.open(unix.O_RDWR, unix.S_IFREG)
	if err != nil {
		return mapping{}, err
	}
	defer unix.Close(fd)
	return mapped(fd, size)
}
