package sys

import (
	"os"
	"sync/atomic"
	"syscall"
)

// dedicated is how the calls of the timed path enter the kernel. It is written
// before the first of them.
var dedicated bool

// Dedicate makes the calls of the timed path enter the kernel by the shortest way,
// for the rest of this process's life: the instruction itself, without notice to
// Go's scheduler. The process must have one goroutine, on a locked thread, and no
// garbage collector: the scheduler would wait for a thread that blocks in such a
// call, and interrupt it thousands of times a second.
//
// What it saves is returns more than instructions. A kernel that defends
// itself against speculation empties the processor's return predictor, so that
// every frame between the instruction and the loop costs a misprediction.
func Dedicate() { dedicated = true }

// Attempt is what one attempt at a call returned: what the call gives, or an
// errno below zero. It lets a loop see success without a frame in between, and
// leave the rest to the method of the call's name.
type Attempt int

// Untried is no attempt at all, below all errnos.
const Untried Attempt = -4096

// attempt makes an Attempt of what package syscall returns.
func attempt(r, _ uintptr, errno syscall.Errno) Attempt {
	if errno != 0 {
		return -Attempt(errno)
	}
	return Attempt(r)
}

var interrupts atomic.Int64

// Interrupts returns how many calls of this package a signal has interrupted
// in this process, and were started anew.
func Interrupts() int64 { return interrupts.Load() }

// again reports whether the call must be made: it has not been, or a signal
// interrupted it, which is counted.
func again(a Attempt) bool {
	if a == -Attempt(syscall.EINTR) {
		interrupts.Add(1)
		return true
	}
	return a == Untried
}

// Retry makes a call outside the timed path, and makes it anew as long as a signal
// interrupts it, which is counted.
func Retry(call func() error) error {
	for {
		err := call()
		if err != syscall.EINTR {
			return err
		}
		interrupts.Add(1)
	}
}

// WouldBlock reports whether a descriptor in non-blocking mode had nothing to
// give, or no room: EAGAIN.
func (a Attempt) WouldBlock() bool { return a == -Attempt(syscall.EAGAIN) }

// NoBuffers reports whether the kernel would not spend more memory on what a
// socket has under way: ENOBUFS.
func (a Attempt) NoBuffers() bool { return a == -Attempt(syscall.ENOBUFS) }

// Result is the attempt as the call's result and error.
func (a Attempt) Result(call string) (int, error) {
	if a < 0 {
		return 0, os.NewSyscallError(call, syscall.Errno(-a))
	}
	return int(a), nil
}

// enter makes a system call by the instruction itself and returns its result,
// or an errno below zero. It is the only way by which this package enters the
// kernel without Go's scheduler. It takes all six arguments, since the kernel
// reads those that a call has and not those that a caller thinks of: on riscv64
// unix.RawSyscallNoError leaves the registers of arguments 4 to 6 as they were,
// so that semtimedop, futex and mq_timedreceive took addresses at random.
//
// It is written in assembly for one frame: package syscall has two between the
// caller and the instruction, each of which costs a misprediction (see
// Dedicate). A pointer becomes a uintptr in the call expression, and the
// compiler keeps what it points to alive for the call, as for any function
// without a body.
func enter(trap, a1, a2, a3, a4, a5, a6 uintptr) Attempt
