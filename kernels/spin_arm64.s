#include "textflag.h"

// func spin(n uint64)
//
// 14 instructions an iteration, none of which leaves the processor: what each
// takes must not depend on the kernel.
TEXT ·spin(SB), NOSPLIT, $0-8
	MOVD n+0(FP), R1
	MOVD $0, R0

loop:
	ADD  $1, R0
	EOR  $3, R0
	ADD  $1, R0
	EOR  $3, R0
	ADD  $1, R0
	EOR  $3, R0
	ADD  $1, R0
	EOR  $3, R0
	ADD  $1, R0
	EOR  $3, R0
	ADD  $1, R0
	EOR  $3, R0
	SUBS $1, R1
	BNE  loop
	RET
