#include "textflag.h"

// func spin(n uint64)
//
// 14 instructions an iteration, none of which leaves the processor: what each
// takes must not depend on the kernel.
TEXT ·spin(SB), NOSPLIT, $0-8
	MOVQ n+0(FP), CX
	XORQ AX, AX

loop:
	ADDQ $1, AX
	XORQ $3, AX
	ADDQ $1, AX
	XORQ $3, AX
	ADDQ $1, AX
	XORQ $3, AX
	ADDQ $1, AX
	XORQ $3, AX
	ADDQ $1, AX
	XORQ $3, AX
	ADDQ $1, AX
	XORQ $3, AX
	DECQ CX
	JNZ  loop
	RET
