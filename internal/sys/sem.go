package sys

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// SEMVMX is the largest value of a System V semaphore, semctl(2).
const SEMVMX = 32767

// Commands of semctl(2), from linux/sem.h.
const (
	SemGetVal  = 12
	SemGetNcnt = 14
	SemGetZcnt = 15
	SemSetVal  = 16
	semSetAll  = 17
)

// Sembuf is one operation on one semaphore of a set: struct sembuf, semop(2).
type Sembuf struct {
	Num uint16 // which semaphore, from 0
	Op  int16  // added to its value; 0 waits for zero
	Flg int16  // 0, unix.IPC_NOWAIT or SEM_UNDO
}

// Semget makes or finds a set of nsems semaphores, semget(2).
func Semget(key, nsems, flag int) (id int, err error) {
	r, _, errno := syscall.Syscall6(unix.SYS_SEMGET, uintptr(key), uintptr(nsems), uintptr(flag), 0, 0, 0)
	if errno != 0 {
		return -1, os.NewSyscallError("semget", errno)
	}
	return int(r), nil
}

// TrySemop is to Semop what TryRead is to Read. The time limit is NULL.
func TrySemop(id int, ops []Sembuf) Attempt {
	if !dedicated {
		return Untried
	}
	return enter(sysSemtimedop, uintptr(id), uintptr(unsafe.Pointer(unsafe.SliceData(ops))), uintptr(len(ops)), 0, 0, 0)
}

// Semop performs all of ops, at least one, or blocks until it can; with
// IPC_NOWAIT it fails with EAGAIN instead. It is semtimedop(2) without a time
// limit: several architectures have no system call semop.
func Semop(id int, ops []Sembuf) error { return TrySemop(id, ops).Semop(id, ops) }

// Semop is the end of a Semop that began with this attempt.
func (a Attempt) Semop(id int, ops []Sembuf) error {
	for again(a) {
		if a = TrySemop(id, ops); a == Untried {
			a = attempt(syscall.Syscall6(sysSemtimedop, uintptr(id), uintptr(unsafe.Pointer(unsafe.SliceData(ops))), uintptr(len(ops)), 0, 0, 0))
		}
	}
	_, err := a.Result("semtimedop")
	return err
}

// SemStat reads the state of a set: IPC_STAT, semctl(2).
func SemStat(id int) (SemidDs, error) {
	var ds SemidDs
	_, err := semctl(id, 0, unix.IPC_STAT, unsafe.Pointer(&ds))
	return ds, err
}

// SemSetAll sets the values of all semaphores in the set: SETALL, semctl(2).
// It fails with EINVAL unless there is one value for each.
func SemSetAll(id int, values []uint16) error {
	ds, err := SemStat(id)
	if err != nil {
		return err
	}
	if int(ds.Nsems) != len(values) { // the kernel would read past the end
		return os.NewSyscallError("semctl", unix.EINVAL)
	}
	_, err = semctl(id, 0, semSetAll, unsafe.Pointer(unsafe.SliceData(values)))
	return err
}

// SemRemove removes the set and wakes the processes that sleep on it, with EIDRM:
// IPC_RMID, semctl(2).
func SemRemove(id int) error {
	_, err := semctl(id, 0, unix.IPC_RMID, nil)
	return err
}

func semctl(id, num, cmd int, arg unsafe.Pointer) (int, error) {
	r, _, errno := syscall.Syscall6(unix.SYS_SEMCTL, uintptr(id), uintptr(num), uintptr(cmd), uintptr(arg), 0, 0)
	if errno != 0 {
		return -1, os.NewSyscallError("semctl", errno)
	}
	return int(r), nil
}

// Semctl is semctl(2) with a command that takes a number, or none.
func Semctl(id, num, cmd, value int) (int, error) {
	r, _, errno := syscall.Syscall6(unix.SYS_SEMCTL, uintptr(id), uintptr(num), uintptr(cmd), uintptr(value), 0, 0)
	if errno != 0 {
		return -1, os.NewSyscallError("semctl", errno)
	}
	return int(r), nil
}

// SemopOnce is Semop with a time limit, 0 for none, semtimedop(2). It is made
// once: where a signal interrupts it, it returns EINTR.
func SemopOnce(id int, ops []Sembuf, limit time.Duration) error {
	var ts [2]int64 // struct __kernel_timespec, of 64 bits on every architecture
	var p unsafe.Pointer
	if limit > 0 {
		ts[0], ts[1] = int64(limit/time.Second), int64(limit%time.Second)
		p = unsafe.Pointer(&ts)
	}
	_, _, errno := syscall.Syscall6(sysSemtimedop, uintptr(id), uintptr(unsafe.Pointer(unsafe.SliceData(ops))), uintptr(len(ops)), uintptr(p), 0, 0)
	if errno != 0 {
		return os.NewSyscallError("semtimedop", errno)
	}
	return nil
}
