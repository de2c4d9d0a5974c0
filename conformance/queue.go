package conformance

import (
	"errors"
	"fmt"
	"io"

	"ipcbench/mechanisms"
)

func queue(b *bed) error {
	l, err := b.m.Limits(0)
	if err != nil {
		return err
	}
	asks := []int{4 << 10, 64 << 10, 1 << 20}
	if n := l.Queue.N; n > 0 && n <= largest {
		asks = append(asks, n, n+1)
	}
	if n := l.Messages.N; n > 0 {
		asks = append(asks, n*64)
	}
	var last given
	for _, ask := range asks {
		s := b.spec(64)
		ask = max(ask, s.Size) // a byte stream need not hold a whole one in less
		s.Queue = ask
		refusal := b.admit(s)
		var g given
		if refusal == nil {
			g.whole, g.Given, refusal = b.holds(s)
		}
		if refusal != nil {
			if err := named(refusal); err != nil {
				return fmt.Errorf("queue of %d B: %w", ask, err)
			}
			continue
		}
		if g.Queue < ask || g.Source == "" {
			return fmt.Errorf("asked for %d B, given %d B (%q) and no error", ask, g.Queue, g.Source)
		}
		// What was given shows in what the link holds, unless messages are counted.
		if n := l.Held.N; n > 0 && g.whole > n {
			return fmt.Errorf("given %d B it holds %d messages, declared are %d (%s)", g.Queue, g.whole, n, l.Held.Source)
		}
		if last.Queue > 0 && g.Queue >= 4*last.Queue && g.whole <= last.whole && g.whole != l.Held.N {
			return fmt.Errorf("given %d B it holds %d messages, given %d B it holds %d", last.Queue, last.whole, g.Queue, g.whole)
		}
		last = g
	}
	return nil
}

// given is a queue and how many messages filled it.
type given struct {
	mechanisms.Given
	whole int
}

// capacity holds what the ends read against what the link was given, by default
// and where a queue was asked for.
func capacity(b *bed) error {
	if b.m.Capacity == nil {
		return errors.New("without Capacity a launch cannot see that a link has another capacity than its maker read")
	}
	for _, queue := range []int{0, 16 << 10} {
		s := b.spec(64)
		if queue > 0 {
			s.Queue = max(queue, s.Size)
		}
		if b.admit(s) != nil {
			continue
		}
		l, err := b.line(s)
		if err != nil {
			return err
		}
		for _, when := range []string{"before", "after"} {
			got, err := l.capacity()
			if err != nil {
				return err
			}
			if got.Queue != l.link.Given.Queue && !(when == "after" && b.m.Tunes && queue == 0) {
				return fmt.Errorf("asked for %d B, the maker read %d B (%s), and %s messages the ends read %d B (%s)",
					queue, l.link.Given.Queue, l.link.Given.Source, when, got.Queue, got.Source)
			}
			if err := l.pass(10); err != nil {
				return err
			}
		}
		if err := l.close(); err != nil {
			return err
		}
	}
	return nil
}

// capacity joins what the line's ends read.
func (l *line) capacity() (mechanisms.Given, error) {
	var parts []mechanisms.Given
	read := func(end any, sends bool) error {
		g, err := l.bed.m.Capacity(mechanisms.End{Value: end, Sends: sends})
		parts = append(parts, g)
		return err
	}
	for _, s := range l.senders {
		if err := read(s.Sender, true); err != nil {
			return mechanisms.Given{}, err
		}
	}
	for _, r := range l.receivers {
		if err := read(r.Receiver, false); err != nil {
			return mechanisms.Given{}, err
		}
	}
	return mechanisms.JoinCapacity(parts), nil
}

// holds fills a link of its own and reports how many messages it took.
func (b *bed) holds(s mechanisms.Spec) (whole int, g mechanisms.Given, err error) {
	l, err := b.line(s)
	if err != nil {
		return 0, g, err
	}
	if whole, err = l.senders[0].Fill(mechanisms.Buffer(s.Size)); err != nil {
		return 0, g, err
	}
	if whole == 0 {
		return 0, g, errors.New("an empty link took no message")
	}
	return whole, l.link.Given, l.close()
}

// measureRoom finds out how many messages fit, where a full link loses them: half
// of those that another link takes. To fill a TCP link takes a second, which no
// other rule needs.
func (l *line) measureRoom() error {
	if l.bed.m.Lost == nil {
		return nil
	}
	whole, _, err := l.bed.holds(l.link.Sender.Spec)
	l.room = max(1, whole/2)
	return err
}

func fill(b *bed) error {
	return b.each(b.spec(1), func(l *line) error {
		p := mechanisms.Buffer(l.link.Sender.Spec.Size)
		l.put(p, 0, 0)
		whole, err := l.senders[0].Fill(p)
		if err != nil {
			return err
		}
		// Where no end of file can follow, there are no parts of messages either:
		// the next message shows what is inside.
		if err := l.end(l.senders[0]); err != nil {
			return err
		}
		for range whole {
			l.in.next[0] = 0 // copies of the first
			if err := l.receive(1); err != nil {
				return fmt.Errorf("of %d messages that Fill counted: %w", whole, err)
			}
		}
		l.seqs[0] = 1
		// A part of one more message may be inside.
		if err := l.spent(); err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return fmt.Errorf("after %d messages that Fill counted: %w", whole, err)
		}
		return nil
	}, 61, 4096)
}
