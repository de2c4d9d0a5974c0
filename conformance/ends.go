package conformance

import (
	"errors"
	"fmt"
	"io"

	"ipcbench/mechanisms"
)

func opening(b *bed) error {
	s := b.spec(64)
	s.Senders = 2
	if b.admit(s) != nil {
		s.Senders = 1
	}
	orders := map[string]func(*line) []func() error{
		"sender first":   func(l *line) []func() error { return []func() error{l.openSender, l.openReceiver} },
		"receiver first": func(l *line) []func() error { return []func() error{l.openReceiver, l.openSender} },
	}
	for name, order := range orders {
		l, err := b.bare(s)
		if err != nil {
			return err
		}
		steps := order(l)
		if s.Senders == 2 {
			steps = append(steps, l.openSender)
		}
		for _, step := range append(steps, l.release) {
			if err := step(); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		if err := l.pass(3); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// pair tries both directions as the mechanism makes them for a workload that
// needs them: on one object where it can.
func pair(b *bed) error {
	s := b.spec(64)
	make := b.m.NewPair
	if make == nil {
		make = func(s mechanisms.Spec) (there, back *mechanisms.Link, err error) {
			if there, err = b.m.New(s); err != nil {
				return nil, nil, err
			}
			if back, err = b.m.New(s); err != nil {
				return nil, nil, errors.Join(err, there.Destroy())
			}
			return there, back, nil
		}
	}
	one, two, err := make(s)
	if err != nil {
		return err
	}
	there, back := b.hold(one, s), b.hold(two, s)
	for _, l := range []*line{there, back} {
		if err := l.openReceiver(); err != nil {
			return err
		}
		if err := l.openSender(); err != nil {
			return err
		}
	}
	// Released when all ends of both are open, as a launch does.
	if err := errors.Join(there.release(), back.release()); err != nil {
		return err
	}
	for range 100 {
		if err := errors.Join(there.send(0, 1), back.send(0, 1)); err != nil {
			return err
		}
		if err := back.receive(1); err != nil {
			return fmt.Errorf("back: %w", err)
		}
		if err := there.receive(1); err != nil {
			return fmt.Errorf("there: %w", err)
		}
	}
	return nil
}

func endOfFile(b *bed) error {
	if !b.m.EOF {
		return noEndOfFile(b)
	}
	s := b.spec(64)
	s.Senders = 2
	if b.admit(s) != nil {
		s.Senders = 1
	}
	l, err := b.line(s)
	if err != nil {
		return err
	}
	for i, end := range l.senders { // what is inside comes first, and one end of two is not all
		if err := l.send(i, 3); err != nil {
			return err
		}
		if err := end.Close(); err != nil {
			return err
		}
		if err := l.receive(3); err != nil {
			return err
		}
	}
	p := mechanisms.Buffer(s.Size)
	for range 2 {
		if err := l.receivers[0].Recv(p); err != io.EOF {
			return fmt.Errorf("after all senders have closed: %v, want io.EOF, bare", err)
		}
	}
	return nil
}

// noEndOfFile holds a mechanism that cannot notify the receiver to waiting:
// until another sender comes in the place of the one that has closed, with the
// link not yet released so that one can.
func noEndOfFile(b *bed) error {
	s := b.spec(64)
	l, err := b.bare(s)
	if err != nil {
		return err
	}
	if err := errors.Join(l.openReceiver(), l.openSender()); err != nil {
		return err
	}
	if err := l.pass(1); err != nil {
		return err
	}
	if err := l.senders[0].Close(); err != nil {
		return err
	}
	call := b.thread(func() error { return l.receive(1) })
	if err := b.waits(call, b.m.Facts.Path.Receive); err != nil {
		return fmt.Errorf("declared to have no end of file, and with its sender closed Recv: %w", err)
	}
	if err := l.openSender(); err != nil {
		return err
	}
	l.senders, l.seqs = l.senders[1:], l.seqs[:1] // in the place of the first
	return errors.Join(l.send(0, 1), <-call.done)
}
