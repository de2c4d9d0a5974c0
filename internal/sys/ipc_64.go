//go:build amd64 || arm64 || riscv64

package sys

import "golang.org/x/sys/unix"

const sysSemtimedop = unix.SYS_SEMTIMEDOP

// ulong is C's unsigned long.
type ulong = uint64

// MsqidDs is the state of a message queue: struct msqid64_ds,
// asm-generic/msgbuf.h. Times are seconds since 1970.
type MsqidDs struct {
	Perm   unix.SysvIpcPerm
	Stime  int64  // last msgsnd
	Rtime  int64  // last msgrcv
	Ctime  int64  // made, or last IPC_SET
	Cbytes uint64 // bytes of text on the queue
	Qnum   uint64 // messages on the queue
	Qbytes uint64 // bytes of text that it holds at most
	Lspid  int32  // process of the last msgsnd
	Lrpid  int32  // process of the last msgrcv
	_      [2]uint64
}

// Changed returns when the set was made or last set by SETVAL, SETALL or
// IPC_SET, in seconds since 1970.
func (ds *SemidDs) Changed() int64 { return ds.Ctime }

// Changed returns when the queue was made or last set by IPC_SET, in seconds
// since 1970.
func (ds *MsqidDs) Changed() int64 { return ds.Ctime }

// Changed returns when the segment was made or last set by IPC_SET, in
// seconds since 1970.
func (ds *ShmidDs) Changed() int64 { return ds.Ctime }
