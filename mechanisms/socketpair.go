package mechanisms

import "golang.org/x/sys/unix"

var _ = Register(Mechanism{
	Name:    "socketpair",
	Summary: "byte stream through a pair of UNIX domain sockets",
	Man:     socketMan,
	Framing: Stream,
	Polls:   true,
	Batches: true,
	Since:   "2.6.27", // SOCK_CLOEXEC
	EOF:     true,
	Facts: Facts{
		Kernel: "A write(2) enters unix_stream_sendmsg, which copies the message into socket buffers (sk_buff) charged to the sender's SO_SNDBUF, queues them on the peer's sk_receive_queue and wakes it. " +
			"A read(2) enters unix_stream_read_generic, which copies out of the first buffers and frees those that are used up. " +
			"The sender sleeps in sock_alloc_send_pskb while its charge is spent, and is woken as buffers are freed (sock_wfree).",
		Path:   socketPath,
		Gone:   "EPIPE",
		Traits: socketpairTraits,
		Cautions: []Caution{
			{"it keeps no message boundaries: the reader must know where a message ends", "unix(7)"},
			{"no page promises that the messages of several senders stay apart, at any size", "unix(7)"},
			bookkeeping,
			brokenSocket,
		},
	},
	Limits:       streamSocketLimits,
	New:          func(s Spec) (*Link, error) { return newSocket("socketpair", unix.SOCK_STREAM, s) },
	NewPair:      func(s Spec) (there, back *Link, err error) { return newSocketPair("socketpair", unix.SOCK_STREAM, s) },
	OpenSender:   opens("socketpair", sendStream),
	OpenReceiver: opens("socketpair", recvStream),
})
