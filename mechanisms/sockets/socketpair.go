package sockets

import (
	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
)

var _ = unixPair("socketpair", unix.SOCK_STREAM).register(mechanisms.Mechanism{
	Summary: "byte stream through a pair of UNIX domain sockets",
	Called:  []string{"af_unix", "uds", "socket"},
	Man:     socketMan,
	Framing: mechanisms.Stream,
	Since:   "2.6.27", // SOCK_CLOEXEC
	EOF:     true,
	Facts: mechanisms.Facts{
		Kernel: unixStreamKernel,
		Traits: socketpairTraits,
		Cautions: []mechanisms.Caution{
			{Text: "it keeps no message boundaries: the reader must know where a message ends", Man: "unix(7)"},
			{Text: "no page promises that the messages of several senders stay apart, at any size", Man: "unix(7)", Silent: true},
			bookkeeping,
			brokenSocket,
		},
	},
	Limits: streamSocketLimits,
})

var socketpairTraits = mechanisms.Traits{
	Duplex:      mechanisms.Checked("both ways", "U01"),
	Persistence: mechanisms.Checked("nothing: what is queued goes with its receiver", "D07", "R12"),
	Pollable:    mechanisms.Checked("yes", "L12"),
	Selection:   mechanisms.Checked("in order only", "U02"),
	Atomic:      mechanisms.Checked("nothing, at any size", "U15"),
	Message:     mechanisms.Checked("no messages", "U02"),
	Capacity:    mechanisms.Checked("SO_SNDBUF, counted in kernel memory", "U10", "U11"),
	PeerDeath:   mechanisms.Checked("reader: end of file, or ECONNRESET; writer: EPIPE and SIGPIPE", "U05", "U08", "U24"),
	PassFD:      mechanisms.Checked("yes, SCM_RIGHTS", "D08", "R03").Yes(),
	Permission:  mechanisms.Checked("processes that inherit or are sent the descriptor", "D08"),
	Namespace:   mechanisms.Checked("none", "D08"),
}
