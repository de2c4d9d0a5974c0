package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

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
