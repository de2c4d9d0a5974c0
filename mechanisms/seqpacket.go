package mechanisms

import "golang.org/x/sys/unix"

var _ = Register(Mechanism{
	Name:    "seqpacket",
	Summary: "packets through a pair of connected UNIX domain sockets",
	Man:     socketMan,
	Framing: Packet,
	Since:   "2.6.27", // SOCK_CLOEXEC
	EOF:     true,
	Polls:   true,
	Batches: true,
	Facts: Facts{
		Kernel: unixSeqKernel,
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
	New:          unixPair("seqpacket", unix.SOCK_SEQPACKET).newLink,
	NewPair:      unixPair("seqpacket", unix.SOCK_SEQPACKET).newPair,
	Capacity:     sentCapacity,
	OpenSender:   opens("seqpacket", sendMessages),
	OpenReceiver: opens("seqpacket", recvMessages),
})
