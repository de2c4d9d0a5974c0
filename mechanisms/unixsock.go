package mechanisms

import "golang.org/x/sys/unix"

var unixsock = socketKind{"unixsock", meets(unix.AF_UNIX, unix.SOCK_STREAM, unixFile, nil), givenUnix}

var _ = Register(Mechanism{
	Name:    "unixsock",
	Summary: "byte stream through UNIX domain sockets, connected by a path",
	Man:     namedMan,
	Framing: Stream,
	Since:   "2.6.28", // accept4
	EOF:     true,
	Polls:   true,
	Batches: true,
	Facts: Facts{
		Kernel: "The path leads connect(2) to the socket that listens (unix_stream_connect), which finds the other end on its queue at accept(2); what follows is a socketpair. " + unixStreamKernel,
		Path:   socketPath, Unrelated: true,
		Gone:   "EPIPE",
		Traits: unixsockTraits,
		Cautions: []Caution{
			{"it keeps no message boundaries: the reader must know where a message ends", "unix(7)"},
			{"no page promises that the messages of several senders stay apart, at any size", "unix(7)"},
			{"the name stays when its processes have gone, and bind fails with EADDRINUSE until somebody unlinks it", "unix(7)"},
			{"a path is at most 107 bytes long", "unix(7)"},
			bookkeeping,
			brokenSocket,
		},
	},
	Limits:       streamSocketLimits,
	New:          unixsock.newLink,
	NewPair:      unixsock.newPair,
	Capacity:     sentCapacity,
	OpenSender:   opens("unixsock", sendStream),
	OpenReceiver: opens("unixsock", recvStream),
})
