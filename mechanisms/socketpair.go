package mechanisms

import "golang.org/x/sys/unix"

var _ = Register(Mechanism{
	Name:    "socketpair",
	Summary: "byte stream through a pair of UNIX domain sockets",
	Man:     socketMan,
	Framing: Stream,
	Since:   "2.6.27", // SOCK_CLOEXEC
	EOF:     true,
	Polls:   true,
	Batches: true,
	Facts: Facts{
		Kernel: unixStreamKernel,
		Path:   socketPath,
		Gone:   "EPIPE",
		Traits: socketpairTraits,
		Cautions: []Caution{
			{"it keeps no message boundaries: the reader must know where a message ends", "unix(7)"},
			{"no page promises that the messages of several senders stay apart, at any size", "unix(7)"},
			bookkeeping,
			brokenSocket,
		},
	},
	Limits:       streamSocketLimits,
	New:          unixPair("socketpair", unix.SOCK_STREAM).newLink,
	NewPair:      unixPair("socketpair", unix.SOCK_STREAM).newPair,
	Capacity:     sentCapacity,
	OpenSender:   opens("socketpair", sendStream),
	OpenReceiver: opens("socketpair", recvStream),
})
