package mechanisms

import "golang.org/x/sys/unix"

var _ = Register(Mechanism{
	Name:         "socketpair",
	Summary:      "byte stream through a pair of UNIX domain sockets",
	Man:          socketMan,
	Framing:      Stream,
	Since:        "2.6.27", // SOCK_CLOEXEC
	EOF:          true,
	Limits:       streamSocketLimits,
	New:          func(s Spec) (*Link, error) { return newSocket("socketpair", unix.SOCK_STREAM, s) },
	NewPair:      func(s Spec) (there, back *Link, err error) { return newSocketPair("socketpair", unix.SOCK_STREAM, s) },
	OpenSender:   opens("socketpair", sendStream),
	OpenReceiver: opens("socketpair", recvStream),
})
