package sockets

import (
	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
)

var unixseq = socketKind{"unixseq", connectPair(unix.AF_UNIX, unix.SOCK_SEQPACKET, unixFile, nil), givenUnix}

var _ = unixseq.register(mechanisms.Mechanism{
	Summary: "packets through connected UNIX domain sockets, by a path",
	Man:     namedMan,
	Framing: mechanisms.Packet,
	Since:   "2.6.28", // accept4
	EOF:     true,
	Facts: mechanisms.Facts{
		Kernel:    "The path leads connect(2) to the socket that listens (unix_stream_connect), which finds the other end on its queue at accept(2); what follows is a socketpair of SOCK_SEQPACKET. " + unixSeqKernel,
		Unrelated: true,
		Traits:    unixseqTraits,
		Cautions: []mechanisms.Caution{
			{Text: "a read with too small a buffer discards the rest of the message", Man: "recv(2)"},
			{Text: "a message must fit the send buffer: one larger than SO_SNDBUF less 32 bytes is refused with EMSGSIZE", Man: "unix(7)"},
			{Text: "the name stays when its processes have gone, and bind fails with EADDRINUSE until it is unlinked", Man: "unix(7)"},
			{Text: "a message of no bytes reads like the end of file", Man: "recv(2)"},
			bookkeeping,
		},
	},
	Limits: packetSocketLimits(unix.SOCK_SEQPACKET),
})

var unixseqTraits = named(seqpacketTraits)
