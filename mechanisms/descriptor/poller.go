package descriptor

import (
	"io"
	"os"
	"syscall"

	"ipcbench/mechanisms"
)

// Conduit carries bytes under the contracts of package io, and can be filled
// as a Sender can.
type Conduit interface {
	io.ReadWriteCloser
	Fill(p []byte) (int, error)
}

// Transfer is either end of a byte stream through a conduit.
type Transfer struct {
	Mechanism string
	Conduit
}

// Send writes all of p.
func (e *Transfer) Send(p []byte) error {
	if _, err := e.Write(p); err != nil {
		return mechanisms.Failed("send", e.Mechanism, len(p), err)
	}
	return nil
}

// Recv reads until p is full. The end of the stream inside a message is
// io.ErrUnexpectedEOF.
func (e *Transfer) Recv(p []byte) error {
	_, err := io.ReadFull(e.Conduit, p)
	if err == nil || err == io.EOF {
		return err
	}
	return mechanisms.Failed("recv", e.Mechanism, len(p), err)
}

// What the ends have in common that wait in Go's scheduler.
const PollerKernel = "The descriptor does not block, and is registered once with the epoll(7) of the Go runtime, edge-triggered, for both directions. " +
	"A call that gets EAGAIN parks its goroutine. A thread without work sleeps in epoll_pwait(2), or in futex(2) if another thread does that already. " +
	"The thread that comes back from there with a ready descriptor makes its goroutine runnable, which makes the call anew: a receipt that has to wait takes three calls, of which the first finds nothing."

var (
	PollerCalls  = mechanisms.Caution{Text: "it does not compare call for call with the raw calls: its process keeps Go's scheduler, whose threads and whose use of the CPU count", Man: "epoll(7)"}
	PollerSleeps = mechanisms.Caution{Text: "a process that sleeps between messages pays for the scheduler's way to sleep and back; one that always finds work does not", Man: "epoll(7)"}
)

// PollerHop is the way of a message that Go's scheduler waits for.
func PollerHop(call string) mechanisms.Hop {
	return mechanisms.Hop{Call: call, Kernel: 1, Waits: []string{"epoll_pwait", "futex"}}
}

// Polled is an *os.File or a net.Conn.
type Polled interface {
	io.ReadWriteCloser
	syscall.Conn
}

// pollerFile is a conduit that the runtime's poller waits for.
type pollerFile struct {
	mechanism string
	Polled
}

// OpensPolled returns a Mechanism's OpenSender or OpenReceiver: a duplicate,
// as what as makes of the file, which it owns.
func OpensPolled(mech string, as func(*os.File) (Polled, error)) func(mechanisms.Ticket) (*Transfer, error) {
	return func(t mechanisms.Ticket) (*Transfer, error) {
		fd, err := Duplicate(mech, t)
		if err != nil {
			return nil, err
		}
		p, err := as(os.NewFile(uintptr(fd), mech))
		if err != nil {
			return nil, mechanisms.Failed("open", mech, t.Spec.Size, err)
		}
		return &Transfer{mech, pollerFile{mech, p}}, nil
	}
}

// Fill writes past the poller, to a description that does not block.
func (p pollerFile) Fill(msg []byte) (whole int, err error) {
	raw, err := p.SyscallConn()
	if err != nil {
		return 0, mechanisms.Failed("send", p.mechanism, len(msg), err)
	}
	unused := raw.Control(func(fd uintptr) { whole, err = End{Mechanism: p.mechanism, Num: int(fd)}.FillNonblocking(msg) })
	if unused != nil {
		return 0, mechanisms.Failed("send", p.mechanism, len(msg), unused)
	}
	return whole, err
}
