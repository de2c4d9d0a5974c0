package mechanisms

import (
	"errors"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// socketMan are the pages of every mechanism on socketpair(2).
var socketMan = []string{"socketpair(2)", "unix(7)", "socket(7)"}

// What the sockets have in common for a reader.
var (
	socketPath   = Path{Send: Hop{Call: "write", Kernel: 1}, Object: "socket buffers of the receiver", Receive: Hop{Call: "read", Kernel: 1}}
	bookkeeping  = Caution{"SO_SNDBUF counts the kernel's bookkeeping too, so that it holds far less in small messages than in large ones", "socket(7)"}
	brokenSocket = Caution{"a write that no peer is left for raises SIGPIPE, which ends a process that does not expect it: send(2) has MSG_NOSIGNAL", "send(2)"}
)

// newSocket makes a link on a pair of sockets of that type, from the first to
// the second.
func newSocket(mech string, typ int, s Spec) (*Link, error) {
	p, err := socketPair(typ)
	if err != nil {
		return nil, failed("make", mech, s.Size, err)
	}
	return socketLink(mech, p[0], p[1], s)
}

// newSocketPair makes a link in each direction on one pair of sockets. Each
// link has descriptors of its own, so that neither outlives or ends the other.
func newSocketPair(mech string, typ int, s Spec) (there, back *Link, err error) {
	if there, err = newSocket(mech, typ, s); err != nil {
		return nil, nil, err
	}
	var q [2]int
	for i, fd := range there.FDs {
		if q[i], err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3); err != nil {
			if i > 0 {
				unix.Close(q[0])
			}
			return nil, nil, failed("make", mech, s.Size, errors.Join(os.NewSyscallError("fcntl", err), there.Destroy()))
		}
	}
	if back, err = socketLink(mech, q[1], q[0], s); err != nil {
		return nil, nil, errors.Join(err, there.Destroy())
	}
	return there, back, nil
}

// socketLink makes a link from one socket to its peer, both of which it owns.
func socketLink(mech string, from, to int, s Spec) (*Link, error) {
	l := &Link{
		Mechanism: mech,
		FDs:       []int{from, to},
		Sender:    Ticket{Spec: s, FDs: []int{from}},
		Receiver:  Ticket{Spec: s, FDs: []int{to}},
	}
	n, err := sendBuffer(from, s.Queue)
	if err == nil && n/2 < s.Queue { // the kernel doubles, for its own overhead
		err = &UnsupportedError{Mechanism: mech, What: "queue", Value: s.Queue,
			Limit: Limit{N: n / 2, Source: wmemMax, Beyond: "capped in silence, socket(7)"}}
	}
	if err != nil {
		return nil, failed("make", mech, s.Size, errors.Join(err, l.Destroy()))
	}
	l.Given = Given{Queue: n, Source: "SO_SNDBUF"}
	return l, nil
}

func socketPair(typ int) ([2]int, error) {
	p, err := unix.Socketpair(unix.AF_UNIX, typ|unix.SOCK_CLOEXEC, 0)
	return p, os.NewSyscallError("socketpair", err)
}

// sendBuffer asks for a send buffer of queue bytes, unless that is 0, and
// returns what the socket has, which the kernel has doubled.
func sendBuffer(fd, queue int) (int, error) {
	if queue > 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF, min(queue, math.MaxInt32)); err != nil {
			return 0, os.NewSyscallError("setsockopt", err)
		}
	}
	n, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_SNDBUF)
	return n, os.NewSyscallError("getsockopt", err)
}
