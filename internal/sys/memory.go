package sys

import (
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// MemfdCreate makes memory of size bytes without a name in any file system,
// for processes that inherit the descriptor to map: memfd_create(2). It goes
// with the last of them.
func MemfdCreate(name string, size int) (fd int, err error) {
	fd, err = unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return -1, os.NewSyscallError("memfd_create", err)
	}
	if err := Retry(func() error { return unix.Ftruncate(fd, int64(size)) }); err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("ftruncate", err)
	}
	return fd, nil
}

// Mmap maps the first size bytes of the descriptor for reading and writing,
// shared with every process that maps it too: mmap(2).
func Mmap(fd, size int) ([]byte, error) {
	p, err := unix.Mmap(fd, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	return p, os.NewSyscallError("mmap", err)
}

// Word is the first four bytes of shared memory as one that several processes
// read and write. The memory must be aligned, as mapped memory is.
func Word(p []byte) *atomic.Uint32 { return (*atomic.Uint32)(unsafe.Pointer(unsafe.SliceData(p[:4]))) }

// Anonymous maps size bytes of memory that is this process's alone, from the
// start of a page on, and writes to every page of it: mmap(2). It is not of
// Go's heap, so that no collector hands it on while the kernel or another process
// may still look at it.
func Anonymous(size int) ([]byte, error) {
	p, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_POPULATE)
	return p, os.NewSyscallError("mmap", err)
}

// Munmap gives back what Anonymous or Mmap returned, whole: munmap(2).
func Munmap(p []byte) error { return os.NewSyscallError("munmap", unix.Munmap(p)) }

// Vacate gives back what Anonymous or Mmap mapped and leaves pages of zeroes at
// its addresses, which Munmap frees: MAP_FIXED, mmap(2). An end may be closed
// while another goroutine is in it, which munmap would end by SIGSEGV.
func Vacate(p []byte) error {
	_, err := unix.MmapPtr(-1, 0, unsafe.Pointer(unsafe.SliceData(p)), uintptr(len(p)),
		unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS|unix.MAP_FIXED|unix.MAP_NORESERVE)
	return os.NewSyscallError("mmap", err)
}

// Forget takes the pages of such memory away and leaves the addresses, where
// the next write finds new ones: MADV_DONTNEED, madvise(2). Another process that
// holds the old pages keeps them as they are.
func Forget(p []byte) error {
	a := Untried
	for again(a) {
		a = madvise(p, unix.MADV_DONTNEED)
	}
	_, err := a.Result("madvise")
	return err
}

func madvise(p []byte, advice uintptr) Attempt {
	if dedicated {
		return enter(unix.SYS_MADVISE, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), advice, 0, 0, 0)
	}
	return attempt(syscall.Syscall6(unix.SYS_MADVISE, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), advice, 0, 0, 0))
}
