package sys

import (
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Operations of futex(2) on a word that processes share, from linux/futex.h.
const (
	futexWait = 0
	futexWake = 1
)

// FutexWait sleeps until another process wakes whoever sleeps on the word; it
// returns at once if the word is not val any more. The caller looks at the
// word again either way, futex(2).
func FutexWait(word *atomic.Uint32, val uint32) error {
	for {
		_, _, errno := syscall.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWait, uintptr(val), 0, 0, 0)
		switch errno {
		case 0, syscall.EAGAIN:
			return nil
		case syscall.EINTR:
			interrupts.Add(1)
		default:
			return os.NewSyscallError("futex", errno)
		}
	}
}

// FutexWake wakes up to n of those who sleep on the word, and returns how many
// it woke, futex(2).
func FutexWake(word *atomic.Uint32, n int) (woken int, err error) {
	r, _, errno := syscall.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), futexWake, uintptr(n), 0, 0, 0)
	if errno != 0 {
		return 0, os.NewSyscallError("futex", errno)
	}
	return int(r), nil
}
