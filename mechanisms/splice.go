package mechanisms

import (
	"fmt"
	"io"

	"ipcbench/internal/sys"
)

// A pipe whose relaying processes pass pages on by reference. The first process
// writes and the last one reads, as with any pipe.
var _ = Register(Mechanism{
	Name:    "splice",
	Summary: "byte stream through a pipe, spliced into the next one by who passes it on",
	Man:     []string{"splice(2)", "pipe(7)"},
	Framing: Stream,
	Since:   "2.6.31", // from pipe to pipe
	EOF:     true,
	Relays:  true,
	Facts: Facts{
		Kernel: "A write(2) copies the message into pages of the first pipe, and a read(2) copies it out of the last one, as with any pipe. " +
			"In between a splice(2) enters splice_pipe_to_pipe in fs/splice.c, which moves whole slots from one pipe to the next and shares the page of one that is to be split: no byte is copied. " +
			"It sleeps while there is nothing in the one pipe or no slot in the other.",
		Path: Path{
			Send: pipePath.Send, Object: pipePath.Object, Receive: pipePath.Receive,
			Relay: Hop{Call: "splice"},
		},
		Gone:   "EPIPE",
		Traits: spliceTraits("Z05"),
		Cautions: []Caution{
			{"who splices does not see what it passes on, and cannot check it", "splice(2)"},
			{"only a process that passes messages on saves anything: who makes or wants the bytes copies them", "splice(2)"},
			{"a splice moves what is there, which may be part of a message", "splice(2)"},
			{"it takes a slot of the next pipe for every piece, however short: a full page is moved as cheaply as a byte", "splice(2)"},
			interleaves,
			breaks,
		},
	},
	Limits:       pipeLimits,
	New:          func(s Spec) (*Link, error) { return newPipe("splice", s, 0) },
	Capacity:     pipeCapacity,
	Uses:         pipeUses,
	Usual:        usualPipe,
	OpenSender:   opens("splice", func(d descriptor) Sender { return &spliceSender{streamSender{descriptor: d}} }),
	OpenReceiver: opens("splice", recvStream),
})

// The same where who passes on keeps a copy for itself.
var _ = Register(Mechanism{
	Name:    "tee",
	Summary: "byte stream through a pipe, duplicated into the next one by who passes it on",
	Man:     []string{"tee(2)", "splice(2)", "pipe(7)"},
	Framing: Stream,
	Since:   "2.6.27", // pipe2
	EOF:     true,
	Relays:  true,
	Facts: Facts{
		Kernel: "A write(2) copies the message into pages of the first pipe, and a read(2) copies it out of the last one, as with any pipe. " +
			"In between a tee(2) enters link_pipe in fs/splice.c, which gives slots of the next pipe a reference to the same pages and consumes nothing. " +
			"What it has given is then read from the first pipe, by copying, and checked, while the next process may have it already.",
		Path: Path{
			Send: pipePath.Send, Object: pipePath.Object, Receive: pipePath.Receive,
			Relay: Hop{Call: "tee", Kernel: 1, Also: []string{"read"}},
		},
		Gone:   "EPIPE",
		Traits: spliceTraits("Z02"),
		Cautions: []Caution{
			{"tee(2) consumes nothing: what it has duplicated must be read or spliced away, exactly, before the next call", "tee(2)"},
			{"a copy that is found wrong cannot be called back: the next process has it already", "tee(2)"},
			{"a call duplicates what is there, which may be part of a message", "tee(2)"},
			interleaves,
			breaks,
		},
	},
	Limits:       pipeLimits,
	New:          func(s Spec) (*Link, error) { return newPipe("tee", s, 0) },
	Capacity:     pipeCapacity,
	Uses:         pipeUses,
	Usual:        usualPipe,
	OpenSender:   opens("tee", func(d descriptor) Sender { return &teeSender{streamSender{descriptor: d}} }),
	OpenReceiver: opens("tee", recvStream),
})

// spliceTraits are those of a pipe, with the statement that holds a relay true.
func spliceTraits(relayed string) Traits {
	t := pipeTraits
	t.Message = trait("no messages: passed on in parts", "P06", relayed)
	return t
}

type (
	spliceSender struct{ streamSender }
	teeSender    struct{ streamSender }
)

// Relay moves the message from pipe to pipe.
func (s *spliceSender) Relay(from Receiver, p []byte) (copied bool, err error) {
	in, err := s.source(from)
	for rest := len(p); err == nil && rest > 0; {
		var n int
		if n, err = sys.Splice(in, s.fd, nil, rest); err == nil {
			rest, err = remaining(rest, n, len(p))
		}
	}
	return false, s.relayed(p, err)
}

// Relay gives the next pipe the message, as far as it takes it, and reads as
// much, until there is nothing left of it.
func (s *teeSender) Relay(from Receiver, p []byte) (copied bool, err error) {
	in, err := s.source(from)
	for rest := p; err == nil && len(rest) > 0; {
		var given int
		if given, err = sys.Tee(in, s.fd, len(rest)); err == nil {
			_, err = remaining(len(rest), given, len(p))
		}
		for given > 0 && err == nil {
			var n int
			if n, err = sys.Read(in, rest[:given]); err == nil {
				rest, given = rest[n:], given-n
			}
		}
	}
	return true, s.relayed(p, err)
}

// source is the descriptor that another link's receiver reads from.
func (s *streamSender) source(from Receiver) (int, error) {
	if r, ok := from.(*streamReceiver); ok {
		return r.fd, nil
	}
	return -1, fmt.Errorf("cannot pass on from a %T", from)
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

// relayed is what a Relay returns.
func (s *streamSender) relayed(p []byte, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	return failed("relay", s.mechanism, len(p), err)
}
