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
	for _, size := range b.sizes(1, 7, 8, 64, 4095, 4096, 4097, 65537, min(l.Message.N, largest)) {
		if size == 0 {
			continue // no limit
		}
		s := b.spec(size)
		if refusal := l.Admit(b.m.Name, s); refusal != nil {
			if err := named(refusal); err != nil {
				return err
			}
			continue
		}
		// There and back: the answer is made from what arrived.
		there, err := b.line(s)
		if err != nil {
			return err
		}
		back, err := b.line(s)
		if err != nil {
			return err
		}
		for range 3 {
			if err := there.pass(1); err != nil {
				return fmt.Errorf("%d B there: %w", size, err)
			}
			if err := back.pass(1); err != nil {
				return fmt.Errorf("%d B back: %w", size, err)
			}
		}
		if err := there.close(); err != nil {
			return err
		}
		if err := back.close(); err != nil {
			return err
		}
	}
	return nil
}

// ordered is how many messages the rule on order sends, at least, of small ones.
const ordered = 4000

// orderly is how many it sends of that size: large ones wrap a queue sooner.
func orderly(size int) int { return min(ordered, 64<<20/size) }

// order sends sizes of which whole numbers do and do not fill a page.
func order(b *bed) error {
	for _, size := range b.sizes(64, 61) {
		s := b.spec(size)
		whole, _, err := b.holds(s)
		if err != nil {
			return err
		}
		l, err := b.line(s)
		if err != nil {
			return err
		}
		l.room = max(1, whole/2)
		if err := l.finish(max(orderly(s.Size), 3*whole)); err != nil {
			return err
		}
		if err := l.close(); err != nil {
			return err
		}
	}
	return nil
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
	for _, size := range b.sizes(1, 64, 1023, 4095, 4097, 8193, 65537, l.Atomic.N-1, l.Atomic.N) {
		s.Size = size
		if size < 1 || b.admit(s) != nil {
			continue
		}
		if b.m.Lost != nil {
			if whole, _, err := b.holds(s); err != nil || whole < s.Senders {
				if err != nil {
					return err
				}
				continue // messages of all senders at once would not fit
			}
		}
		l, err := b.line(s)
		if err != nil {
			return err
		}
		if err := l.pass(300); err != nil {
			return fmt.Errorf("%d senders of %d B: %w", s.Senders, size, err)
		}
		if err := l.close(); err != nil {
			return err
		}
	}
	return nil
}

func reuse(b *bed) error {
	for _, size := range b.sizes(1, 64, 4096) {
		l, err := b.line(b.spec(size))
		if err != nil {
			return err
		}
		p := mechanisms.Buffer(size)
		for seq := range uint64(2) {
			l.put(p, 0, seq)
			if err := l.senders[0].Send(p); err != nil {
				return err
			}
		}
		put(p, 3, 0) // never sent
		if err := l.receive(2); err != nil {
			return err
		}
	}
	return nil
}
