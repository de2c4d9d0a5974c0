package sys

import "golang.org/x/sys/unix"

// SemidDs is the state of a semaphore set: struct semid64_ds of x86, whose
// padding after the times no other architecture has. Times are seconds since
// 1970.
type SemidDs struct {
	Perm  unix.SysvIpcPerm
	Otime int64 // last semop
	_     uint64
	Ctime int64 // made, or last set
	_     uint64
	Nsems uint64
	_     [2]uint64
}
