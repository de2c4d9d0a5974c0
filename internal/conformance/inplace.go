package conformance

import (
	"errors"
	"fmt"

	"ipcbench/mechanisms"
)

// inPlace has messages written and read where they lie, beside others that are
// copied, and checks that a received one stays as it is while the sender fills
// what else there is.
func inPlace(b *bed) error {
	if !b.m.WorksInPlace {
		return nil
	}
	for _, size := range b.sizes(1, 64, 61, 4097) {
		s := b.spec(size)
		s.InPlace = true
		if refusal := b.admit(s); refusal != nil {
			if err := named(refusal); err != nil {
				return err
			}
			continue
		}
		l, err := b.line(s)
		if err != nil {
			return err
		}
		// A link is filled each time, which takes a while where messages are large.
		n := min(3*fewOps, max(6, 512<<10/size))
		if err := l.sendInPlace(n, size); err != nil {
			return fmt.Errorf("%d B: %w", size, err)
		}
		if err := l.close(); err != nil {
			return err
		}
	}
	return nil
}

func (l *line) sendInPlace(n, size int) error {
	out, ok := l.senders[0].Sender.(mechanisms.InPlaceSender)
	in, also := l.receivers[0].Receiver.(mechanisms.InPlaceReceiver)
	if !ok || !also {
		return errors.New("declared to work in place, and its ends do not")
	}
	for i := range n {
		p, err := out.Reserve()
		if err != nil {
			return err
		}
		if len(p) != size {
			return fmt.Errorf("%d B in place, want %d", len(p), size)
		}
		l.put(p, 0, l.seqs[0])
		l.seqs[0]++
		if err := out.Commit(); err != nil {
			return err
		}
		if i%3 == 0 { // the other side need not know
			if err := l.receive(1); err != nil {
				return err
			}
			continue
		}
		if err := l.takeInPlace(in, size); err != nil {
			return err
		}
	}
	return nil
}

// takeInPlace takes a message while its sender writes wherever it may.
func (l *line) takeInPlace(in mechanisms.InPlaceReceiver, size int) error {
	p, err := in.Peek()
	if err != nil {
		return err
	}
	if err := l.in.check(p); err != nil {
		return err
	}
	other := mechanisms.Buffer(size)
	l.put(other, 0, l.seqs[0])
	filled, err := l.senders[0].Fill(other)
	if err != nil {
		return err
	}
	l.in.next[0]-- // the same again
	if err := l.in.check(p); err != nil {
		return fmt.Errorf("changed before it was returned: %w", err)
	}
	if err := in.Release(); err != nil {
		return err
	}
	for range filled { // all the same
		l.in.next[0] = l.seqs[0]
		if err := l.receive(1); err != nil {
			return err
		}
	}
	if filled > 0 {
		l.seqs[0]++
	}
	return nil
}
