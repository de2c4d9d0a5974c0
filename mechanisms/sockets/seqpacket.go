package sockets

import (
	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
)

var _ = unixPair("seqpacket", unix.SOCK_SEQPACKET).register(mechanisms.Mechanism{
	Summary: "packets through a pair of connected UNIX domain sockets",
	Man:     socketMan,
	Framing: mechanisms.Packet,
	Since:   "2.6.27", // SOCK_CLOEXEC
	EOF:     true,
	Facts: mechanisms.Facts{
		Kernel: unixSeqKernel,
		Traits: seqpacketTraits,
		Cautions: []mechanisms.Caution{
			{Text: "a read with too small a buffer discards the rest of the message", Man: "recv(2)"},
			{Text: "a message must fit the send buffer: one larger than SO_SNDBUF less 32 bytes is refused with EMSGSIZE", Man: "unix(7)"},
			{Text: "a message of no bytes reads like the end of file", Man: "recv(2)"},
			bookkeeping,
		},
	},
	Limits: packetSocketLimits(unix.SOCK_SEQPACKET),
})

var seqpacketTraits = func() mechanisms.Traits {
	t := socketpairTraits
	t.Selection = mechanisms.Checked("in order only", "U03")
	t.Atomic = mechanisms.Checked("whole messages", "U03")
	t.Message = mechanisms.Checked("SO_SNDBUF", "U09")
	t.PeerDeath = mechanisms.Checked("reader: end of file, or ECONNRESET; writer: EPIPE, no signal", "U07", "U08", "U24")
	return t
}()
