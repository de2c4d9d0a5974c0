#include "textflag.h"

// func spin(n uint64)
//
// 14 instructions an iteration, none of which leaves the processor: what each
// takes must not depend on the kernel.
TEXT ·spin(SB), NOSPLIT, $0-8
	MOV n+0(FP), X5
	MOV $0, X6

loop:
	ADD  $1, X6
	XOR  $3, X6
	ADD  $1, X6
	XOR  $3, X6
	ADD  $1, X6
	XOR  $3, X6
	ADD  $1, X6
	XOR  $3, X6
	ADD  $1, X6
	XOR  $3, X6
	ADD  $1, X6
	XOR  $3, X6
	ADD  $-1, X5
	BNEZ X5, loop
	RET
