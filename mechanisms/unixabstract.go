package mechanisms

import "golang.org/x/sys/unix"

var abstract = socketKind{"unixabstract", meets(unix.AF_UNIX, unix.SOCK_STREAM, unixAbstract, nil), givenUnix}

var _ = Register(Mechanism{
	Name:    "unixabstract",
	Summary: "byte stream through UNIX domain sockets, connected by an abstract name",
	Man:     namedMan,
	Framing: Stream,
	Since:   "2.6.28", // accept4
	EOF:     true,
	Polls:   true,
	Batches: true,
	Facts: Facts{
		Kernel: "The name, which begins with a zero byte and is no file, leads connect(2) to the socket that listens (unix_stream_connect, unix_find_abstract), which finds the other end on its queue at accept(2); what follows is a socketpair. " + unixStreamKernel,
		Path:   socketPath, Unrelated: true,
		Gone:   "EPIPE",
		Traits: abstractTraits,
		Cautions: []Caution{
			{"any process of the network namespace may connect, or take the name first: it has no mode and no owner, so that each side must look at SO_PEERCRED", "unix(7)"},
			{"it keeps no message boundaries: the reader must know where a message ends", "unix(7)"},
			{"no page promises that the messages of several senders stay apart, at any size", "unix(7)"},
			bookkeeping,
			brokenSocket,
		},
	},
	Limits:       streamSocketLimits,
	New:          abstract.newLink,
	NewPair:      abstract.newPair,
	Capacity:     sentCapacity,
	OpenSender:   opens("unixabstract", sendStream),
	OpenReceiver: opens("unixabstract", recvStream),
})
