package pipes

import (
	"io"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

// A pipe whose relaying processes pass pages on by reference. The first process
// writes and the last one reads, as with any pipe.
var _ = register(0, mechanisms.Mechanism{
	Name:      "splice",
	VariantOf: "pipe",
	Summary:   "byte stream through a pipe, spliced into the next one by the process that passes it on",
	Man:       []string{"splice(2)", "pipe(7)"},
	Framing:   mechanisms.Stream,
	Since:     "2.6.31", // from pipe to pipe
	Relays:    true,
	Facts: mechanisms.Facts{
		Kernel: "A write(2) copies the message into pages of the first pipe, and a read(2) copies it out of the last one, as with any pipe. " +
			"In between a splice(2) enters splice_pipe_to_pipe in fs/splice.c, which moves whole slots from one pipe to the next. If a slot is to be split, both parts share its page. No byte is copied. " +
			"It sleeps while there is nothing in the one pipe or no slot in the other.",
		Path: mechanisms.Path{
			Send: pipePath.Send, Object: pipePath.Object, Receive: pipePath.Receive,
			Relay: mechanisms.Hop{Call: "splice"},
		},
		Traits: spliceTraits("Z05"),
		Cautions: []mechanisms.Caution{
			{Text: "a process that splices does not see what it passes on, and cannot check it", Man: "splice(2)"},
			{Text: "only a process that passes messages on saves anything: the processes that make or want the bytes copy them", Man: "splice(2)"},
			{Text: "a splice moves what is there, which may be part of a message", Man: "splice(2)"},
			{Text: "it takes a slot of the next pipe for every piece, however short: a full page is moved as cheaply as a byte", Man: "splice(2)"},
			interleaves,
			breaks,
		},
	},
	OpenSender:   descriptor.Opens("splice", func(d descriptor.End) mechanisms.Sender { return &spliceSender{descriptor.StreamSender{End: d}} }),
	OpenReceiver: descriptor.Opens("splice", descriptor.RecvStream),
})

// spliceTraits are those of a pipe, with the statement that holds a relay true.
func spliceTraits(relayed string) mechanisms.Traits {
	t := pipeTraits
	t.Message = mechanisms.Checked("no messages: passed on in parts", "P06", relayed)
	return t
}

type (
	spliceSender struct{ descriptor.StreamSender }
	teeSender    struct{ descriptor.StreamSender }
)

// Relay moves the message from pipe to pipe.
func (s *spliceSender) Relay(from mechanisms.Receiver, p []byte) (copied bool, err error) {
	in, err := s.Source(from)
	for rest := len(p); err == nil && rest > 0; {
		var n int
		if n, err = sys.Splice(in, s.Num, nil, rest); err == nil {
			rest, err = remaining(rest, n, len(p))
		}
	}
	return false, s.Relayed(p, err)
}

// Relay gives the next pipe the message, as far as it takes it, and reads as
// much, until there is nothing left of it.
func (s *teeSender) Relay(from mechanisms.Receiver, p []byte) (copied bool, err error) {
	in, err := s.Source(from)
	for rest := p; err == nil && len(rest) > 0; {
		var given int
		if given, err = sys.Tee(in, s.Num, len(rest)); err == nil {
			_, err = remaining(len(rest), given, len(p))
		}
		for given > 0 && err == nil {
			var n int
			if n, err = sys.Read(in, rest[:given]); err == nil {
				rest, given = rest[n:], given-n
			}
		}
	}
	return true, s.Relayed(p, err)
}

// remaining is what is to come of a message of size bytes, of which the last call
// moved n. A pipe that gives none has ended.
func remaining(rest, n, size int) (int, error) {
	switch {
	case n > 0:
		return rest - n, nil
	case rest == size:
		return rest, io.EOF
	}
	return rest, io.ErrUnexpectedEOF
}
