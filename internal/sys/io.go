// Package sys holds the system calls that golang.org/x/sys/unix lacks or that a
// benchmark must make in a way of its own, as thin, exact wrappers.
//
// Each makes one system call, whose name is in its error, an *os.SyscallError. A
// call of the timed path that a signal interrupts is made anew, and that is
// counted (see Interrupts): the Go runtime signals its own threads, and signal(7)
// lists semop, msgsnd and msgrcv among the calls that the kernel never restarts,
// SA_RESTART or not.
//
// # The timed path
//
// The calls with which ends send, receive and wait are what a benchmark times:
// those of Read and Write, and all others that are made as Attempts. They follow
// these rules:
//
//   - On success they allocate nothing and touch no shared counter.
//   - A worker is dedicated (see Dedicate): there they enter the kernel by enter,
//     one instruction in a function of one frame. Elsewhere, as in the session
//     and in tests, they call syscall.Syscall6, which hands the processor of
//     Go's scheduler on while the call blocks. A thread that blocked without that
//     would stop the garbage collector, and be interrupted by it thousands of
//     times a second.
//   - They pass all six arguments, also those that are 0.
//   - A pointer becomes a uintptr in the call expression itself and nowhere
//     else, as package unsafe demands.
//   - They take what the kernel takes, a descriptor or an identifier and a
//     slice, and no os.File, whose poller costs more than the call.
package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TryRead makes one attempt at Read where this process is dedicated, and none
// elsewhere. It is what the compiler copies into its caller.
func TryRead(fd int, p []byte) Attempt {
	if !dedicated {
		return Untried
	}
	return enter(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
}

// Read reads up to len(p) bytes from the descriptor, read(2). It returns 0
// and no error at end of file.
func Read(fd int, p []byte) (int, error) { return TryRead(fd, p).Read(fd, p) }

// Read is the end of a Read that began with this attempt.
func (a Attempt) Read(fd int, p []byte) (int, error) { return a.SettleRead(fd, p).Result("read") }

// SettleRead is the attempt itself, made now if it was not, and anew if a signal
// interrupted it. An end that waits for a descriptor looks at the attempt, since
// EAGAIN as an error takes memory.
func (a Attempt) SettleRead(fd int, p []byte) Attempt {
	for again(a) {
		if a = TryRead(fd, p); a == Untried {
			a = attempt(syscall.Syscall6(unix.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0))
		}
	}
	return a
}

// TryWrite is to Write what TryRead is to Read.
func TryWrite(fd int, p []byte) Attempt {
	if !dedicated {
		return Untried
	}
	return enter(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
}

// Write writes up to len(p) bytes to the descriptor, write(2), and returns
// how many the kernel took, which may be fewer.
func Write(fd int, p []byte) (int, error) { return TryWrite(fd, p).Write(fd, p) }

// Write is the end of a Write that began with this attempt.
func (a Attempt) Write(fd int, p []byte) (int, error) { return a.SettleWrite(fd, p).Result("write") }

// SettleWrite is the attempt itself, made now if it was not, and anew if a signal
// interrupted it, as SettleRead.
func (a Attempt) SettleWrite(fd int, p []byte) Attempt {
	for again(a) {
		if a = TryWrite(fd, p); a == Untried {
			a = attempt(syscall.Syscall6(unix.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0))
		}
	}
	return a
}

// TryWritev is to writev(2) what TryRead is to Read. The memory that v points
// to must be reachable by other pointers too.
func TryWritev(fd int, v []unix.Iovec) Attempt { return tryVector(unix.SYS_WRITEV, fd, v) }

// TryReadv is to readv(2) what TryRead is to Read.
func TryReadv(fd int, v []unix.Iovec) Attempt { return tryVector(unix.SYS_READV, fd, v) }

// SettleWritev is to writev(2) what SettleRead is to Read.
func (a Attempt) SettleWritev(fd int, v []unix.Iovec) Attempt {
	return a.settleVector(unix.SYS_WRITEV, fd, v)
}

// SettleReadv is to readv(2) what SettleRead is to Read.
func (a Attempt) SettleReadv(fd int, v []unix.Iovec) Attempt {
	return a.settleVector(unix.SYS_READV, fd, v)
}

func tryVector(nr uintptr, fd int, v []unix.Iovec) Attempt {
	if !dedicated {
		return Untried
	}
	return enter(nr, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(v))), uintptr(len(v)), 0, 0, 0)
}

func (a Attempt) settleVector(nr uintptr, fd int, v []unix.Iovec) Attempt {
	for again(a) {
		if a = tryVector(nr, fd, v); a == Untried {
			a = attempt(syscall.Syscall6(nr, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(v))), uintptr(len(v)), 0, 0, 0))
		}
	}
	return a
}

// Call makes a call that this package has no name for, as the timed path does, and anew
// if a signal interrupted it. The caller keeps what its arguments point to.
func Call(number, a1, a2, a3, a4, a5, a6 uintptr) Attempt {
	a := Untried
	for again(a) {
		if dedicated {
			a = enter(number, a1, a2, a3, a4, a5, a6)
		} else {
			a = attempt(syscall.Syscall6(number, a1, a2, a3, a4, a5, a6))
		}
	}
	return a
}
