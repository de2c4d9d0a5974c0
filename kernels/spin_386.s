#include "textflag.h"

// func spin(n uint64)
//
// 14 instructions an iteration, none of which leaves the processor: what each
// takes must not depend on the kernel. n is less than 1<<32.
TEXT ·spin(SB), NOSPLIT, $0-8
	MOVL n_lo+0(FP), CX
	XORL AX, AX

loop:
	ADDL $1, AX
	XORL $3, AX
	ADDL $1, AX
	XORL $3, AX
	ADDL $1, AX
	XORL $3, AX
	ADDL $1, AX
	XORL $3, AX
	ADDL $1, AX
	XORL $3, AX
	ADDL $1, AX
	XORL $3, AX
	DECL CX
	JNZ  loop
	RET
