package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Messages are several messages for one call of sendmmsg(2) or recvmmsg(2):
// headers that are made once, each with one buffer.
type Messages struct {
	headers []Header
	buffers []unix.Iovec
}

// Header is struct mmsghdr, sendmmsg(2).
type Header struct {
	unix.Msghdr
	n uint32 // bytes sent or received
}

// NewMessages makes room for up to n messages.
func NewMessages(n int) *Messages {
	m := &Messages{make([]Header, n), make([]unix.Iovec, n)}
	for i := range m.headers {
		m.headers[i].Iov = &m.buffers[i]
		m.headers[i].SetIovlen(1)
	}
	return m
}

// Room is how many messages there is room for.
func (m *Messages) Room() int { return len(m.headers) }

// Point sets where the bytes of message i are, or go.
func (m *Messages) Point(i int, p []byte) {
	m.buffers[i].Base = unsafe.SliceData(p)
	m.buffers[i].SetLen(len(p))
}

// Len is how many bytes of message i were sent or received.
func (m *Messages) Len(i int) int { return int(m.headers[i].n) }

// waitForOne has recvmmsg(2) wait for the first message, and take of the others
// those that are there.
const waitForOne = unix.MSG_WAITFORONE

// Headers are those of the messages from first up to last, for a call.
func (m *Messages) Headers(first, last int) []Header { return m.headers[first:last] }

// SettleSendmmsg is to sendmmsg(2) what SettleRead is to Read. It sends the
// messages of h, at least one, and gives how many the kernel took.
func (a Attempt) SettleSendmmsg(fd int, h []Header) Attempt {
	return a.settleMessages(unix.SYS_SENDMMSG, fd, h, 0)
}

// SettleRecvmmsg is to recvmmsg(2) with MSG_WAITFORONE what SettleRead is to
// Read. It receives up to as many messages as h has, at least one, and gives how
// many there were.
func (a Attempt) SettleRecvmmsg(fd int, h []Header) Attempt {
	return a.settleMessages(unix.SYS_RECVMMSG, fd, h, waitForOne)
}

func (a Attempt) settleMessages(nr uintptr, fd int, h []Header, flags uintptr) Attempt {
	p, n := unsafe.Pointer(unsafe.SliceData(h)), uintptr(len(h))
	for again(a) {
		if dedicated {
			// The fifth argument of recvmmsg is NULL: there is no time limit.
			a = enter(nr, uintptr(fd), uintptr(p), n, flags, 0, 0)
		} else {
			a = attempt(syscall.Syscall6(nr, uintptr(fd), uintptr(p), n, flags, 0, 0))
		}
	}
	return a
}
