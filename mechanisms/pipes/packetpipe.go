package pipes

import (
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

// A pipe in packet mode holds as many packets as it has pages, of any size.
var _ = register(unix.O_DIRECT, mechanisms.Mechanism{
	Name:    "packetpipe",
	Summary: "packets through a pipe, O_DIRECT",
	Man:     []string{"pipe(2)", "pipe(7)"},
	Framing: mechanisms.Packet,
	Polls:   true,
	Since:   "3.4",
	Facts: mechanisms.Facts{
		Kernel: "A pipe whose write(2) puts each message into pages of its own (PIPE_BUF_FLAG_PACKET) instead of behind the last one. " +
			"A read(2) ends with the packet and drops what the reader has no room for. " +
			"A slot is taken by a packet of any size, so that the 16 slots of the default hold 16 packets, and their writer sleeps.",
		Path:   pipePath,
		Traits: packetpipeTraits,
		Cautions: []mechanisms.Caution{
			{Text: "a message of more than PIPE_BUF (4096) bytes is split into several packets, and the write succeeds", Man: "pipe(2)", Silent: true},
			{Text: "a read with too small a buffer discards the rest of the packet in silence", Man: "pipe(2)"},
			breaks,
		},
	},
	Limits:       packetpipeLimits,
	OpenSender:   descriptor.Opens("packetpipe", descriptor.SendPacket),
	OpenReceiver: descriptor.Opens("packetpipe", descriptor.RecvPacket),
})

// pipe(2) promises packets of PIPE_BUF, 4096 bytes. The kernel gives each a page: on
// arm64 with pages of 16 KiB one of 4097 bytes arrives whole.
func packetpipeLimits(int) (mechanisms.Limits, error) {
	queue, err := QueueLimit()
	message := mechanisms.Limit{N: pipeBuf, Source: "PIPE_BUF", Beyond: "split into several packets, pipe(2)"}
	if page := os.Getpagesize(); page > pipeBuf {
		message.N, message.Source = page, "a page"
	}
	return mechanisms.Limits{Message: message, Queue: queue}, err
}

var packetpipeTraits = func() mechanisms.Traits {
	t := pipeTraits
	t.Message = mechanisms.Checked("PIPE_BUF, 4096 bytes, then split", "K03")
	t.Capacity = mechanisms.Checked("16 packets of any size", "K04")
	return t
}()
