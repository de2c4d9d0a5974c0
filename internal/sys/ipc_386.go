package sys

import "golang.org/x/sys/unix"

const sysSemtimedop = unix.SYS_SEMTIMEDOP_TIME64

// ulong is C's unsigned long.
type ulong = uint32

// SemidDs is the state of a semaphore set: struct semid64_ds,
// asm-generic/sembuf.h. Times are seconds since 1970, in two halves.
type SemidDs struct {
	Perm      unix.SysvIpcPerm
	Otime     uint32 // last semop
	OtimeHigh uint32
	Ctime     uint32 // made, or last set
	CtimeHigh uint32
	Nsems     uint32
	_         [2]uint32
}

// MsqidDs is the state of a message queue: struct msqid64_ds,
// asm-generic/msgbuf.h. Times are seconds since 1970, in two halves.
type MsqidDs struct {
	Perm      unix.SysvIpcPerm
	Stime     uint32 // last msgsnd
	StimeHigh uint32
	Rtime     uint32 // last msgrcv
	RtimeHigh uint32
	Ctime     uint32 // made, or last IPC_SET
	CtimeHigh uint32
	Cbytes    uint32 // bytes of text on the queue
	Qnum      uint32 // messages on the queue
	Qbytes    uint32 // bytes of text that it holds at most
	Lspid     int32  // process of the last msgsnd
	Lrpid     int32  // process of the last msgrcv
	_         [2]uint32
}

// Changed returns when the set was made or last set by SETVAL, SETALL or
// IPC_SET, in seconds since 1970.
func (ds *SemidDs) Changed() int64 { return seconds(ds.Ctime, ds.CtimeHigh) }

// Changed returns when the queue was made or last set by IPC_SET, in seconds
// since 1970.
func (ds *MsqidDs) Changed() int64 { return seconds(ds.Ctime, ds.CtimeHigh) }

// Changed returns when the segment was made or last set by IPC_SET, in
// seconds since 1970.
func (ds *ShmidDs) Changed() int64 { return seconds(ds.Ctime, ds.Ctime_high) }

func seconds(low, high uint32) int64 { return int64(high)<<32 | int64(low) }
