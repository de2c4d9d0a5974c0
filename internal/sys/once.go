package sys

import (
	"os"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The calls of this file are made once: where a signal interrupts one it returns
// EINTR. They are for callers that look for that error.

// SemopOnce is Semop with a time limit, 0 for none, semtimedop(2).
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

// MsgsndOnce is Msgsnd, made once.
func MsgsndOnce(id int, m Msg, flag int) error {
	_, _, errno := syscall.Syscall6(unix.SYS_MSGSND, uintptr(id), uintptr(m.at), uintptr(m.size), uintptr(flag), 0, 0)
	if errno != 0 {
		return os.NewSyscallError("msgsnd", errno)
	}
	return nil
}

// MsgrcvOnce is Msgrcv, made once, of what typ selects: 0 the first message, a
// negative one the first of the least type up to that, msgop(2).
func MsgrcvOnce(id int, m Msg, typ, flag int) (int, error) {
	n, _, errno := syscall.Syscall6(unix.SYS_MSGRCV, uintptr(id), uintptr(m.at), uintptr(m.size), uintptr(typ), uintptr(flag), 0)
	if errno != 0 {
		return 0, os.NewSyscallError("msgrcv", errno)
	}
	return int(n), nil
}

// MsgrcvNowhere receives a text of up to size bytes into memory that is not
// there, and so fails with EFAULT.
func MsgrcvNowhere(id, size int) error {
	_, _, errno := syscall.Syscall6(unix.SYS_MSGRCV, uintptr(id), 1, uintptr(size), 0, unix.IPC_NOWAIT, 0)
	if errno != 0 {
		return os.NewSyscallError("msgrcv", errno)
	}
	return nil
}

// Semctl is semctl(2) with a command that takes a number, or none.
func Semctl(id, num, cmd, value int) (int, error) {
	r, _, errno := syscall.Syscall6(unix.SYS_SEMCTL, uintptr(id), uintptr(num), uintptr(cmd), uintptr(value), 0, 0)
	if errno != 0 {
		return -1, os.NewSyscallError("semctl", errno)
	}
	return int(r), nil
}
