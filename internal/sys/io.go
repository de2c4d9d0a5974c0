// Package sys holds the system calls that golang.org/x/sys/unix lacks or that
// a benchmark must call in a way of its own: thin, exact wrappers.
//
// Each is one system call and says so in its error, an *os.SyscallError with
// the call's name. Each starts the call anew when a signal interrupted it, and
// counts that (see Interrupts): the Go runtime signals its own threads, and
// signal(7) lists semop, msgsnd and msgrcv among the calls that the kernel
// never restarts, SA_RESTART or not.
//
// # The timed path
//
// Read, Write, Semop, Msgsnd and Msgrcv are what a benchmark times. They
// follow these rules:
//
//   - On success they allocate nothing and touch no shared counter.
//   - They call syscall.Syscall, which hands the processor of the Go
//     scheduler to others while the call blocks. syscall.RawSyscall would not:
//     a blocked thread would then stop the garbage collector, and be
//     interrupted by it thousands of times a second.
//   - A pointer becomes a uintptr in the call expression itself and nowhere
//     else, as package unsafe demands.
//   - They take what the kernel takes, a descriptor or an identifier and a
//     slice. os.File is not among it: its poller costs more than the call.
package sys

import (
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"
)

var interrupts atomic.Int64

// Interrupts returns how many calls of this package a signal has interrupted
// in this process, and were started anew.
func Interrupts() int64 { return interrupts.Load() }

// Read reads up to len(p) bytes from the descriptor, read(2). It returns 0
// and no error at end of file.
func Read(fd int, p []byte) (int, error) {
	for {
		n, _, errno := syscall.Syscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		if errno == 0 {
			return int(n), nil
		}
		if errno != syscall.EINTR {
			return 0, os.NewSyscallError("read", errno)
		}
		interrupts.Add(1)
	}
}

// Write writes up to len(p) bytes to the descriptor, write(2), and returns
// how many the kernel took, which may be fewer.
func Write(fd int, p []byte) (int, error) {
	for {
		n, _, errno := syscall.Syscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		if errno == 0 {
			return int(n), nil
		}
		if errno != syscall.EINTR {
			return 0, os.NewSyscallError("write", errno)
		}
		interrupts.Add(1)
	}
}
