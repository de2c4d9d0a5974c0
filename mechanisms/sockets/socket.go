// Package sockets registers the mechanisms on sockets, one file each. What several
// share is in socket.go, connect.go, inet.go and limits.go.
package sockets

import (
	"cmp"
	"errors"
	"math"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

// socketMan are the pages of every mechanism on socketpair(2), namedMan those
// of UNIX domain sockets that meet by a name.
var (
	socketMan = []string{"socketpair(2)", "unix(7)", "socket(7)"}
	namedMan  = []string{"unix(7)", "socket(7)", "connect(2)", "accept(2)"}
)

// What the sockets have in common for a reader.
const (
	unixStreamKernel = "A write(2) enters unix_stream_sendmsg, which copies the message into socket buffers (sk_buff) charged to the sender's SO_SNDBUF. It queues them on the peer's sk_receive_queue, and wakes the peer. " +
		"A read(2) enters unix_stream_read_generic, which copies out of the first buffers and frees those that are used up. " +
		"The sender sleeps in sock_alloc_send_pskb while its charge is spent, and is woken as buffers are freed (sock_wfree)."
	unixSeqKernel = "A write(2) enters unix_seqpacket_sendmsg and so unix_dgram_sendmsg, which copies the message into one socket buffer (sk_buff) charged to the sender's SO_SNDBUF. It queues the buffer on the peer's sk_receive_queue, and wakes the peer. " +
		"A read(2) enters unix_seqpacket_recvmsg, which copies the message out and frees the whole buffer. " +
		"The sender sleeps in sock_alloc_send_pskb while its charge is spent."
)

var (
	socketPath   = mechanisms.Path{Send: mechanisms.Hop{Call: "write", Kernel: 1}, Object: "socket buffers of the receiver", Receive: mechanisms.Hop{Call: "read", Kernel: 1}}
	bookkeeping  = mechanisms.Caution{Text: "SO_SNDBUF counts the kernel's bookkeeping too, so that it holds far less in small messages than in large ones", Man: "socket(7)"}
	brokenSocket = mechanisms.Caution{Text: "a write that no peer is left for raises SIGPIPE, which ends a process that does not expect it: send(2) has MSG_NOSIGNAL", Man: "send(2)"}
)

// socketKind is how a mechanism makes sockets that are connected to each
// other, and what they hold.
type socketKind struct {
	mech string
	meet func(mechanisms.Spec) ([2]int, error)

	// given asks for a queue of that many bytes, unless that is 0, from one
	// socket to the other, and reads back what there is.
	given func(k socketKind, from, to, queue int) (mechanisms.Given, error)
}

// unixPair is a kind of UNIX domain sockets that no other process can reach.
func unixPair(mech string, typ int) socketKind {
	return socketKind{mech, func(mechanisms.Spec) ([2]int, error) { return socketPair(typ) }, givenUnix}
}

// register registers the mechanism of such sockets. What most of them have in
// common is filled in here, where the entry has nothing else.
func (k socketKind) register(m mechanisms.Mechanism) *mechanisms.Mechanism {
	m.Name, m.Polls, m.Batches, m.Facts.Path = k.mech, true, true, socketPath
	m.Family = cmp.Or(m.Family, mechanisms.UnixSockets)
	m.Facts.Gone = cmp.Or(m.Facts.Gone, "EPIPE")
	m.New, m.NewPair = k.newLink, k.newPair
	if m.Capacity == nil {
		m.Capacity = sentCapacity
	}
	send, recv := descriptor.SendMessages, descriptor.RecvMessages
	if m.Framing == mechanisms.Stream {
		send, recv = descriptor.SendStream, descriptor.RecvStream
	}
	m.OpenSender, m.OpenReceiver = descriptor.Opens(k.mech, send), descriptor.Opens(k.mech, recv)
	return mechanisms.Register(m)
}

// newLink makes a link from the first socket to the second.
func (k socketKind) newLink(s mechanisms.Spec) (*mechanisms.Link, error) {
	p, err := k.meet(s)
	if err != nil {
		return nil, mechanisms.Failed("make", k.mech, s.Size, err)
	}
	return k.join(p[0], p[1], s)
}

// newPair makes a link in each direction on one pair of sockets. Each link has
// descriptors of its own, so that neither outlives or ends the other.
func (k socketKind) newPair(s mechanisms.Spec) (there, back *mechanisms.Link, err error) {
	if there, err = k.newLink(s); err != nil {
		return nil, nil, err
	}
	var q [2]int
	for i, fd := range there.FDs {
		if q[i], err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3); err != nil {
			if i > 0 {
				unix.Close(q[0])
			}
			return nil, nil, mechanisms.Failed("make", k.mech, s.Size, errors.Join(os.NewSyscallError("fcntl", err), there.Destroy()))
		}
	}
	if back, err = k.join(q[1], q[0], s); err != nil {
		return nil, nil, errors.Join(err, there.Destroy())
	}
	return there, back, nil
}

// join makes a link from one socket to its peer, both of which it owns.
func (k socketKind) join(from, to int, s mechanisms.Spec) (*mechanisms.Link, error) {
	l := &mechanisms.Link{
		Mechanism: k.mech,
		FDs:       []int{from, to},
		Sender:    mechanisms.Ticket{Spec: s, FDs: []int{from}},
		Receiver:  mechanisms.Ticket{Spec: s, FDs: []int{to}},
	}
	var err error
	if l.Given, err = k.given(k, from, to, s.Queue); err != nil {
		return nil, mechanisms.Failed("make", k.mech, s.Size, errors.Join(err, l.Destroy()))
	}
	return l, nil
}

// givenUnix is of a UNIX domain socket: what is under way is charged to its
// sender.
func givenUnix(k socketKind, from, _, queue int) (mechanisms.Given, error) {
	n, err := socketBuffer(k.mech, from, unix.SO_SNDBUF, queue)
	return mechanisms.Given{Queue: n, Source: "SO_SNDBUF"}, err
}

func socketPair(typ int) ([2]int, error) {
	p, err := unix.Socketpair(unix.AF_UNIX, typ|unix.SOCK_CLOEXEC, 0)
	return p, os.NewSyscallError("socketpair", err)
}

// maxBuffer is where the largest buffer of a socket stands, by option.
var maxBuffer = map[int]string{unix.SO_SNDBUF: "/proc/sys/net/core/wmem_max", unix.SO_RCVBUF: "/proc/sys/net/core/rmem_max"}

// socketBuffer asks for a buffer of queue bytes, unless that is 0, by
// SO_SNDBUF or SO_RCVBUF, and returns what the socket has, which the kernel has
// doubled for its own overhead. Less than was asked for is an
// *UnsupportedError.
func socketBuffer(mech string, fd, option, queue int) (int, error) {
	n, err := askBuffer(fd, option, queue)
	if err == nil && n/2 < queue {
		err = &mechanisms.UnsupportedError{Mechanism: mech, What: "queue", Value: queue,
			Limit: mechanisms.Limit{N: n / 2, Source: maxBuffer[option], Beyond: "capped in silence, socket(7)"}}
	}
	return n, err
}

// askBuffer is socketBuffer, and content with less.
func askBuffer(fd, option, queue int) (int, error) {
	if queue > 0 {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, option, min(queue, math.MaxInt32)); err != nil {
			return 0, os.NewSyscallError("setsockopt", err)
		}
	}
	n, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, option)
	return n, os.NewSyscallError("getsockopt", err)
}

// sentCapacity is of sockets that charge the sender with what is under way.
func sentCapacity(e mechanisms.End) (mechanisms.Given, error) {
	if !e.Sends {
		return mechanisms.Given{}, nil
	}
	return descriptor.Capacity(e, "SO_SNDBUF", buffer(unix.SO_SNDBUF))
}

// receivedCapacity is of sockets that charge the receiver.
func receivedCapacity(e mechanisms.End) (mechanisms.Given, error) {
	if e.Sends {
		return mechanisms.Given{}, nil
	}
	return descriptor.Capacity(e, "SO_RCVBUF", buffer(unix.SO_RCVBUF))
}

// bothCapacity is of sockets with a buffer on either side.
func bothCapacity(e mechanisms.End) (mechanisms.Given, error) {
	if e.Sends {
		return sentCapacity(e)
	}
	return receivedCapacity(e)
}

func buffer(option int) func(fd int) (int, error) {
	return func(fd int) (int, error) { return askBuffer(fd, option, 0) }
}

// named is what t is where the sockets meet by a path.
func named(t mechanisms.Traits) mechanisms.Traits {
	t.Persistence = mechanisms.Documented("the name, until it is unlinked; not what was sent", "unix(7)")
	t.Permission = mechanisms.Documented("users that may write to the path, and search its directories", "unix(7)")
	t.Namespace = mechanisms.Documented("mount: a path", "unix(7)")
	return t
}
