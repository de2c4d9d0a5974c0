package sys

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Monotonic is CLOCK_MONOTONIC in ns, the one clock that all processes of a
// machine share. It is read as Go reads it, without a system call, vdso(7).
func Monotonic() int64 { return nanotime() }

// CountCPU makes the kernel count up to now how long the calling thread has run, by
// a reading of CLOCK_THREAD_CPUTIME_ID, clock_gettime(2). By default the kernel
// counts at a tick and at a switch, so that getrusage(2) of a thread lacks up to
// 4 ms: 5 % of a launch of 50 ms.
func CountCPU() {
	var ts unix.Timespec
	enter(unix.SYS_CLOCK_GETTIME, unix.CLOCK_THREAD_CPUTIME_ID, uintptr(unsafe.Pointer(&ts)), 0, 0, 0, 0)
}

// TimerSlack is the slack of a process that was given no other, as the first one
// is.
const TimerSlack = 50 * time.Microsecond

// SetTimerSlack has the kernel end sleeps of the calling thread up to so much
// later than asked for, at least 1 ns, so that it can serve several timers at
// once. Threads and processes that it starts begin with the same, also after
// execve(2): PR_SET_TIMERSLACK, prctl(2).
func SetTimerSlack(d time.Duration) error {
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_TIMERSLACK, uintptr(d), 0, 0, 0))
}

// SleepUntil sleeps until Monotonic is at, in ns, or returns at once if it has
// been: clock_nanosleep(2) with TIMER_ABSTIME. The fourth argument is NULL: an
// absolute sleep that a signal interrupts goes on as it was.
func SleepUntil(at int64) error {
	const absolute = 1 // TIMER_ABSTIME of time.h
	ts := unix.NsecToTimespec(at)
	a := Untried
	for again(a) {
		if dedicated {
			a = enter(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, absolute, uintptr(unsafe.Pointer(&ts)), 0, 0, 0)
		} else {
			a = attempt(syscall.Syscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, absolute, uintptr(unsafe.Pointer(&ts)), 0, 0, 0))
		}
	}
	_, err := a.Result("clock_nanosleep")
	return err
}
