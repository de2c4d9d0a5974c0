//go:build amd64 || arm64 || riscv64

package semantics

import "golang.org/x/sys/unix"

const (
	sysSigtimedwait = unix.SYS_RT_SIGTIMEDWAIT
	sysSetresuid    = unix.SYS_SETRESUID
)

type ulong = uint64 // C's unsigned long
