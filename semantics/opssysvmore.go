package semantics

import (
	"fmt"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// Commands and flags, from linux/sem.h, linux/ipc.h and linux/shm.h.
const (
	semGetPID = 11
	semGetAll = 13
	semSetAll = 17
	semStat   = 18
	semInfo   = 19
	msgInfo   = 12
	shmInfo   = 14
	ipcInfo   = 3
	shmLock   = 11
	shmUnlock = 12

	shmRnd   = 0o20000
	shmRemap = 0o40000
	shmExec  = 0o100000
)

// moreSysvOps are calls on System V objects that ask for their state, or name an
// address.
var moreSysvOps = map[string]op{
	"shmatat": {name: "shmat", params: "id attachment offset shmflag", do: func(a []int, _ []byte) answer { // into that attachment's memory
		return raw(unix.SYS_SHMAT, uintptr(a[0]), address(a[1], a[2]), uintptr(a[3]), 0, 0, 0).with(0)
	}},
	"shmset": {name: "shmctl IPC_SET mode", params: "id mode", do: func(a []int, _ []byte) answer {
		ds, err := sys.ShmStat(a[0])
		if err != nil {
			return result(-1, err)
		}
		ds.Perm.Mode = ds.Perm.Mode&^0o777 | permMode(a[1])
		_, err = unix.SysvShmCtl(a[0], unix.IPC_SET, &ds.SysvShmDesc)
		return result(0, err)
	}},
	"shmstory": {name: "shmctl IPC_STAT", params: "id", show: shown, do: func(a []int, _ []byte) answer { // what happened to it, in words
		ds, err := sys.ShmStat(a[0])
		return filled(0, err, fmt.Sprintf("mode %#o cpid %d lpid %d atime %s dtime %s nattch %d", ds.Perm.Mode&0o777, ds.Cpid, ds.Lpid,
			set(int64(ds.Atime)), set(int64(ds.Dtime)), ds.Nattch))
	}},
	"shmctl": {params: "id cmd", do: func(a []int, _ []byte) answer { return raw(unix.SYS_SHMCTL, uintptr(a[0]), uintptr(a[1]), 0, 0, 0, 0) }},
	"shminfo": {name: "shmctl SHM_INFO", params: "cmd", show: shown, do: func(a []int, _ []byte) answer { // of IPC_INFO shmmni
		var info [16]uintptr
		got := raw(unix.SYS_SHMCTL, 0, uintptr(a[0]), uintptr(unsafe.Pointer(&info)), 0, 0, 0)
		if a[0] == ipcInfo {
			return got.with(int(info[2]))
		}
		return filledOr(got, fmt.Sprintf("%d segments of %d pages", *(*int32)(unsafe.Pointer(&info)), info[1]))
	}},
	"seminfo": {name: "semctl SEM_INFO", params: "cmd", show: shown, do: func(a []int, _ []byte) answer { // of IPC_INFO semmsl
		var info [16]int32
		got := raw(unix.SYS_SEMCTL, 0, 0, uintptr(a[0]), uintptr(unsafe.Pointer(&info)), 0, 0)
		if a[0] == ipcInfo {
			return filledOr(got, fmt.Sprint("semmsl ", info[4]))
		}
		return filledOr(got, fmt.Sprintf("%d sets, %d semaphores", info[7], info[9]))
	}},
	"msginfo": {name: "msgctl MSG_INFO", params: "cmd", show: shown, do: func(a []int, _ []byte) answer { // of IPC_INFO msgmni
		var info [16]int32
		got := raw(unix.SYS_MSGCTL, 0, uintptr(a[0]), uintptr(unsafe.Pointer(&info)), 0, 0, 0)
		if a[0] == ipcInfo {
			return got.with(int(info[4]))
		}
		return filledOr(got, fmt.Sprintf("%d queues, %d messages, %d bytes", info[0], info[1], info[6]))
	}},
	"shmmode": {name: "shmctl IPC_STAT mode", params: "id", do: func(a []int, _ []byte) answer {
		ds, err := sys.ShmStat(a[0])
		return result(int(ds.Perm.Mode), err)
	}},
	"shmstatat": {name: "shmctl", params: "index cmd", do: func(a []int, _ []byte) answer {
		var ds [256]byte
		return raw(unix.SYS_SHMCTL, uintptr(a[0]), uintptr(a[1]), uintptr(unsafe.Pointer(&ds)), 0, 0, 0)
	}},
	"semstatat": {name: "semctl", params: "index cmd", do: func(a []int, _ []byte) answer {
		var ds [256]byte
		return raw(unix.SYS_SEMCTL, uintptr(a[0]), 0, uintptr(a[1]), uintptr(unsafe.Pointer(&ds)), 0, 0)
	}},
	"msgstatat": {name: "msgctl", params: "index cmd", do: func(a []int, _ []byte) answer {
		var ds [256]byte
		return raw(unix.SYS_MSGCTL, uintptr(a[0]), uintptr(a[1]), uintptr(unsafe.Pointer(&ds)), 0, 0, 0)
	}},
	"semgetall": {name: "semctl GETALL", params: "id n", show: shown, do: func(a []int, _ []byte) answer {
		values := make([]uint16, a[1])
		got := raw(unix.SYS_SEMCTL, uintptr(a[0]), 0, semGetAll, uintptr(unsafe.Pointer(&values[0])), 0, 0)
		return filledOr(got, strings.Trim(fmt.Sprint(values), "[]"))
	}},
	"semsetall": {name: "semctl SETALL", params: "id n n", do: func(a []int, _ []byte) answer { // of a set of two
		values := [2]uint16{uint16(a[1]), uint16(a[2])}
		return raw(unix.SYS_SEMCTL, uintptr(a[0]), 0, semSetAll, uintptr(unsafe.Pointer(&values)), 0, 0)
	}},
	"semset": {name: "semctl IPC_SET mode", params: "id mode", do: func(a []int, _ []byte) answer {
		ds, err := sys.SemStat(a[0])
		if err != nil {
			return result(-1, err)
		}
		ds.Perm.Mode = ds.Perm.Mode&^0o777 | permMode(a[1])
		return raw(unix.SYS_SEMCTL, uintptr(a[0]), 0, unix.IPC_SET, uintptr(unsafe.Pointer(&ds)), 0, 0)
	}},
	"semstat": {name: "semctl IPC_STAT", params: "id", show: shown, do: func(a []int, _ []byte) answer {
		ds, err := sys.SemStat(a[0])
		return filled(0, err, fmt.Sprintf("mode %#o nsems %d", ds.Perm.Mode&0o777, ds.Nsems))
	}},
	"semopbad":   {name: "semop from a bad address", params: "id n", do: func(a []int, _ []byte) answer { return raw(sysSemtimedop, uintptr(a[0]), 1, uintptr(a[1]), 0, 0, 0) }},
	"semctlnull": {name: "semctl to a bad address", params: "id cmd", do: func(a []int, _ []byte) answer { return raw(unix.SYS_SEMCTL, uintptr(a[0]), 0, uintptr(a[1]), 1, 0, 0) }},
	"semtimedns": {name: "semtimedop", params: "id num n seconds ns", do: func(a []int, _ []byte) answer {
		ops, limit := sys.Sembuf{Num: uint16(a[1]), Op: int16(a[2])}, [2]int64{int64(a[3]), int64(a[4])}
		return raw(sysSemtimedop, uintptr(a[0]), uintptr(unsafe.Pointer(&ops)), 1, uintptr(unsafe.Pointer(&limit)), 0, 0)
	}},
	"msgstory": {name: "msgctl IPC_STAT", params: "id", show: shown, do: func(a []int, _ []byte) answer {
		ds, err := sys.MsgStat(a[0])
		return filled(0, err, fmt.Sprintf("stime %s rtime %s lspid %d lrpid %d cbytes %d qnum %d", set(int64(ds.Stime)), set(int64(ds.Rtime)), ds.Lspid, ds.Lrpid, ds.Cbytes, ds.Qnum))
	}},
	"msgset": {name: "msgctl IPC_SET mode", params: "id mode", do: func(a []int, _ []byte) answer {
		ds, err := sys.MsgStat(a[0])
		if err != nil {
			return result(-1, err)
		}
		ds.Perm.Mode = ds.Perm.Mode&^0o777 | permMode(a[1])
		return raw(unix.SYS_MSGCTL, uintptr(a[0]), unix.IPC_SET, uintptr(unsafe.Pointer(&ds)), 0, 0, 0)
	}},
	"msgctl": {params: "id cmd", do: func(a []int, _ []byte) answer { return raw(unix.SYS_MSGCTL, uintptr(a[0]), uintptr(a[1]), 1, 0, 0, 0) }},
	"msgsndbad": {name: "msgsnd from a bad address", params: "id n", do: func(a []int, _ []byte) answer {
		return raw(unix.SYS_MSGSND, uintptr(a[0]), 1, uintptr(a[1]), unix.IPC_NOWAIT, 0, 0)
	}},
	"msgrcvsize": {name: "msgrcv of size", params: "id n", do: func(a []int, _ []byte) answer {
		return raw(unix.SYS_MSGRCV, uintptr(a[0]), 1, uintptr(a[1]), 0, unix.IPC_NOWAIT, 0)
	}},
}

// filledOr is the answer with words, unless it is an error.
func filledOr(a answer, words string) answer {
	if a.Errno == 0 {
		a.Data = []byte(words)
	}
	return a
}

// set is whether a time is.
func set(at int64) string {
	if at == 0 {
		return "0"
	}
	return "set"
}
