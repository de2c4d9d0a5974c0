package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TryWritev is to writev(2) what TryRead is to Read. The memory that v points
// to must be reachable by other pointers too.
func TryWritev(fd int, v []unix.Iovec) Attempt { return tryVector(unix.SYS_WRITEV, fd, v) }

// TryReadv is to readv(2) what TryRead is to Read.
func TryReadv(fd int, v []unix.Iovec) Attempt { return tryVector(unix.SYS_READV, fd, v) }

// SettleWritev is to writev(2) what SettleRead is to Read.
func (a Attempt) SettleWritev(fd int, v []unix.Iovec) Attempt {
	return a.settleVector(unix.SYS_WRITEV, fd, v)
}

// SettleReadv is to readv(2) what SettleRead is to Read.
func (a Attempt) SettleReadv(fd int, v []unix.Iovec) Attempt {
	return a.settleVector(unix.SYS_READV, fd, v)
}

func tryVector(nr uintptr, fd int, v []unix.Iovec) Attempt {
	if !dedicated {
		return Untried
	}
	return enter(nr, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(v))), uintptr(len(v)), 0, 0, 0)
}

func (a Attempt) settleVector(nr uintptr, fd int, v []unix.Iovec) Attempt {
	for again(a) {
		if a = tryVector(nr, fd, v); a == Untried {
			a = attempt(syscall.Syscall6(nr, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(v))), uintptr(len(v)), 0, 0, 0))
		}
	}
	return a
}
