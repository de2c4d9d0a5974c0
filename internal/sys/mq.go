package sys

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// MqAttr is struct mq_attr, mq_getattr(3).
type MqAttr struct {
	Flags   int // O_NONBLOCK or 0
	Maxmsg  int // messages that the queue holds
	Msgsize int // bytes of the largest
	Curmsgs int // messages on the queue
	_       [4]int
}

// mqName is a name as a C library gives it to the kernel: the byte before it is
// the slash that mq_overview(7) asks for. The kernel does not look at that byte;
// QEMU's user mode emulation does.
func mqName(name string) (*byte, error) {
	p, err := unix.ByteSliceFromString("/" + name)
	if err != nil {
		return nil, err
	}
	return &p[1], nil
}

// MqOpen opens a POSIX message queue, whose name has no leading slash here, and
// makes it with attr where flags have O_CREAT: mq_open(2).
func MqOpen(name string, flags int, mode uint32, attr *MqAttr) (fd int, err error) {
	p, err := mqName(name)
	if err != nil {
		return -1, os.NewSyscallError("mq_open", unix.EINVAL)
	}
	r, _, errno := syscall.Syscall6(unix.SYS_MQ_OPEN, uintptr(unsafe.Pointer(p)), uintptr(flags), uintptr(mode), uintptr(unsafe.Pointer(attr)), 0, 0)
	if errno == unix.EMFILE && !anotherDescriptor() {
		// Of RLIMIT_NOFILE, and not of RLIMIT_MSGQUEUE, which a bare mq_open stands for.
		return -1, &os.PathError{Op: "mq_open", Path: "/" + name, Err: errno}
	}
	if errno != 0 {
		return -1, os.NewSyscallError("mq_open", errno)
	}
	return int(r), nil
}

// anotherDescriptor reports whether this process may open one more file.
func anotherDescriptor() bool {
	fd, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err == nil {
		unix.Close(fd)
	}
	return err == nil
}

// MqUnlink removes the name of a queue, mq_unlink(2).
func MqUnlink(name string) error {
	p, err := mqName(name)
	if err != nil {
		return os.NewSyscallError("mq_unlink", unix.EINVAL)
	}
	_, _, errno := syscall.Syscall6(unix.SYS_MQ_UNLINK, uintptr(unsafe.Pointer(p)), 0, 0, 0, 0, 0)
	if errno != 0 {
		return os.NewSyscallError("mq_unlink", errno)
	}
	return nil
}

// MqSend sends a message, without a time limit: mq_timedsend(2).
func MqSend(fd int, text []byte, priority int) error {
	_, _, errno := syscall.Syscall6(unix.SYS_MQ_TIMEDSEND, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(text))), uintptr(len(text)), uintptr(priority), 0, 0)
	if errno != 0 {
		return os.NewSyscallError("mq_timedsend", errno)
	}
	return nil
}

// MqReceive receives the message of the highest priority, without a time
// limit: mq_timedreceive(2).
func MqReceive(fd int, p []byte) (n int, priority uint32, err error) {
	r, _, errno := syscall.Syscall6(unix.SYS_MQ_TIMEDRECEIVE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), uintptr(unsafe.Pointer(&priority)), 0, 0)
	if errno != 0 {
		return 0, 0, os.NewSyscallError("mq_timedreceive", errno)
	}
	return int(r), priority, nil
}

// MqGetAttr returns the attributes of the queue and how many messages it holds,
// mq_getsetattr(2).
func MqGetAttr(fd int) (MqAttr, error) {
	var attr MqAttr
	_, _, errno := syscall.Syscall6(unix.SYS_MQ_GETSETATTR, uintptr(fd), 0, uintptr(unsafe.Pointer(&attr)), 0, 0, 0)
	if errno != 0 {
		return attr, os.NewSyscallError("mq_getsetattr", errno)
	}
	return attr, nil
}

// TryMqTimedsend is to MqTimedsend what TryRead is to Read. The priority is 0,
// and there is no time limit.
func TryMqTimedsend(fd int, text []byte) Attempt {
	if !dedicated {
		return Untried
	}
	return enter(unix.SYS_MQ_TIMEDSEND, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(text))), uintptr(len(text)), 0, 0, 0)
}

// MqTimedsend sends a message of priority 0, and blocks while the queue is
// full unless it is O_NONBLOCK: mq_timedsend(2).
func MqTimedsend(fd int, text []byte) error { return TryMqTimedsend(fd, text).MqTimedsend(fd, text) }

// MqTimedsend is the end of an MqTimedsend that began with this attempt.
func (a Attempt) MqTimedsend(fd int, text []byte) error {
	for again(a) {
		if a = TryMqTimedsend(fd, text); a == Untried {
			a = attempt(syscall.Syscall6(unix.SYS_MQ_TIMEDSEND, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(text))), uintptr(len(text)), 0, 0, 0))
		}
	}
	_, err := a.Result("mq_timedsend")
	return err
}

// TryMqTimedreceive is to MqTimedreceive what TryRead is to Read. The priority
// is not asked for, and there is no time limit: both pointers are NULL.
func TryMqTimedreceive(fd int, p []byte) Attempt {
	if !dedicated {
		return Untried
	}
	return enter(unix.SYS_MQ_TIMEDRECEIVE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0)
}

// MqTimedreceive is the end of a receipt that began with this attempt: it
// returns the length of the oldest message of the highest priority, and blocks
// while there is none. p must have room for the largest that the queue takes,
// else it fails with EMSGSIZE: mq_timedreceive(2).
func (a Attempt) MqTimedreceive(fd int, p []byte) (int, error) {
	for again(a) {
		if a = TryMqTimedreceive(fd, p); a == Untried {
			a = attempt(syscall.Syscall6(unix.SYS_MQ_TIMEDRECEIVE, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0, 0, 0))
		}
	}
	return a.Result("mq_timedreceive")
}
