package sys

import (
	"os"
	"sync/atomic"
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
	if err := unix.Ftruncate(fd, int64(size)); err != nil {
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
