package sys

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Monotonic is CLOCK_MONOTONIC in ns, the one clock that all processes of a
// machine share. It is read as Go reads it, without a system call, vdso(7).
func Monotonic() int64 { return nanotime() }

// The runtime lets other packages link to this, go.dev/issue/67401.

//go:linkname nanotime runtime.nanotime
func nanotime() int64

// SharpTimers has timers of this thread expire when they are due, and not up to
// 50 µs later so that the kernel can serve several at once: PR_SET_TIMERSLACK,
// prctl(2).
func SharpTimers() error {
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0))
}

// SleepUntil sleeps until Monotonic is at, in ns, or returns at once if it has
// been: clock_nanosleep(2) with TIMER_ABSTIME. Without a fourth argument
// nothing is told of an interrupted sleep, which goes on.
func SleepUntil(at int64) error {
	const absolute = 1 // TIMER_ABSTIME of time.h
	ts := unix.NsecToTimespec(at)
	a := Untried
	for again(a) {
		if dedicated {
			r, _ := unix.RawSyscallNoError(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, absolute, uintptr(unsafe.Pointer(&ts)))
			a = Attempt(r)
		} else {
			a = attempt(syscall.Syscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, absolute, uintptr(unsafe.Pointer(&ts)), 0, 0, 0))
		}
	}
	_, err := a.Result("clock_nanosleep")
	return err
}
