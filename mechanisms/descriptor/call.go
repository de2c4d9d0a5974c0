package descriptor

import (
	"syscall"

	"ipcbench/internal/sys"
)

// Syscall makes the system call of that number for an end that sends or receives by
// another call than those of this package, and returns its result or its errno. In a
// worker, which has one goroutine, the call passes Go's scheduler by; elsewhere it is
// syscall.Syscall6. A call that a signal interrupts is made anew.
//
// What a uintptr of a pointer points to is kept, and lies on the heap: of memory that
// is there already, nothing is allocated.
//
//go:uintptrescapes
func Syscall(number, a1, a2, a3, a4, a5, a6 uintptr) (int, syscall.Errno) {
	a := sys.Call(number, a1, a2, a3, a4, a5, a6)
	if a < 0 {
		return 0, syscall.Errno(-a)
	}
	return int(a), 0
}
