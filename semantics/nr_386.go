package semantics

import "golang.org/x/sys/unix"

const (
	sysSigtimedwait = unix.SYS_RT_SIGTIMEDWAIT_TIME64
	sysSetresuid    = unix.SYS_SETRESUID32 // the other one takes 16 bits
)

type ulong = uint32 // C's unsigned long
