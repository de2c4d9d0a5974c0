package mechanisms

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

var _ = Register(Mechanism{
	Name:    "udp",
	Summary: "datagrams through UDP on 127.0.0.1; a full receiver drops them",
	Man:     []string{"udp(7)", "ip(7)", "socket(7)"},
	Framing: Packet,
	Since:   "2.6.27", // SOCK_CLOEXEC
	EOF:     false,    // a receiver is not told that its senders have closed
	Polls:   true,
	Batches: true,
	Lost:    lostUDP,
	Facts: Facts{
		Kernel: "A write(2) enters udp_sendmsg, which copies the message into a socket buffer (sk_buff) and gives it to IP; the loopback device hands it to a softirq on the same CPU. " +
			"There udp_rcv charges it to the receiver's SO_RCVBUF, queues it and wakes the receiver, or, where that is spent, counts and frees it (__udp_enqueue_schedule_skb): the sender has long been told that all went well. " +
			"A read(2) enters udp_recvmsg, which copies it out and frees the buffer, whole.",
		Path: socketPath, Unrelated: true,
		Gone:   "ECONNREFUSED",
		Traits: udpTraits,
		Cautions: []Caution{
			{"what does not fit the receiver's buffer is dropped, and nobody is told: who needs every message has to count them and send again", "udp(7)"},
			{"any process that reaches the port may send: 127.0.0.1 keeps other machines out, and no user of this one", "ip(7)"},
			{"a receiver is not told that its senders have gone: it waits for ever, and a read of 0 bytes is a message", "recv(2)"},
			{"a read with too small a buffer discards the rest of the message", "recv(2)"},
			bookkeepingReceive,
		},
	},
	Limits:       udpLimits,
	New:          newUDP,
	OpenSender:   opensBy(connectUDP, "udp", sendUDP),
	OpenReceiver: opens("udp", recvMessages),
})

var bookkeepingReceive = Caution{"SO_RCVBUF counts the kernel's bookkeeping too, so that it holds far less in small messages than in large ones", "socket(7)"}

// maxUDP is a packet of 65535 bytes without the headers of IPv4 and UDP.
const maxUDP = 65535 - 20 - 8

func udpLimits(int) (Limits, error) {
	queue, err := socketQueueLimit(unix.AF_INET, unix.SO_RCVBUF)
	return Limits{
		Message: Limit{N: maxUDP, Source: "IPv4: 65535 - 28", Beyond: "udp(7)", Errno: unix.EMSGSIZE},
		Queue:   queue,
	}, err
}

// udpRoute is where datagrams of a link go, and from where. All of its senders
// have the same address of the loopback's 2^23 that are not 127.0, which nobody can guess: the
// receiver is connected to it, so that the kernel drops what others send.
type udpRoute struct {
	To   unix.SockaddrInet4
	From unix.SockaddrInet4
}

// newUDP makes the receiver's socket, with the queue that was asked for.
func newUDP(s Spec) (*Link, error) {
	l := &Link{Mechanism: "udp"}
	if err := bindUDP(l, s); err != nil {
		return nil, failed("make", "udp", s.Size, errors.Join(err, l.Destroy()))
	}
	return l, nil
}

func bindUDP(l *Link, s Spec) error {
	fd, err := prepared(unix.AF_INET, unix.SOCK_DGRAM, nil, s)
	if err != nil {
		return err
	}
	l.FDs = []int{fd}
	n, err := socketBuffer("udp", fd, unix.SO_RCVBUF, s.Queue)
	if err != nil {
		return err
	}
	l.Given = Given{Queue: n, Source: "SO_RCVBUF"}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: loopback}); err != nil {
		return os.NewSyscallError("bind", err)
	}
	at, err := unix.Getsockname(fd)
	if err != nil {
		return os.NewSyscallError("getsockname", err)
	}
	var r udpRoute
	r.To = *at.(*unix.SockaddrInet4)
	var secret [3]byte
	rand.Read(secret[:])
	r.From = unix.SockaddrInet4{Port: r.To.Port, Addr: [4]byte{127, secret[0] | 1, secret[1], 1 + secret[2]%254}} // a host's, and not 127.0.0.1
	if err := unix.Connect(fd, &r.From); err != nil {
		return os.NewSyscallError("connect", err)
	}
	attr, err := json.Marshal(r)
	l.Receiver = Ticket{Spec: s, FDs: []int{fd}, Attr: attr}
	l.Sender = Ticket{Spec: s, Attr: attr}
	return err
}

// connectUDP makes a sender's socket. Those of one link share their address,
// SO_REUSEADDR: nothing is ever sent back to it.
func connectUDP(t Ticket) (fd int, err error) {
	var r udpRoute
	if err := json.Unmarshal(t.Attr, &r); err != nil {
		return -1, err
	}
	return connectedTo(unix.AF_INET, &r.To, func(fd int, _ Spec) error {
		if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return os.NewSyscallError("setsockopt", err)
		}
		return os.NewSyscallError("bind", unix.Bind(fd, &r.From))
	}, t.Spec)
}
