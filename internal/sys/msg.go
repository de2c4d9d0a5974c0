package sys

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// MsgType is the length in bytes of the type word, a C long, that comes
// before the text of every message: struct msgbuf, msgop(2).
const MsgType = int(unsafe.Sizeof(uintptr(0)))

// MsgBuffer returns a zeroed buffer for a message with size bytes of text,
// aligned as the type word needs. The text begins at MsgType.
func MsgBuffer(size int) []byte {
	words := make([]uintptr, 1+(size+MsgType-1)/MsgType)
	return unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), MsgType+size)
}

// SetMsgType sets the type, at least 1, of the message in a MsgBuffer.
func SetMsgType(buf []byte, typ int) { *(*int)(unsafe.Pointer(&buf[:MsgType][0])) = typ }

// Msgget makes or finds a message queue, msgget(2).
func Msgget(key, flag int) (id int, err error) {
	r, _, errno := syscall.Syscall(unix.SYS_MSGGET, uintptr(key), uintptr(flag), 0)
	if errno != 0 {
		return -1, os.NewSyscallError("msgget", errno)
	}
	return int(r), nil
}

// Msgsnd sends the message in buf, which begins with the type word, and
// blocks while the queue is full; with IPC_NOWAIT it fails with EAGAIN
// instead, msgop(2).
func Msgsnd(id int, buf []byte, flag int) error {
	for {
		_, _, errno := syscall.Syscall6(unix.SYS_MSGSND, uintptr(id), uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)-MsgType), uintptr(flag), 0, 0)
		if errno == 0 {
			return nil
		}
		if errno != syscall.EINTR {
			return os.NewSyscallError("msgsnd", errno)
		}
		interrupts.Add(1)
	}
}

// Msgrcv receives the first message that typ selects into buf, the type word
// first, and returns the length of its text. It blocks while there is none;
// with IPC_NOWAIT it fails with ENOMSG instead. A text longer than the buffer
// fails with E2BIG and stays on the queue, msgop(2).
func Msgrcv(id int, buf []byte, typ, flag int) (int, error) {
	for {
		n, _, errno := syscall.Syscall6(unix.SYS_MSGRCV, uintptr(id), uintptr(unsafe.Pointer(unsafe.SliceData(buf))), uintptr(len(buf)-MsgType), uintptr(typ), uintptr(flag), 0)
		if errno == 0 {
			return int(n), nil
		}
		if errno != syscall.EINTR {
			return 0, os.NewSyscallError("msgrcv", errno)
		}
		interrupts.Add(1)
	}
}

// MsgStat reads the state of a queue: IPC_STAT, msgctl(2).
func MsgStat(id int) (MsqidDs, error) {
	var ds MsqidDs
	err := msgctl(id, unix.IPC_STAT, unsafe.Pointer(&ds))
	return ds, err
}

// MsgSetQbytes sets how many bytes of text the queue holds: msg_qbytes by
// IPC_SET, msgctl(2). More than /proc/sys/kernel/msgmnb needs
// CAP_SYS_RESOURCE, else it fails with EPERM.
func MsgSetQbytes(id, n int) error {
	ds, err := MsgStat(id) // IPC_SET sets owner and mode as well
	if err != nil {
		return err
	}
	ds.Qbytes = ulong(n)
	return msgctl(id, unix.IPC_SET, unsafe.Pointer(&ds))
}

// MsgRemove removes the queue with what is on it and wakes whoever sleeps on
// it with EIDRM: IPC_RMID, msgctl(2).
func MsgRemove(id int) error { return msgctl(id, unix.IPC_RMID, nil) }

func msgctl(id, cmd int, arg unsafe.Pointer) error {
	_, _, errno := syscall.Syscall(unix.SYS_MSGCTL, uintptr(id), uintptr(cmd), uintptr(arg))
	if errno != 0 {
		return os.NewSyscallError("msgctl", errno)
	}
	return nil
}
