package conformance

import (
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
	s := b.spec(1)
	s.InPlace = true
	return b.each(s, (*line).sendInPlace, 1, 64, 61, 4097)
}

// inPlaceEnds are the line's ends.
func (l *line) inPlaceEnds() (mechanisms.InPlaceSender, mechanisms.InPlaceReceiver, error) {
	out, sends := l.senders[0].Sender.(mechanisms.InPlaceSender)
	in, receives := l.receivers[0].Receiver.(mechanisms.InPlaceReceiver)
	if !sends || !receives {
		return nil, nil, fmt.Errorf("declared to work in place, and its ends are a %T and a %T", l.senders[0].Sender, l.receivers[0].Receiver)
	}
	return out, in, nil
}

func (l *line) sendInPlace() error {
	out, in, err := l.inPlaceEnds()
	if err != nil {
		return err
	}
	// A link is filled each time, which takes a while where messages are large.
	n := min(fewOps, max(6, 512<<10/l.link.Sender.Spec.Size))
	for i := range n {
		if err := l.makeFull(out, 1); err != nil {
			return err
		}
		if i%3 == 0 { // the other side need not know
			err = l.receive(1)
		} else {
			err = l.takeInPlace(in)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// takeInPlace takes a message while its sender writes wherever it may.
func (l *line) takeInPlace(in mechanisms.InPlaceReceiver) error {
	p, err := in.Peek()
	if err != nil {
		return err
	}
	if err := l.in.check(p); err != nil {
		return err
	}
	other := mechanisms.Buffer(len(p))
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
