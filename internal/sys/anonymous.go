package sys

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

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
