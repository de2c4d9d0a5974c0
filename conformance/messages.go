package conformance

import (
	"fmt"

	"ipcbench/mechanisms"
)

func roundTrip(b *bed) error {
	l, err := b.m.Limits(0)
	if err != nil {
		return err
	}
	sizes := []int{1, 7, 8, 64, 4095, 4096, 4097, 65537}
	if l.Message.N > 0 {
		sizes = append(sizes, min(l.Message.N, largest))
	}
	// There and back: the answer is made from what arrived.
	return b.each(b.spec(1), func(there *line) error {
		back, err := b.line(there.link.Sender.Spec)
		if err != nil {
			return err
		}
		for range 3 {
			if err := there.pass(1); err != nil {
				return fmt.Errorf("there: %w", err)
			}
			if err := back.pass(1); err != nil {
				return fmt.Errorf("back: %w", err)
			}
		}
		return back.close()
	}, sizes...)
}

// ordered is how many messages the rule on order sends, at least, of small ones.
const ordered = 4000

// orderly is how many it sends of that size: large ones wrap a queue sooner.
func orderly(size int) int { return min(ordered, 64<<20/size) }

// order sends sizes of which whole numbers do and do not fill a page.
func order(b *bed) error {
	s := b.spec(1)
	s.Queue = b.smallQueue()
	return b.each(s, func(l *line) error {
		whole, _, err := b.holds(l.link.Sender.Spec)
		if err != nil {
			return err
		}
		l.room = max(1, whole/2)
		return l.finish(max(orderly(l.link.Sender.Spec.Size), 3*whole))
	}, 64, 61)
}

// senders tries sizes at the declared limit and, where there is none, odd
// sizes beyond PIPE_BUF: writes of whole pages seem not to mix where others
// do.
func senders(b *bed) error {
	s := b.spec(1)
	s.Senders = 3
	if refusal := b.admit(s); refusal != nil {
		return named(refusal)
	}
	l, err := b.m.Limits(0)
	if err != nil {
		return err
	}
	sizes := []int{1, 64, 1023, 4095, 4097, 8193, 65537}
	if n := l.Atomic.N; n > 0 {
		sizes = append(sizes, max(1, n-1), n)
	}
	return b.each(s, func(l *line) error {
		if b.m.Lost != nil {
			whole, _, err := b.holds(l.link.Sender.Spec)
			if err != nil {
				return err
			}
			if whole < s.Senders {
				return nil // messages of all senders at once would not fit
			}
		}
		return l.pass(300)
	}, sizes...)
}

func reuse(b *bed) error {
	return b.each(b.spec(1), func(l *line) error {
		p := mechanisms.Buffer(l.link.Sender.Spec.Size)
		for seq := range uint64(2) {
			l.put(p, 0, seq)
			if err := l.senders[0].Send(p); err != nil {
				return err
			}
		}
		put(p, 3, 0) // never sent
		return l.receive(2)
	}, 1, 64, 4096)
}
