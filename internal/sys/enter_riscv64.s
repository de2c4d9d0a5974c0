#include "textflag.h"

// func enter(trap, a1, a2, a3, a4, a5, a6 uintptr) Attempt
TEXT ·enter(SB),NOSPLIT,$0-64
	MOV	trap+0(FP), A7
	MOV	a1+8(FP), A0
	MOV	a2+16(FP), A1
	MOV	a3+24(FP), A2
	MOV	a4+32(FP), A3
	MOV	a5+40(FP), A4
	MOV	a6+48(FP), A5
	ECALL
	MOV	A0, ret+56(FP)
	RET
