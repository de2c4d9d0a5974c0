package mechanisms

import (
	"io"
	"os"
	"syscall"
)

// What the ends have in common that wait in Go's scheduler.
const netpollKernel = "The descriptor does not block, and is registered once with the epoll(7) of the Go runtime, edge-triggered, for both directions. " +
	"A call that gets EAGAIN parks its goroutine, and what the program has no work for sleeps in epoll_pwait(2), or, where another thread does that already, in futex(2). " +
	"Whoever comes back from there with a ready descriptor makes its goroutine runnable, which makes the call anew: a receipt that has to wait takes three calls, of which the first finds nothing."

var (
	otherCalls = Caution{"it does not compare call for call with the raw calls: its process keeps Go's scheduler, whose threads and whose use of the CPU count", "epoll(7)"}
	sleepyGo   = Caution{"a process that sleeps between messages pays for the scheduler's way to sleep and back; one that always finds work does not", "epoll(7)"}
)

// netpollHop is the way of a message that Go's scheduler waits for.
func netpollHop(call string) Hop {
	return Hop{Call: call, Kernel: 1, Waits: []string{"epoll_pwait", "futex"}}
}

// Polled is an *os.File or a net.Conn.
type Polled interface {
	io.ReadWriteCloser
	syscall.Conn
}

// polled is a conduit that the runtime's poller waits for.
type polled struct {
	mechanism string
	Polled
}

// opensPolled returns a Mechanism's OpenSender or OpenReceiver: a duplicate,
// as what as makes of the file, which it owns.
func opensPolled(mech string, as func(*os.File) (Polled, error)) func(Ticket) (*ioEnd, error) {
	return func(t Ticket) (*ioEnd, error) {
		fd, err := duplicate(mech, t)
		if err != nil {
			return nil, err
		}
		p, err := as(os.NewFile(uintptr(fd), mech))
		if err != nil {
			return nil, failed("open", mech, t.Spec.Size, err)
		}
		return &ioEnd{mech, polled{mech, p}}, nil
	}
}

// Fill writes past the poller, to a description that does not block.
func (p polled) Fill(msg []byte) (whole int, err error) {
	raw, err := p.SyscallConn()
	if err != nil {
		return 0, failed("send", p.mechanism, len(msg), err)
	}
	unused := raw.Control(func(fd uintptr) { whole, err = descriptor{mechanism: p.mechanism, fd: int(fd)}.fill(msg) })
	if unused != nil {
		return 0, failed("send", p.mechanism, len(msg), unused)
	}
	return whole, err
}
