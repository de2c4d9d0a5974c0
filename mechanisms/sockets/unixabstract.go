package sockets

import (
	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
)

var abstract = socketKind{"unixabstract", connectPair(unix.AF_UNIX, unix.SOCK_STREAM, unixAbstract, nil), givenUnix}

var _ = abstract.register(mechanisms.Mechanism{
	VariantOf: "unixsock",
	Summary:   "byte stream through UNIX domain sockets, connected by an abstract name",
	Man:       namedMan,
	Framing:   mechanisms.Stream,
	Since:     "2.6.28", // accept4
	EOF:       true,
	Facts: mechanisms.Facts{
		Kernel:    "The name begins with a zero byte, and is no file. It leads connect(2) to the socket that listens (unix_stream_connect, unix_find_abstract). accept(2) finds the other end on that socket's queue; what follows is a socketpair. " + unixStreamKernel,
		Unrelated: true,
		Traits:    abstractTraits,
		Cautions: []mechanisms.Caution{
			{Text: "any process of the network namespace may connect, or take the name first: it has no mode and no owner, so that each side must look at SO_PEERCRED", Man: "unix(7)"},
			{Text: "it keeps no message boundaries: the reader must know where a message ends", Man: "unix(7)"},
			{Text: "no page promises that the messages of several senders stay apart, at any size", Man: "unix(7)", Silent: true},
			bookkeeping,
			brokenSocket,
		},
	},
	Limits: streamSocketLimits,
})

var abstractTraits = func() mechanisms.Traits {
	t := socketpairTraits
	t.Persistence = mechanisms.Checked("nothing: the name goes with its socket", "N13")
	t.Permission = mechanisms.Documented("any user: SO_PEERCRED names the peer", "unix(7)")
	t.Namespace = mechanisms.Documented("network: an abstract name", "unix(7)")
	return t
}()
