//go:build amd64 || arm64 || riscv64

package semantics

import "golang.org/x/sys/unix"

const (
	sysSigtimedwait = unix.SYS_RT_SIGTIMEDWAIT
	sysSetresuid    = unix.SYS_SETRESUID
	sysSemtimedop   = unix.SYS_SEMTIMEDOP
	sysFcntl        = unix.SYS_FCNTL
)

type ulong = uint64 // C's unsigned long

// cLong makes one of C's long.
func cLong(n int) int64 { return int64(n) }

type permMode = uint32 // of struct ipc64_perm
