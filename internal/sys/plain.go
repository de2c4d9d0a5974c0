package sys

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Getppid returns the parent's process ID, getppid(2), by nothing but the call.
// It always succeeds.
func Getppid() int {
	return int(enter(unix.SYS_GETPPID, 0, 0, 0, 0, 0, 0))
}

// SchedYield lets another process run that waits for this CPU, sched_yield(2).
// It always succeeds. Where this process is not dedicated, another goroutine may
// run first: with one processor of Go's, a goroutine that does nothing but look
// and make this call was not preempted in ten minutes.
func SchedYield() {
	if !dedicated {
		runtime.Gosched()
	}
	enter(unix.SYS_SCHED_YIELD, 0, 0, 0, 0, 0, 0)
}
