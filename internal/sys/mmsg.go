package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Messages are several messages for one call of sendmmsg(2) or recvmmsg(2):
// headers that are made once, each with one buffer.
type Messages struct {
	headers []mmsghdr
	buffers []unix.Iovec
}

// mmsghdr is struct mmsghdr, sendmmsg(2).
type mmsghdr struct {
	unix.Msghdr
	n uint32 // bytes sent or received
}

// NewMessages makes room for up to n messages.
func NewMessages(n int) *Messages {
	m := &Messages{make([]mmsghdr, n), make([]unix.Iovec, n)}
	for i := range m.headers {
		m.headers[i].Iov = &m.buffers[i]
		m.headers[i].SetIovlen(1)
	}
	return m
}

// Room is how many messages there is room for.
func (m *Messages) Room() int { return len(m.headers) }

// Point says where the bytes of message i are, or go.
func (m *Messages) Point(i int, p []byte) {
	m.buffers[i].Base = unsafe.SliceData(p)
	m.buffers[i].SetLen(len(p))
}

// Len is how many bytes of message i were sent or received.
func (m *Messages) Len(i int) int { return int(m.headers[i].n) }

// waitForOne has recvmmsg(2) wait for the first message, and take of the others
// those that are there.
const waitForOne = unix.MSG_WAITFORONE

// Send sends messages from first up to last, at least one, and returns how many
// the kernel took: sendmmsg(2).
func (m *Messages) Send(fd, first, last int) (int, error) {
	a := untried
	for again(a) {
		a = m.call(unix.SYS_SENDMMSG, fd, first, last, 0)
	}
	return a.result("sendmmsg")
}

// Recv receives messages from first up to last, at least one, and returns how
// many there were: recvmmsg(2) with MSG_WAITFORONE.
func (m *Messages) Recv(fd, first, last int) (int, error) {
	a := untried
	for again(a) {
		a = m.call(unix.SYS_RECVMMSG, fd, first, last, waitForOne)
	}
	return a.result("recvmmsg")
}

func (m *Messages) call(nr uintptr, fd, first, last int, flags uintptr) Attempt {
	p, n := uintptr(unsafe.Pointer(&m.headers[first])), uintptr(last-first)
	if dedicated {
		// Without a fifth argument recvmmsg has no time limit.
		return attempt(syscall.RawSyscall6(nr, uintptr(fd), p, n, flags, 0, 0))
	}
	return attempt(syscall.Syscall6(nr, uintptr(fd), p, n, flags, 0, 0))
}
