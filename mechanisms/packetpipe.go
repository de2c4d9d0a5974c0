package mechanisms

import "golang.org/x/sys/unix"

// A pipe in packet mode holds as many packets as it has pages, of any size.
var _ = Register(Mechanism{
	Name:         "packetpipe",
	Summary:      "packets through a pipe, O_DIRECT",
	Man:          []string{"pipe(2)", "pipe(7)"},
	Framing:      Packet,
	Since:        "3.4",
	EOF:          true,
	Limits:       packetpipeLimits,
	New:          func(s Spec) (*Link, error) { return newPipe("packetpipe", s, unix.O_DIRECT) },
	OpenSender:   opens("packetpipe", sendPacket),
	OpenReceiver: opens("packetpipe", recvPacket),
})

func packetpipeLimits(int) (Limits, error) {
	queue, err := pipeQueueLimit()
	return Limits{
		Message: Limit{N: pipeBuf, Source: "PIPE_BUF", Beyond: "split into several packets, pipe(2)"},
		Queue:   queue,
	}, err
}
