package sockets

import (
	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
)

var _ = unixPair("dgram", unix.SOCK_DGRAM).register(mechanisms.Mechanism{
	Summary: "datagrams through a pair of UNIX domain sockets",
	Man:     socketMan,
	Framing: mechanisms.Packet,
	Since:   "2.6.27", // SOCK_CLOEXEC
	EOF:     false,    // a receiver gets no notice that its peer has closed
	Facts: mechanisms.Facts{
		Kernel: "A write(2) enters unix_dgram_sendmsg, which copies the message into one socket buffer (sk_buff) charged to the sender's SO_SNDBUF. It queues the buffer on the peer's sk_receive_queue, and wakes the peer. " +
			"A read(2) enters unix_dgram_recvmsg, which copies the message out and frees the whole buffer. " +
			"The sender sleeps in sock_alloc_send_pskb while its charge is spent; nothing is lost or reordered, unlike on a network.",
		Gone:   "ECONNREFUSED",
		Traits: dgramTraits,
		Cautions: []mechanisms.Caution{
			{Text: "a receiver gets no notice that its peer has gone: it waits forever, and a read of 0 bytes is a message", Man: "recv(2)"},
			{Text: "a read with too small a buffer discards the rest of the message", Man: "recv(2)"},
			{Text: "a message must fit the send buffer: one larger than SO_SNDBUF less 32 bytes is refused with EMSGSIZE", Man: "unix(7)"},
			bookkeeping,
		},
	},
	Limits: packetSocketLimits(unix.SOCK_DGRAM),
})

var dgramTraits = func() mechanisms.Traits {
	t := seqpacketTraits
	t.Selection = mechanisms.Checked("in order only", "U17")
	t.Atomic = mechanisms.Checked("whole messages", "U17")
	t.PeerDeath = mechanisms.Checked("reader: nothing; writer: ECONNREFUSED", "U06", "U18")
	return t
}()
