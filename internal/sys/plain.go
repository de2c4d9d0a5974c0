package sys

import "golang.org/x/sys/unix"

// Getppid returns the parent's process ID, getppid(2), by nothing but the call.
// It always succeeds.
func Getppid() int {
	r, _ := unix.RawSyscallNoError(unix.SYS_GETPPID, 0, 0, 0)
	return int(r)
}

// SchedYield lets another process run that waits for this CPU, sched_yield(2).
// It always succeeds.
func SchedYield() { unix.RawSyscallNoError(unix.SYS_SCHED_YIELD, 0, 0, 0) }
