//go:build nolinkname

package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The suite without functions of Go's runtime: a round may lose two wake-ups
// every 10 ms, and a process that spins takes longer to see a change.
func procPin() int            { return 0 }
func procUnpin()              {}
func procyield(cycles uint32) {}

// nanotime is a system call here, some 100 ns: the clock that all processes of a
// machine share can't be read otherwise without the runtime.
func nanotime() int64 {
	var ts unix.Timespec
	enter(unix.SYS_CLOCK_GETTIME, unix.CLOCK_MONOTONIC, uintptr(unsafe.Pointer(&ts)), 0, 0, 0, 0)
	return ts.Nano()
}
