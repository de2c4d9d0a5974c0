package semantics

import (
	"fmt"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

// Flags of semop(2), from linux/sem.h, and of msgop(2), from linux/msg.h.
const (
	semUndo = 0x1000

	msgNoerror = 0o10000
	msgExcept  = 0o20000
	msgCopy    = 0o40000
)

// outlives are calls that make an object which outlives its processes, or move its
// time, which is part of its identity. The values are the kinds of the objects.
var outlives = map[string]string{
	"shmget": mechanisms.KindShm, "semget": mechanisms.KindSem, "msgget": mechanisms.KindMsg,
	"semctl": mechanisms.KindSem, "semset": mechanisms.KindSem, "semsetall": mechanisms.KindSem,
	"msgqbytes": mechanisms.KindMsg, "msgset": mechanisms.KindMsg, "shmset": mechanisms.KindShm,
}

// attached is memory that this process has attached, by the number of the
// attachment. What has been detached is gone: the runtime may have memory there now.
var attached struct {
	sync.Mutex
	all  [][]byte
	gone []bool
}

func attach(id, flag int) answer {
	p, err := unix.SysvShmAttach(id, 0, flag)
	if err != nil {
		return result(-1, err)
	}
	return noteAttachment(p)
}

// noteAttachment keeps memory that a check has attached, and answers its number.
func noteAttachment(p []byte) answer {
	attached.Lock()
	defer attached.Unlock()
	attached.all, attached.gone = append(attached.all, p), append(attached.gone, false)
	return answer{N: len(attached.all) - 1}
}

func segment(n int) []byte {
	attached.Lock()
	defer attached.Unlock()
	return attached.all[n]
}

// detached is the answer of a call that takes the memory of an attachment away, or
// a part of it.
func detached(n int, err error) answer {
	attached.Lock()
	defer attached.Unlock()
	attached.gone[n] = attached.gone[n] || err == nil
	return result(0, err)
}

// letGo unmaps what is still attached.
func letGo() {
	attached.Lock()
	defer attached.Unlock()
	for i, p := range attached.all {
		if !attached.gone[i] { // a segment of System V too: munmap(2) detaches
			syscall.RawSyscall6(unix.SYS_MUNMAP, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0, 0)
		}
	}
	attached.all, attached.gone = nil, nil
}

// past is a byte of an attachment, which may lie between what was asked for and
// the end of the page.
func past(n, at int) *byte { return (*byte)(unsafe.Add(unsafe.Pointer(&segment(n)[0]), at)) }

var sysvOps = map[string]op{
	"shmget": {params: "key n ipcflag", do: func(a []int, _ []byte) answer { return result(sys.Shmget(a[0], a[1], a[2])) }},
	"shmat":  {params: "id n", do: func(a []int, _ []byte) answer { return attach(a[0], a[1]) }},
	"shmdt":  {params: "attachment", do: func(a []int, _ []byte) answer { return detached(a[0], sys.Shmdt(segment(a[0]))) }},
	"shmrm":  {name: "shmctl IPC_RMID", params: "id", do: func(a []int, _ []byte) answer { return result(0, sys.ShmRemove(a[0])) }},
	"shmstat": {name: "shmctl IPC_STAT", params: "id", show: shown, do: func(a []int, _ []byte) answer { // attachments
		ds, err := sys.ShmStat(a[0])
		dest := ""
		if ds.Perm.Mode&sys.SHM_DEST != 0 {
			dest = fmt.Sprintf(", SHM_DEST, key %d", ds.Perm.Key)
		}
		return filled(int(ds.Nattch), err, fmt.Sprintf("nattch %d, segsz %d%s", ds.Nattch, ds.Segsz, dest))
	}},
	"nattch": {name: "shmctl IPC_STAT shm_nattch", params: "id", do: func(a []int, _ []byte) answer { ds, err := sys.ShmStat(a[0]); return result(int(ds.Nattch), err) }},
	"beyond": {name: "load from attachment", params: "attachment n", do: func(a []int, _ []byte) answer { return answer{N: int(*past(a[0], a[1]))} }},
	"storebeyond": {name: "store to attachment", params: "attachment n n", do: func(a []int, _ []byte) answer {
		*past(a[0], a[1]) = byte(a[2])
		return answer{N: int(*past(a[0], a[1]))}
	}},
	"peek": {name: "load from attachment", params: "attachment n n", do: func(a []int, _ []byte) answer {
		return reading(append([]byte(nil), segment(a[0])[a[1]:a[1]+a[2]]...), a[2], nil)
	}},
	"poke": {name: "store to attachment", params: "attachment n", do: func(a []int, d []byte) answer {
		return result(copy(segment(a[0])[a[1]:], d), nil)
	}},
	"addatomic": {name: "atomic adds to attachment", params: "attachment n", do: func(a []int, _ []byte) answer {
		for range a[1] {
			sys.Word(segment(a[0])).Add(1)
		}
		return answer{}
	}},
	"addplain": {name: "plain adds to attachment", params: "attachment n", do: func(a []int, _ []byte) answer {
		w := sys.Word(segment(a[0])[4:])
		for range a[1] {
			w.Store(w.Load() + 1) // a load and a store, between which another process may come
		}
		return answer{}
	}},
	"word": {name: "word of attachment", params: "attachment n", do: func(a []int, _ []byte) answer {
		return answer{N: int(sys.Word(segment(a[0])[4*a[1]:]).Load())}
	}},

	"semget":   {params: "key n ipcflag", do: func(a []int, _ []byte) answer { return result(sys.Semget(a[0], a[1], a[2])) }},
	"semctl":   {params: "id n semcmd n", do: func(a []int, _ []byte) answer { return result(sys.Semctl(a[0], a[1], a[2], a[3])) }},
	"semval":   {name: "semctl GETVAL", params: "id n", do: func(a []int, _ []byte) answer { return result(sys.Semctl(a[0], a[1], sys.SemGetVal, 0)) }},
	"semcount": {name: "semctl", params: "id n semcmd", do: func(a []int, _ []byte) answer { return result(sys.Semctl(a[0], a[1], a[2], 0)) }},
	"semrm":    {name: "semctl IPC_RMID", params: "id", do: func(a []int, _ []byte) answer { return result(0, sys.SemRemove(a[0])) }},
	"semotime": {name: "semctl IPC_STAT sem_otime", params: "id", do: func(a []int, _ []byte) answer { ds, err := sys.SemStat(a[0]); return result(int(ds.Otime), err) }},
	"semop":    {params: "id n n n", do: func(a []int, _ []byte) answer { return result(0, sys.SemopOnce(a[0], []sys.Sembuf{sembuf(a[1:])}, 0)) }},
	"semop2": {name: "semop", params: "id n n n n n n", do: func(a []int, _ []byte) answer {
		return result(0, sys.SemopOnce(a[0], []sys.Sembuf{sembuf(a[1:]), sembuf(a[4:])}, 0))
	}},
	"semopmany": {name: "semop, times", params: "id n", do: func(a []int, _ []byte) answer { // that many additions of nothing
		many := make([]sys.Sembuf, a[1])
		for i := range many {
			many[i] = sys.Sembuf{Op: 1, Flg: unix.IPC_NOWAIT}
		}
		return result(0, sys.SemopOnce(a[0], many, 0))
	}},
	"semtimedop": {params: "id n n ms", do: func(a []int, _ []byte) answer {
		return result(0, sys.SemopOnce(a[0], []sys.Sembuf{{Num: uint16(a[1]), Op: int16(a[2])}}, time.Duration(a[3])*time.Millisecond))
	}},
	"increments": {name: "increments under the semaphore", params: "id attachment n", do: func(a []int, _ []byte) answer {
		w := sys.Word(segment(a[1]))
		for range a[2] {
			if err := sys.Semop(a[0], []sys.Sembuf{{Op: -1}}); err != nil {
				return result(-1, err)
			}
			w.Store(w.Load() + 1)
			if err := sys.Semop(a[0], []sys.Sembuf{{Op: 1}}); err != nil {
				return result(-1, err)
			}
		}
		return answer{}
	}},

	"msgget": {params: "key ipcflag", do: func(a []int, _ []byte) answer { return result(sys.Msgget(a[0], a[1])) }},
	"msgsnd": {params: "id type msgflag", do: func(a []int, d []byte) answer {
		buf := sys.MsgBuffer(len(d))
		copy(buf, d)
		return result(0, sys.MsgsndOnce(a[0], sys.NewMsg(buf, a[1]), a[2]))
	}},
	"msgrcv": {params: "id n type msgflag", do: func(a []int, _ []byte) answer {
		buf := sys.MsgBuffer(a[1])
		n, err := sys.MsgrcvOnce(a[0], sys.NewMsg(buf, 0), a[2], a[3])
		return reading(buf, n, err)
	}},
	"msgrcvtyped": {name: "msgrcv", params: "id type", show: shown, do: func(a []int, _ []byte) answer { // with its type, in words
		buf := sys.MsgBuffer(64)
		m := sys.NewMsg(buf, 0)
		n, err := sys.MsgrcvOnce(a[0], m, a[1], unix.IPC_NOWAIT)
		return filled(n, err, fmt.Sprintf("%d: %s", m.Type(), buf[:n]))
	}},
	"msgtype": {name: "type of msgrcv", params: "id type msgflag", do: func(a []int, _ []byte) answer { // the type of the message that it takes
		m := sys.NewMsg(sys.MsgBuffer(64), 0)
		_, err := sys.MsgrcvOnce(a[0], m, a[1], a[2])
		return result(m.Type(), err)
	}},
	"msgrcvnowhere": {name: "msgrcv to a bad address", params: "id n", do: func(a []int, _ []byte) answer { return result(0, sys.MsgrcvNowhere(a[0], a[1])) }},
	"msgqbytes":     {name: "msgctl IPC_SET msg_qbytes", params: "id n", do: func(a []int, _ []byte) answer { return result(0, sys.MsgSetQbytes(a[0], a[1])) }},
	"msgqnum":       {name: "msgctl IPC_STAT msg_qnum", params: "id", do: func(a []int, _ []byte) answer { ds, err := sys.MsgStat(a[0]); return result(int(ds.Qnum), err) }},
	"msgrm":         {name: "msgctl IPC_RMID", params: "id", do: func(a []int, _ []byte) answer { return result(0, sys.MsgRemove(a[0])) }},
}

func sembuf(a []int) sys.Sembuf {
	return sys.Sembuf{Num: uint16(a[0]), Op: int16(a[1]), Flg: int16(a[2])}
}
