package mechanisms

import "golang.org/x/sys/unix"

var _ = Register(Mechanism{
	Name:    "seqpacket",
	Summary: "packets through a pair of connected UNIX domain sockets",
	Man:     socketMan,
	Framing: Packet,
	Polls:   true,
	Since:   "2.6.27", // SOCK_CLOEXEC
	EOF:     true,
	Facts: Facts{
		Kernel: "A write(2) enters unix_seqpacket_sendmsg and so unix_dgram_sendmsg, which copies the message into one socket buffer (sk_buff) charged to the sender's SO_SNDBUF, queues it on the peer's sk_receive_queue and wakes it. " +
			"A read(2) enters unix_seqpacket_recvmsg, which copies it out and frees the buffer, whole. " +
			"The sender sleeps in sock_alloc_send_pskb while its charge is spent.",
		Path:   socketPath,
		Gone:   "EPIPE",
		Traits: seqpacketTraits,
		Cautions: []Caution{
			{"a read with too small a buffer discards the rest of the message", "recv(2)"},
			{"a message must fit the send buffer: one larger than SO_SNDBUF less 32 bytes is refused with EMSGSIZE", "unix(7)"},
			{"a message of no bytes reads like the end of file", "recv(2)"},
			bookkeeping,
			brokenSocket,
		},
	},
	Limits:       packetSocketLimits(unix.SOCK_SEQPACKET),
	New:          func(s Spec) (*Link, error) { return newSocket("seqpacket", unix.SOCK_SEQPACKET, s) },
	NewPair:      func(s Spec) (there, back *Link, err error) { return newSocketPair("seqpacket", unix.SOCK_SEQPACKET, s) },
	OpenSender:   opens("seqpacket", sendPacket),
	OpenReceiver: opens("seqpacket", recvPacket),
})
