package sys

import (
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

// FutexWait sleeps until another process wakes those that sleep on the word, or
// returns at once where the word is not val any more, futex(2). The caller must
// look at the word again in both cases.
func FutexWait(word *atomic.Uint32, val uint32) error {
	a := Untried
	for again(a) {
		a = futex(word, futexWait, val)
	}
	if a == -Attempt(syscall.EAGAIN) {
		return nil
	}
	_, err := a.Result("futex")
	return err
}

// FutexWake wakes up to n of the threads that sleep on the word, and returns how
// many it woke, futex(2).
func FutexWake(word *atomic.Uint32, n int) (woken int, err error) {
	return futex(word, futexWake, uint32(n)).Result("futex")
}

func futex(word *atomic.Uint32, op uintptr, val uint32) Attempt {
	if dedicated {
		// The fourth argument is NULL: there is no time limit.
		return enter(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), op, uintptr(val), 0, 0, 0)
	}
	return attempt(syscall.Syscall6(unix.SYS_FUTEX, uintptr(unsafe.Pointer(word)), op, uintptr(val), 0, 0, 0))
}
