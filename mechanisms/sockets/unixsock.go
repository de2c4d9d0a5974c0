package sockets

import (
	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
)

var unixsock = socketKind{"unixsock", connectPair(unix.AF_UNIX, unix.SOCK_STREAM, unixFile, nil), givenUnix}

var _ = unixsock.register(mechanisms.Mechanism{
	Summary: "byte stream through UNIX domain sockets, connected by a path",
	Called:  []string{"af_unix", "uds", "domain", "socket"},
	Man:     namedMan,
	Framing: mechanisms.Stream,
	Since:   "2.6.28", // accept4
	EOF:     true,
	Facts: mechanisms.Facts{
		Kernel:    "The path leads connect(2) to the socket that listens (unix_stream_connect), which finds the other end on its queue at accept(2); what follows is a socketpair. " + unixStreamKernel,
		Unrelated: true,
		Traits:    unixsockTraits,
		Cautions: []mechanisms.Caution{
			{Text: "it keeps no message boundaries: the reader must know where a message ends", Man: "unix(7)"},
			{Text: "no page promises that the messages of several senders stay apart, at any size", Man: "unix(7)", Silent: true},
			{Text: "the name stays when its processes have gone, and bind fails with EADDRINUSE until it is unlinked", Man: "unix(7)"},
			{Text: "a path is at most 107 bytes long", Man: "unix(7)"},
			bookkeeping,
			brokenSocket,
		},
	},
	Limits: streamSocketLimits,
})

// Traits of sockets that meet by a name: once they have met, they are as a
// pair.

var unixsockTraits = named(socketpairTraits)
