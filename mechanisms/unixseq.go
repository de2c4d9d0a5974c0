package mechanisms

import "golang.org/x/sys/unix"

var unixseq = socketKind{"unixseq", meets(unix.AF_UNIX, unix.SOCK_SEQPACKET, unixFile, nil), givenUnix}

var _ = Register(Mechanism{
	Name:    "unixseq",
	Summary: "packets through connected UNIX domain sockets, by a path",
	Man:     namedMan,
	Framing: Packet,
	Since:   "2.6.28", // accept4
	EOF:     true,
	Polls:   true,
	Batches: true,
	Facts: Facts{
		Kernel: "The path leads connect(2) to the socket that listens (unix_stream_connect), which finds the other end on its queue at accept(2); what follows is a socketpair of SOCK_SEQPACKET. " + unixSeqKernel,
		Path:   socketPath, Unrelated: true,
		Gone:   "EPIPE",
		Traits: unixseqTraits,
		Cautions: []Caution{
			{"a read with too small a buffer discards the rest of the message", "recv(2)"},
			{"a message must fit the send buffer: one larger than SO_SNDBUF less 32 bytes is refused with EMSGSIZE", "unix(7)"},
			{"the name stays when its processes have gone, and bind fails with EADDRINUSE until somebody unlinks it", "unix(7)"},
			{"a message of no bytes reads like the end of file", "recv(2)"},
			bookkeeping,
			brokenSocket,
		},
	},
	Limits:       packetSocketLimits(unix.SOCK_SEQPACKET),
	New:          unixseq.newLink,
	NewPair:      unixseq.newPair,
	Capacity:     sentCapacity,
	OpenSender:   opens("unixseq", sendMessages),
	OpenReceiver: opens("unixseq", recvMessages),
})
