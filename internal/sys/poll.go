package sys

import (
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Poll waits, without a time limit, until the descriptor is as p asks, or is
// not any more what it was: poll(2). It is ppoll(2) without a mask of
// signals, the fourth argument: several architectures have no system call poll.
func Poll(p *unix.PollFd) error {
	a := Untried
	for again(a) {
		if dedicated {
			a = enter(unix.SYS_PPOLL, uintptr(unsafe.Pointer(p)), 1, 0, 0, 0, 0)
		} else {
			a = attempt(syscall.Syscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(p)), 1, 0, 0, 0, 0))
		}
	}
	_, err := a.Result("ppoll")
	return err
}

// PollWithin is Poll with a time limit. It reports whether the descriptor is as p
// asks.
func PollWithin(p *unix.PollFd, limit time.Duration) (bool, error) {
	left := unix.NsecToTimespec(int64(limit)) // which the kernel counts down
	a := Untried
	for again(a) {
		if dedicated {
			a = enter(unix.SYS_PPOLL, uintptr(unsafe.Pointer(p)), 1, uintptr(unsafe.Pointer(&left)), 0, 0, 0)
		} else {
			a = attempt(syscall.Syscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(p)), 1, uintptr(unsafe.Pointer(&left)), 0, 0, 0))
		}
	}
	n, err := a.Result("ppoll")
	return n > 0, err
}
