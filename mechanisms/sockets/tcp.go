package sockets

import (
	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
)

var tcp = socketKind{"tcp", connectPair(unix.AF_INET, unix.SOCK_STREAM, inetPort, func(fd int, s mechanisms.Spec) error { return sizeTCP("tcp", fd, s.Queue) }), givenTCP}

// TCP is without Nagle's algorithm, which would hold a short message back until
// the one before it is acknowledged.
var _ = tcp.register(mechanisms.Mechanism{
	Summary: "byte stream through TCP on 127.0.0.1, TCP_NODELAY",
	Family:  mechanisms.NetworkSockets,
	Called:  []string{"socket", "inet", "loopback"},
	Man:     []string{"tcp(7)", "ip(7)", "socket(7)"},
	Framing: mechanisms.Stream,
	Since:   "2.6.28", // accept4
	EOF:     true,
	Facts: mechanisms.Facts{
		Kernel: "A write(2) enters tcp_sendmsg, which copies the message into socket buffers (sk_buff) charged to SO_SNDBUF. It gives them to IP at once if the receiver's window has room (tcp_push, tcp_write_xmit). " +
			"The loopback device hands each packet to a softirq on the same CPU. There tcp_v4_rcv queues it on the receiver's sk_receive_queue, and wakes the receiver. An acknowledgement goes the same way back. " +
			"A read(2) enters tcp_recvmsg, which copies out of the first buffers; the sender sleeps in sk_stream_wait_memory while SO_SNDBUF is spent, since the window is closed.",
		Unrelated: true,
		Traits:    tcpTraits,
		Cautions: []mechanisms.Caution{
			anyUser,
			noBoundaries,
			{Text: "without TCP_NODELAY a short message waits until the one before it is acknowledged, which may take 40 ms", Man: "tcp(7)"},
			{Text: "both buffers grow by themselves until SO_SNDBUF and SO_RCVBUF set them", Man: "tcp(7)"},
			resets,
			brokenSocket,
		},
	},
	Limits:   tcpLimits,
	Capacity: bothCapacity,
	Tunes:    true,
})

var (
	anyUser      = mechanisms.Caution{Text: "any process that reaches the port may connect: 127.0.0.1 keeps other machines out, and no user of this one", Man: "ip(7)"}
	noBoundaries = mechanisms.Caution{Text: "it keeps no message boundaries: the reader must know where a message ends", Man: "tcp(7)"}
	resets       = mechanisms.Caution{Text: "a peer that closes without having read all ends the connection by a reset: what was under way is lost", Man: "tcp(7)"}
)

var tcpTraits = mechanisms.Traits{
	Duplex:      mechanisms.Documented("both ways", "tcp(7)"),
	Persistence: mechanisms.Documented("nothing but TIME_WAIT, for a minute", "tcp(7)"),
	Pollable:    mechanisms.Documented("yes", "socket(7)"),
	Selection:   mechanisms.Documented("in order only; one urgent byte", "tcp(7)"),
	Atomic:      mechanisms.Documented("nothing, at any size", "tcp(7)"),
	Message:     mechanisms.Documented("no messages", "tcp(7)"),
	Capacity:    mechanisms.Documented("SO_SNDBUF and SO_RCVBUF, which grow by themselves", "tcp(7)"),
	PeerDeath:   mechanisms.Documented("reader: end of file, or ECONNRESET; writer: EPIPE and SIGPIPE, or ECONNRESET", "tcp(7)"),
	PassFD:      mechanisms.Documented("no", "unix(7)"),
	Permission:  mechanisms.Documented("any user that reaches the address", "ip(7)"),
	Namespace:   mechanisms.Documented("network: address and port", "ip(7)"),
}
