package semantics

import "golang.org/x/sys/unix"

const (
	sysSigtimedwait = unix.SYS_RT_SIGTIMEDWAIT_TIME64
	sysSetresuid    = unix.SYS_SETRESUID32 // the other one takes 16 bits
	sysSemtimedop   = unix.SYS_SEMTIMEDOP_TIME64
	sysFcntl        = unix.SYS_FCNTL64
)

type ulong = uint32 // C's unsigned long

// cLong makes one of C's long.
func cLong(n int) int32 { return int32(n) }

type permMode = uint16 // of struct ipc64_perm
