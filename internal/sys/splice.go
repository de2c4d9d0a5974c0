package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls of this file move or share pages between a pipe and something
// else. None of them works in a pipe without room, or without bytes: they wait
// for it, unless SPLICE_F_NONBLOCK is among the flags.

// Vector names the memory of p to the calls that take a struct iovec,
// readv(2).
func Vector(p []byte) (v unix.Iovec) {
	v.Base = unsafe.SliceData(p)
	v.SetLen(len(p))
	return v
}

// TryVmsplice is to Vmsplice what TryRead is to Read.
func TryVmsplice(fd int, v *unix.Iovec, flags int) Attempt {
	if !dedicated {
		return Untried
	}
	return enter(unix.SYS_VMSPLICE, uintptr(fd), uintptr(unsafe.Pointer(v)), 1, uintptr(flags), 0, 0)
}

// Vmsplice hands the pages of user memory that v names to a pipe, or fills that
// memory from one, and returns how many bytes went, which may be fewer:
// vmsplice(2).
func Vmsplice(fd int, v *unix.Iovec, flags int) (int, error) {
	return TryVmsplice(fd, v, flags).Vmsplice(fd, v, flags)
}

// Vmsplice is the end of a Vmsplice that began with this attempt.
func (a Attempt) Vmsplice(fd int, v *unix.Iovec, flags int) (int, error) {
	for again(a) {
		if a = TryVmsplice(fd, v, flags); a == Untried {
			a = attempt(syscall.Syscall6(unix.SYS_VMSPLICE, uintptr(fd), uintptr(unsafe.Pointer(v)), 1, uintptr(flags), 0, 0))
		}
	}
	return a.Result("vmsplice")
}

// Splice moves up to n bytes from one descriptor to another, one of which is a
// pipe, and returns how many it moved, 0 at the end of what it reads:
// splice(2). at is where in a file to write to, nil for two pipes.
func Splice(from, to int, at *int64, n int) (int, error) {
	a := Untried
	for again(a) {
		if dedicated {
			a = enter(unix.SYS_SPLICE, uintptr(from), 0, uintptr(to), uintptr(unsafe.Pointer(at)), uintptr(n), 0)
		} else {
			a = attempt(syscall.Syscall6(unix.SYS_SPLICE, uintptr(from), 0, uintptr(to), uintptr(unsafe.Pointer(at)), uintptr(n), 0))
		}
	}
	return a.Result("splice")
}

// Tee gives the second pipe the next n bytes of the first, which keeps them,
// and returns how many it gave, 0 at the end of the first: tee(2).
func Tee(from, to, n int) (int, error) {
	a := Untried
	for again(a) {
		if dedicated {
			a = enter(unix.SYS_TEE, uintptr(from), uintptr(to), uintptr(n), 0, 0, 0)
		} else {
			a = attempt(syscall.Syscall6(unix.SYS_TEE, uintptr(from), uintptr(to), uintptr(n), 0, 0, 0))
		}
	}
	return a.Result("tee")
}
