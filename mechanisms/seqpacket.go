package mechanisms

import "golang.org/x/sys/unix"

var _ = Register(Mechanism{
	Name:         "seqpacket",
	Summary:      "packets through a pair of connected UNIX domain sockets",
	Man:          socketMan,
	Framing:      Packet,
	Since:        "2.6.27", // SOCK_CLOEXEC
	EOF:          true,
	Limits:       packetSocketLimits(unix.SOCK_SEQPACKET),
	New:          func(s Spec) (*Link, error) { return newSocket("seqpacket", unix.SOCK_SEQPACKET, s) },
	NewPair:      func(s Spec) (there, back *Link, err error) { return newSocketPair("seqpacket", unix.SOCK_SEQPACKET, s) },
	OpenSender:   opens("seqpacket", sendPacket),
	OpenReceiver: opens("seqpacket", recvPacket),
})
