package sys

import (
	"os"

	"golang.org/x/sys/unix"
)

// RunOn lets the calling thread, to which its goroutine must be locked, run on
// that CPU alone, sched_setaffinity(2).
func RunOn(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	return os.NewSyscallError("sched_setaffinity", unix.SchedSetaffinity(0, &set))
}
