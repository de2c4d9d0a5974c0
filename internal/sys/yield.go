package sys

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// SchedYield lets another process run that waits for this CPU, sched_yield(2).
// It always succeeds.
func SchedYield() { syscall.RawSyscall(unix.SYS_SCHED_YIELD, 0, 0, 0) }
