#include "textflag.h"

// func enter(trap, a1, a2, a3, a4, a5, a6 uintptr) Attempt
TEXT ·enter(SB),NOSPLIT,$0-32
	MOVL	trap+0(FP), AX
	MOVL	a1+4(FP), BX
	MOVL	a2+8(FP), CX
	MOVL	a3+12(FP), DX
	MOVL	a4+16(FP), SI
	MOVL	a5+20(FP), DI
	MOVL	a6+24(FP), BP
	INT	$0x80
	MOVL	AX, ret+28(FP)
	RET
