//go:build arm64 || riscv64

package sys

import "golang.org/x/sys/unix"

// SemidDs is the state of a semaphore set: struct semid64_ds,
// asm-generic/sembuf.h. Times are seconds since 1970.
type SemidDs struct {
	Perm  unix.SysvIpcPerm
	Otime int64 // last semop
	Ctime int64 // made, or last set
	Nsems uint64
	_     [2]uint64
}
