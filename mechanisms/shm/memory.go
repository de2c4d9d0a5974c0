package shm

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/sysv"
)

const meminfo = "/proc/meminfo"

// hugePages makes a file of huge pages of the default size, in whole pages, as
// memfd_create(2) and page hugetlbpage of the kernel's documents say. They are
// set aside by the machine's administrator, and here only used.
func hugePages(size int) (fd, rounded int, err error) {
	page, pages, err := huge(size)
	if err != nil {
		return -1, 0, err
	}
	fd, err = unix.MemfdCreate("ipcbench-ring", unix.MFD_CLOEXEC|unix.MFD_HUGETLB)
	if errors.Is(err, unix.EINVAL) {
		return -1, 0, &mechanisms.UnsupportedError{Mechanism: "memory huge", What: "this kernel knows no MFD_HUGETLB, which needs Linux 4.14 and CONFIG_HUGETLBFS, memfd_create(2)", Unavailable: true}
	}
	return fd, pages * page, os.NewSyscallError("memfd_create", err)
}

// huge returns the size of a huge page and how many of them hold size bytes,
// and refuses more than are free.
func huge(size int) (page, pages int, err error) {
	free, err := memorySize("HugePages_Free:")
	if err == nil {
		page, err = memorySize("Hugepagesize:")
	}
	if err != nil {
		return 0, 0, err
	}
	if pages = (size + page - 1) / page; pages <= free {
		return page, pages, nil
	}
	return 0, 0, &mechanisms.UnsupportedError{Mechanism: "memory huge", What: "huge pages", Value: pages,
		Limit: mechanisms.Limit{N: free, Source: "HugePages_Free in " + meminfo, Beyond: "vm.nr_hugepages sets them aside, memfd_create(2)", Errno: unix.ENOMEM}}
}

// memorySize reads a line of /proc/meminfo, in bytes or as a number.
func memorySize(name string) (int, error) {
	text, err := os.ReadFile(meminfo)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 2 || f[0] != name {
			continue
		}
		n, err := strconv.Atoi(f[1])
		if len(f) == 3 && f[2] == "kB" {
			n <<= 10
		}
		return n, err
	}
	return 0, &mechanisms.UnsupportedError{Mechanism: "memory huge", What: "this kernel has no huge pages: no " + name + " in " + meminfo + ", proc_meminfo(5)", Unavailable: true}
}

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
	make(l *mechanisms.Link, s mechanisms.Spec, size int) (n int, source string, found json.RawMessage, err error)
	// open maps what make has made, size bytes at least.
	open(t mechanisms.Ticket, found json.RawMessage, size int) (mapping, error)
	// admit reports whether there is enough for the ring of one link, as far as
	// is known without making it.
	admit(s mechanisms.Spec) error
}

// memories are the values of Spec.Memory. The first is what a ring lies in that
// is asked for nothing else.
var memories = map[string]memory{
	"memfd": passedMemory{file: memfd},
	"shm":   namedMemory{},
	"file":  passedMemory{file: unnamedFile},
	"huge":  passedMemory{file: hugePages, needs: func(size int) error { _, _, err := huge(size); return err }},
}

// memoryRoom is the Room of rings.
func memoryRoom(s mechanisms.Spec) error { return memories[s.Memory].admit(s) }

// ringMemories are the names of memories, the default first.
var ringMemories = []string{"memfd", "shm", "file", "huge"}

// passedMemory has no name: its descriptor is passed on, the first of a ticket.
type passedMemory struct {
	file  func(size int) (fd, rounded int, err error)
	needs func(size int) error // the refusal of admit; nil: none is known
}

func (m passedMemory) admit(s mechanisms.Spec) error {
	if m.needs == nil {
		return nil
	}
	return m.needs(ringBytes(slotsFor(s), s.Size))
}

func (m passedMemory) make(l *mechanisms.Link, _ mechanisms.Spec, size int) (int, string, json.RawMessage, error) {
	fd, size, err := m.file(size)
	if err != nil {
		return 0, "", nil, err
	}
	l.FDs = append(l.FDs, fd)
	l.Sender.FDs, l.Receiver.FDs = append(l.Sender.FDs, fd), append(l.Receiver.FDs, fd)
	n, err := allocate(fd, size)
	return n, "st_size", nil, err
}

func (passedMemory) open(t mechanisms.Ticket, _ json.RawMessage, size int) (mapping, error) {
	if len(t.FDs) == 0 {
		return mapping{}, errors.New("ticket without a descriptor")
	}
	return mapped(t.FDs[0], size)
}

// allocate gives the file its bytes, so that a store finds a page, or none
// is made: a store that finds none ends the process, SIGBUS
// in mmap(2).
func allocate(fd, size int) (n int, err error) {
	err = os.NewSyscallError("fallocate", sys.Retry(func() error { return unix.Fallocate(fd, 0, 0, int64(size)) }))
	if errors.Is(err, unix.EOPNOTSUPP) { // a file system that can't promise it
		err = os.NewSyscallError("ftruncate", sys.Retry(func() error { return unix.Ftruncate(fd, int64(size)) }))
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
		return mapping{}, fmt.Errorf("memory of %d bytes, want %d: %w", st.Size, size, mechanisms.ErrNotOurs)
	}
	p, err := sys.Mmap(fd, int(st.Size))
	return mapping{p, func() error { return os.NewSyscallError("munmap", unix.Munmap(p)) }}, err
}

func memfd(size int) (fd, rounded int, err error) {
	fd, err = unix.MemfdCreate("ipcbench-ring", unix.MFD_CLOEXEC)
	return fd, size, os.NewSyscallError("memfd_create", err)
}

// unnamedFile makes an ordinary file without a name: it goes with its last
// descriptor and mapping, whichever process is killed. The session's own directory
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
		err = &mechanisms.UnsupportedError{Mechanism: "memory file",
			Unavailable: true, What: strings.Join(dirs, " and ") + " are in memory themselves, not there, not to be written to, or know no O_TMPFILE: set TMPDIR to a directory on a disk, open(2)"}
	}
	return -1, err
}

// inMemory reports whether a directory is on a file system without a disk.
func inMemory(dir string) bool {
	var st unix.Statfs_t
	return unix.Statfs(dir, &st) == nil && (uint32(st.Type) == unix.TMPFS_MAGIC || uint32(st.Type) == unix.RAMFS_MAGIC)
}

// namedMemory is POSIX shared memory as shm_open(3) makes it: a file on a tmpfs,
// which any process that knows its name can open until Release.
type namedMemory struct{}

func (namedMemory) admit(mechanisms.Spec) error { return nil }

func (namedMemory) make(l *mechanisms.Link, s mechanisms.Spec, size int) (int, string, json.RawMessage, error) {
	dir := s.Dir
	if !inMemory(dir) {
		dir = "/dev/shm" // the session has no tmpfs of its own
	}
	path := filepath.Join(dir, "ipcbench-"+rand.Text())
	fd, err := unix.Open(path, unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0o600)
	if err == unix.ENOENT {
		return 0, "", nil, &mechanisms.UnsupportedError{Mechanism: "memory shm",
			Unavailable: true, What: dir + " is not there: mount a tmpfs there, shm_overview(7)"}
	}
	if err != nil {
		return 0, "", nil, fmt.Errorf("%s: %w", path, os.NewSyscallError("openat", err))
	}
	defer unix.Close(fd)
	o, err := mechanisms.PathObject(path)
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

func (namedMemory) open(_ mechanisms.Ticket, found json.RawMessage, size int) (mapping, error) {
	var o mechanisms.Object
	if err := json.Unmarshal(found, &o); err != nil {
		return mapping{}, err
	}
	fd, err := o.OpenAt(unix.O_RDWR, unix.S_IFREG)
	if err != nil {
		return mapping{}, err
	}
	defer unix.Close(fd)
	return mapped(fd, size)
}

// segment is System V shared memory. It goes with the last process that has it
// attached, once Release has marked it.
type segment struct{}

func (segment) admit(mechanisms.Spec) error { return nil }

const shmMax = "/proc/sys/kernel/shmmax"

func (segment) make(l *mechanisms.Link, _ mechanisms.Spec, size int) (int, string, json.RawMessage, error) {
	id, err := sys.Shmget(unix.IPC_PRIVATE, size, 0o600)
	if errors.Is(err, unix.EINVAL) {
		largest, _ := mechanisms.Sysctl(shmMax)
		err = &mechanisms.UnsupportedError{Mechanism: l.Mechanism, What: "segment", Value: size,
			Limit: mechanisms.Limit{N: largest, Source: shmMax, Beyond: "shmget(2)", Errno: unix.EINVAL}}
	}
	if err != nil {
		return 0, "", nil, err
	}
	o, err := mechanisms.SysvObject(mechanisms.KindShm, id)
	ds, e := sys.ShmStat(id)
	if err = errors.Join(err, e); err != nil {
		return 0, "", nil, errors.Join(err, sys.ShmRemove(id))
	}
	o.AtRelease = true
	l.Objects = append(l.Objects, o)
	found, err := json.Marshal(id)
	return int(ds.Segsz), "shm_segsz", found, err
}

func (segment) open(_ mechanisms.Ticket, found json.RawMessage, _ int) (mapping, error) {
	var id int
	if err := json.Unmarshal(found, &id); err != nil {
		return mapping{}, err
	}
	p, err := sys.Shmat(id)
	return mapping{p, func() error { return sys.Shmdt(p) }}, err
}

// segmentNeeds is the Needs of a ring in a segment.
func segmentNeeds(mech string) func() error {
	return sysv.Needs(mech, func() error { _, err := sys.ShmStat(-1); return err })
}

// segmentLimits are the limits of a ring in a segment.
func segmentLimits(k ringKind) func(int) (mechanisms.Limits, error) {
	return func(queue int) (mechanisms.Limits, error) {
		l, err := k.limits(queue)
		if err != nil {
			return l, err
		}
		largest, err := mechanisms.Sysctl(shmMax)
		if err != nil || largest == math.MaxInt {
			return l, err
		}
		// The lines of a message of 64 bytes and its mark are twice its own: no size needs more.
		room := (largest - ringHeader) / 2 &^ (linePairPad - 1)
		l.Queue = mechanisms.Limit{N: room, Source: shmMax, Beyond: "shmget(2)", Errno: unix.EINVAL}
		if queue == 0 {
			l.Message = mechanisms.Limit{N: room - markBytes, Source: shmMax, Beyond: "a ring of two slots, shmget(2)", Errno: unix.EINVAL}
		}
		return l, nil
	}
}

func segmentUses(s mechanisms.Spec) []mechanisms.Use {
	limit := mechanisms.Limit{Beyond: "shmget(2)", Errno: unix.ENOSPC}
	page := os.Getpagesize()
	return []mechanisms.Use{
		{What: "System V shared memory segments", N: 1, Limit: mechanisms.SysctlLimit("/proc/sys/kernel/shmmni", 0, limit)},
		{What: "pages in System V shared memory segments", N: (ringBytes(slotsFor(s), s.Size) + page - 1) / page, Limit: mechanisms.SysctlLimit("/proc/sys/kernel/shmall", 0, limit)},
	}
}
