package mechanisms

import "golang.org/x/sys/unix"

var _ = Register(Mechanism{
	Name:    "dgram",
	Summary: "datagrams through a pair of UNIX domain sockets",
	Man:     socketMan,
	Framing: Packet,
	Since:   "2.6.27", // SOCK_CLOEXEC
	EOF:     false,    // a receiver is not told that its peer has closed
	Polls:   true,
	Batches: true,
	Facts: Facts{
		Kernel: "A write(2) enters unix_dgram_sendmsg, which copies the message into one socket buffer (sk_buff) charged to the sender's SO_SNDBUF, queues it on the peer's sk_receive_queue and wakes it. " +
			"A read(2) enters unix_dgram_recvmsg, which copies it out and frees the buffer, whole. " +
			"The sender sleeps in sock_alloc_send_pskb while its charge is spent; nothing is lost or reordered, unlike on a network.",
		Path:   socketPath,
		Gone:   "ECONNREFUSED",
		Traits: dgramTraits,
		Cautions: []Caution{
			{"a receiver is not told that its peer has gone: it waits for ever, and a read of 0 bytes is a message", "recv(2)"},
			{"a read with too small a buffer discards the rest of the message", "recv(2)"},
			{"a message must fit the send buffer: one larger than SO_SNDBUF less 32 bytes is refused with EMSGSIZE", "unix(7)"},
			bookkeeping,
		},
	},
	Limits:       packetSocketLimits(unix.SOCK_DGRAM),
	New:          unixPair("dgram", unix.SOCK_DGRAM).newLink,
	NewPair:      unixPair("dgram", unix.SOCK_DGRAM).newPair,
	Capacity:     sentCapacity,
	OpenSender:   opens("dgram", sendMessages),
	OpenReceiver: opens("dgram", recvMessages),
})
