package sys

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
