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
// It always succeeds.
func SchedYield() { enter(unix.SYS_SCHED_YIELD, 0, 0, 0, 0, 0, 0) }

// LetGoroutinesRun lets another goroutine run where this process is not
// dedicated. With one processor of Go's, a goroutine that did nothing but look
// and call SchedYield was not preempted in ten minutes.
func LetGoroutinesRun() {
	if !dedicated {
		runtime.Gosched()
	}
}
