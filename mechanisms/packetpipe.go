package mechanisms

import "golang.org/x/sys/unix"

// A pipe in packet mode holds as many packets as it has pages, of any size.
var _ = Register(Mechanism{
	Name:    "packetpipe",
	Summary: "packets through a pipe, O_DIRECT",
	Man:     []string{"pipe(2)", "pipe(7)"},
	Framing: Packet,
	Polls:   true,
	Since:   "3.4",
	EOF:     true,
	Facts: Facts{
		Kernel: "A pipe whose write(2) puts each message into pages of its own (PIPE_BUF_FLAG_PACKET) instead of behind the last one. " +
			"A read(2) ends with the packet and drops what the reader has no room for. " +
			"A slot is taken by a packet of any size, so that the 16 slots of the default hold 16 packets, and their writer sleeps.",
		Path:   pipePath,
		Gone:   "EPIPE",
		Traits: packetpipeTraits,
		Cautions: []Caution{
			{"a message of more than PIPE_BUF (4096) bytes is split into several packets, and the write succeeds", "pipe(2)"},
			{"a read with too small a buffer discards the rest of the packet in silence", "pipe(2)"},
			breaks,
		},
	},
	Limits:       packetpipeLimits,
	New:          func(s Spec) (*Link, error) { return newPipe("packetpipe", s, unix.O_DIRECT) },
	Capacity:     pipeCapacity,
	Uses:         pipeUses,
	Usual:        usualPipe,
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
