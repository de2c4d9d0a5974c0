package mechanisms

import "golang.org/x/sys/unix"

var _ = Register(Mechanism{
	Name:         "dgram",
	Summary:      "datagrams through a pair of UNIX domain sockets",
	Man:          socketMan,
	Framing:      Packet,
	Since:        "2.6.27", // SOCK_CLOEXEC
	EOF:          false,    // a receiver is not told that its peer has closed
	Limits:       packetSocketLimits(unix.SOCK_DGRAM),
	New:          func(s Spec) (*Link, error) { return newSocket("dgram", unix.SOCK_DGRAM, s) },
	NewPair:      func(s Spec) (there, back *Link, err error) { return newSocketPair("dgram", unix.SOCK_DGRAM, s) },
	OpenSender:   opens("dgram", sendPacket),
	OpenReceiver: opens("dgram", recvPacket),
})
