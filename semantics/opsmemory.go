package semantics

import (
	"sync"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// Operations of futex(2), from linux/futex.h.
const (
	futexWait    = 0
	futexWake    = 1
	futexPrivate = 128
)

// pages is memory of this process that vmsplice(2) gives to a pipe: outside the
// collector's heap, which must not be changed behind its back.
var pages = sync.OnceValues(func() ([]byte, error) {
	return unix.Mmap(-1, 0, 2*unix.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANONYMOUS)
})

var memoryOps = map[string]op{
	"memory": {name: "store to memory", do: func(_ []int, d []byte) answer {
		p, err := pages()
		return result(copy(p, d), err)
	}},
	"vmsplice": {params: "fd n", do: func(a []int, _ []byte) answer {
		p, err := pages()
		if err != nil {
			return result(-1, err)
		}
		n, err := unix.Vmsplice(a[0], []unix.Iovec{{Base: &p[0], Len: ulong(a[1])}}, 0)
		return result(n, err)
	}},
	"futex": {params: "attachment n n", do: func(a []int, _ []byte) answer { // on the first word, which is 0
		r, _, errno := syscall.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(sys.Word(segment(a[0])))), uintptr(a[1]), uintptr(a[2]), 0, 0, 0)
		if errno != 0 {
			return answer{N: -1, Errno: errno}
		}
		return answer{N: int(r)}
	}},
	"mmap": {params: "fd n", do: func(a []int, _ []byte) answer { // an attachment, as that of shmat
		p, err := sys.Mmap(a[0], a[1])
		if err != nil {
			return result(-1, err)
		}
		attached.Lock()
		defer attached.Unlock()
		attached.all = append(attached.all, p)
		return answer{N: len(attached.all) - 1}
	}},
	"memfd": {name: "memfd_create", params: "n", do: func(a []int, _ []byte) answer {
		fd, err := unix.MemfdCreate("ipcbench", 0) // peers inherit it
		if err == nil {
			err = unix.Ftruncate(fd, int64(a[0]))
		}
		return result(fd, err)
	}},
	"badpipe2": {name: "pipe2 with a bad pointer", params: "oflag", do: func(a []int, _ []byte) answer {
		_, _, errno := syscall.RawSyscall6(unix.SYS_PIPE2, 1, uintptr(a[0]), 0, 0, 0, 0)
		return answer{Errno: errno}
	}},
}
