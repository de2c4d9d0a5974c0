package mechanisms

import (
	"errors"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// socketMan are the pages of every mechanism on socketpair(2), namedMan those
// of UNIX domain sockets that meet by a name.
var (
	socketMan = []string{"socketpair(2)", "unix(7)", "socket(7)"}
	namedMan  = []string{"unix(7)", "socket(7)", "connect(2)", "accept(2)"}
)

// What the sockets have in common for a reader.
const (
	unixStreamKernel = "A write(2) enters unix_stream_sendmsg, which copies the message into socket buffers (sk_buff) charged to the sender's SO_SNDBUF, queues them on the peer's sk_receive_queue and wakes it. " +
		"A read(2) enters unix_stream_read_generic, which copies out of the first buffers and frees those that are used up. " +
		"The sender sleeps in sock_alloc_send_pskb while its charge is spent, and is woken as buffers are freed (sock_wfree)."
	unixSeqKernel = "A write(2) enters unix_seqpacket_sendmsg and so unix_dgram_sendmsg, which copies the message into one socket buffer (sk_buff) charged to the sender's SO_SNDBUF, queues it on the peer's sk_receive_queue and wakes it. " +
		"A read(2) enters unix_seqpacket_recvmsg, which copies it out and frees the buffer, whole. " +
		"The sender sleeps in sock_alloc_send_pskb while its charge is spent."
)

var (
	socketPath   = Path{Send: Hop{Call: "write", Kernel: 1}, Object: "socket buffers of the receiver", Receive: Hop{Call: "read", Kernel: 1}}
	bookkeeping  = Caution{"SO_SNDBUF counts the kernel's bookkeeping too, so that it holds far less in small messages than in large ones", "socket(7)"}
	brokenSocket = Caution{"a write that no peer is left for raises SIGPIPE, which ends a process that does not expect it: send(2) has MSG_NOSIGNAL", "send(2)"}
)

// socketKind is how a mechanism makes sockets that are connected to each
// other, and what they hold.
type socketKind struct {
	mech string
	meet func(Spec) ([2]int, error)

	// given asks for a queue of that many bytes, unless that is 0, from one
	// socket to the other, and reads back what there is.
	given func(k socketKind, from, to, queue int) (Given, error)
}

// unixPair is a kind of UNIX domain sockets that nobody else can reach.
func unixPair(mech string, typ int) socketKind {
	return socketKind{mech, func(Spec) ([2]int, error) { return socketPair(typ) }, givenUnix}
}

// newLink makes a link from the first socket to the second.
func (k socketKind) newLink(s Spec) (*Link, error) {
	p, err := k.meet(s)
	if err != nil {
		return nil, failed("make", k.mech, s.Size, err)
	}
	return k.join(p[0], p[1], s)
}

// newPair makes a link in each direction on one pair of sockets. Each link has
// descriptors of its own, so that neither outlives or ends the other.
func (k socketKind) newPair(s Spec) (there, back *Link, err error) {
	if there, err = k.newLink(s); err != nil {
		return nil, nil, err
	}
	var q [2]int
	for i, fd := range there.FDs {
		if q[i], err = unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3); err != nil {
			if i > 0 {
				unix.Close(q[0])
			}
			return nil, nil, failed("make", k.mech, s.Size, errors.Join(os.NewSyscallError("fcntl", err), there.Destroy()))
		}
	}
	if back, err = k.join(q[1], q[0], s); err != nil {
		return nil, nil, errors.Join(err, there.Destroy())
	}
	return there, back, nil
}

// join makes a link from one socket to its peer, both of which it owns.
func (k socketKind) join(from, to int, s Spec) (*Link, error) {
	l := &Link{
		Mechanism: k.mech,
		FDs:       []int{from, to},
		Sender:    Ticket{Spec: s, FDs: []int{from}},
		Receiver:  Ticket{Spec: s, FDs: []int{to}},
	}
	var err error
	if l.Given, err = k.given(k, from, to, s.Queue); err != nil {
		return nil, failed("make", k.mech, s.Size, errors.Join(err, l.Destroy()))
	}
	return l, nil
}

// givenUnix is of a UNIX domain socket: what is under way is charged to its
// sender.
func givenUnix(k socketKind, from, _, queue int) (Given, error) {
	n, err := socketBuffer(k.mech, from, unix.SO_SNDBUF, queue)
	return Given{Queue: n, Source: "SO_SNDBUF"}, err
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
		err = &UnsupportedError{Mechanism: mech, What: "queue", Value: queue,
			Limit: Limit{N: n / 2, Source: maxBuffer[option], Beyond: "capped in silence, socket(7)"}}
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
