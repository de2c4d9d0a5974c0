package mechanisms

import "golang.org/x/sys/unix"

var tcp = socketKind{"tcp", meets(unix.AF_INET, unix.SOCK_STREAM, inetPort, func(fd int, s Spec) error { return sizeTCP("tcp", fd, s.Queue) }), givenTCP}

// TCP is without Nagle's algorithm, which would hold a short message back until
// the one before it is acknowledged.
var _ = Register(Mechanism{
	Name:    "tcp",
	Summary: "byte stream through TCP on 127.0.0.1, TCP_NODELAY",
	Man:     []string{"tcp(7)", "ip(7)", "socket(7)"},
	Framing: Stream,
	Since:   "2.6.28", // accept4
	EOF:     true,
	Polls:   true,
	Batches: true,
	Facts: Facts{
		Kernel: "A write(2) enters tcp_sendmsg, which copies the message into socket buffers (sk_buff) charged to SO_SNDBUF and gives them to IP at once where the receiver's window has room (tcp_push, tcp_write_xmit). " +
			"The loopback device hands each packet to a softirq on the same CPU, where tcp_v4_rcv queues it on the receiver's sk_receive_queue, wakes it and has an acknowledgement sent the same way. " +
			"A read(2) enters tcp_recvmsg, which copies out of the first buffers; the sender sleeps in sk_stream_wait_memory while SO_SNDBUF is spent, since the window is closed.",
		Path: socketPath, Unrelated: true,
		Gone:   "EPIPE",
		Traits: tcpTraits,
		Cautions: []Caution{
			anyUser,
			noBoundaries,
			{"without TCP_NODELAY a short message waits until the one before it is acknowledged, which may take 40 ms", "tcp(7)"},
			{"both buffers grow by themselves until SO_SNDBUF and SO_RCVBUF set them", "tcp(7)"},
			resets,
			brokenSocket,
		},
	},
	Limits:       tcpLimits,
	New:          tcp.newLink,
	NewPair:      tcp.newPair,
	Capacity:     bothCapacity,
	Tunes:        true,
	OpenSender:   opens("tcp", sendStream),
	OpenReceiver: opens("tcp", recvStream),
})

var (
	anyUser      = Caution{"any process that reaches the port may connect: 127.0.0.1 keeps other machines out, and no user of this one", "ip(7)"}
	noBoundaries = Caution{"it keeps no message boundaries: the reader must know where a message ends", "tcp(7)"}
	resets       = Caution{"a peer that closes without having read all ends the connection by a reset: what was under way is lost", "tcp(7)"}
)
