package conformance

import (
	"errors"
	"fmt"

	"ipcbench/mechanisms"
)

// inPlaceFull passes messages in place: as many as the link holds before any is
// looked at, then all over again with both sides at work.
func inPlaceFull(b *bed) error {
	s := b.spec(64)
	s.InPlace = true
	var refused *mechanisms.UnsupportedError
	if err := b.m.Admit(s); errors.As(err, &refused) != !b.m.WorksInPlace {
		return fmt.Errorf("declared in place %v, and asked for it: %w", b.m.WorksInPlace, err)
	}
	if !b.m.WorksInPlace {
		return nil
	}
	return b.each(s, (*line).fullInPlace, 1, 61, 64, 4095, 4096, 4097, 65537)
}

func (l *line) fullInPlace() error {
	full, err := l.bed.line(l.link.Sender.Spec)
	if err != nil {
		return err
	}
	whole, err := full.senders[0].Fill(mechanisms.Buffer(l.link.Sender.Spec.Size)) // none where a message goes through in parts
	if err != nil {
		return err
	}
	out, in, err := l.inPlaceEnds()
	if err != nil {
		return err
	}
	call := l.bed.thread(func() error { return l.makeFull(out, whole) })
	waits := call.asleep() // two links need not hold the same: a TCP window grows as it likes
	if waits != nil && waits != errReturned {
		return waits
	}
	err = l.takeFull(in, whole)
	if err == nil && waits == nil {
		err = <-call.done
	}
	if err != nil {
		return err
	}
	n := max(300, 3*whole)
	return l.bed.together(
		func() error { return l.makeFull(out, n) },
		func() error { return l.takeFull(in, n) })
}

// makeFull makes n messages where they are sent from.
func (l *line) makeFull(out mechanisms.InPlaceSender, n int) error {
	for range n {
		p, err := out.Reserve()
		if err != nil {
			return err
		}
		if want := l.link.Sender.Spec.Size; len(p) != want {
			return fmt.Errorf("%d bytes in place, want %d", len(p), want)
		}
		l.put(p, 0, l.seqs[0])
		if err := out.Commit(); err != nil {
			return err
		}
		l.seqs[0]++
	}
	return nil
}

// takeFull checks n messages where they arrive.
func (l *line) takeFull(in mechanisms.InPlaceReceiver, n int) error {
	for range n {
		p, err := in.Peek()
		if err != nil {
			return err
		}
		if err := errors.Join(l.in.check(p), in.Release()); err != nil {
			return err
		}
	}
	return nil
}
