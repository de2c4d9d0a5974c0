package sys

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// msgHeader is what lies in front of the text in a MsgBuffer.
type msgHeader struct {
	guard uintptr // marks such a text among other slices
	typ   int     // mtype of struct msgbuf
}

// MsgBuffer returns zeroed room for the text of a message of size bytes, from
// the start of a page on, with the type that msgop(2) wants right before it,
// which no other call than those of a queue sees, and a spare byte behind it.
func MsgBuffer(size int) []byte {
	page, room := os.Getpagesize(), int(unsafe.Sizeof(msgHeader{}))
	whole := make([]byte, page+room+size+1)
	at := -int(uintptr(unsafe.Pointer(unsafe.SliceData(whole)))) & (page - 1)
	if at < room {
		at += page
	}
	text := whole[at : at+size : at+size+1]
	header(text).guard = guard(text)
	return text
}

// header is where a MsgBuffer's type is.
func header(text []byte) *msgHeader {
	return (*msgHeader)(unsafe.Add(unsafe.Pointer(unsafe.SliceData(text)), -int(unsafe.Sizeof(msgHeader{}))))
}

func guard(text []byte) uintptr { return ^uintptr(unsafe.Pointer(unsafe.SliceData(text))) }

// Msg is a message as the kernel takes it, a type and a text.
type Msg struct {
	at   unsafe.Pointer // struct msgbuf
	size int            // of the text
}

// NewMsg is a message of that type, at least 1, with the text of a MsgBuffer
// from its start on. With any other text the calls of a queue fail with EFAULT.
func NewMsg(text []byte, typ int) Msg {
	h := header(text)
	if h.guard != guard(text) {
		return Msg{}
	}
	h.typ = typ
	return Msg{unsafe.Pointer(&h.typ), len(text)}
}

// Type is the message's type, of one that was received what it had.
func (m Msg) Type() int { return *(*int)(m.at) }

// Msgget makes or finds a message queue, msgget(2).
func Msgget(key, flag int) (id int, err error) {
	r, _, errno := syscall.Syscall6(unix.SYS_MSGGET, uintptr(key), uintptr(flag), 0, 0, 0, 0)
	if errno != 0 {
		return -1, os.NewSyscallError("msgget", errno)
	}
	return int(r), nil
}

// TryMsgsnd is to a Msgsnd that may block what TryRead is to Read: the flag
// is 0.
func TryMsgsnd(id int, m Msg) Attempt {
	if !dedicated {
		return Untried
	}
	return enter(unix.SYS_MSGSND, uintptr(id), uintptr(m.at), uintptr(m.size), 0, 0, 0)
}

// Msgsnd sends a message and blocks while the queue is full; with IPC_NOWAIT
// it fails with EAGAIN instead, msgop(2).
func Msgsnd(id int, m Msg, flag int) error { return Untried.Msgsnd(id, m, flag) }

// Msgsnd is the end of a Msgsnd that began with this attempt.
func (a Attempt) Msgsnd(id int, m Msg, flag int) error {
	for again(a) {
		if dedicated {
			a = enter(unix.SYS_MSGSND, uintptr(id), uintptr(m.at), uintptr(m.size), uintptr(flag), 0, 0)
		} else {
			a = attempt(syscall.Syscall6(unix.SYS_MSGSND, uintptr(id), uintptr(m.at), uintptr(m.size), uintptr(flag), 0, 0))
		}
	}
	_, err := a.Result("msgsnd")
	return err
}

// Msgrcv receives the first message of m's type into m's text and returns its
// length. It blocks while there is none; with IPC_NOWAIT it fails with ENOMSG
// instead. A message longer than m's text fails with E2BIG and stays on the
// queue, msgop(2).
func Msgrcv(id int, m Msg, flag int) (int, error) {
	typ, a := uintptr(0), Untried
	if m.at != nil {
		typ = *(*uintptr)(m.at)
	}
	for again(a) {
		if dedicated {
			a = enter(unix.SYS_MSGRCV, uintptr(id), uintptr(m.at), uintptr(m.size), typ, uintptr(flag), 0)
		} else {
			a = attempt(syscall.Syscall6(unix.SYS_MSGRCV, uintptr(id), uintptr(m.at), uintptr(m.size), typ, uintptr(flag), 0))
		}
	}
	return a.Result("msgrcv")
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

// MsgRemove removes the queue with what is on it and wakes the processes that sleep
// on it, with EIDRM: IPC_RMID, msgctl(2).
func MsgRemove(id int) error { return msgctl(id, unix.IPC_RMID, nil) }

func msgctl(id, cmd int, arg unsafe.Pointer) error {
	_, _, errno := syscall.Syscall6(unix.SYS_MSGCTL, uintptr(id), uintptr(cmd), uintptr(arg), 0, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("msgctl", errno)
	}
	return nil
}

// MsgsndOnce is Msgsnd, made once: where a signal interrupts it, it returns EINTR.
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
