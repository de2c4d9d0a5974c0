package conformance

import (
	"fmt"

	"ipcbench/mechanisms"
)

func block(b *bed) error {
	for _, size := range []int{64, 4096} {
		still := func(c call) error { return b.waits(c, b.m.Facts.Path.Send) }
		if err := b.blocks(b.spec(size), still); err != nil {
			return err
		}
	}
	return nil
}

// blocks sends more than a link holds, sees the sender wait as waits does, and
// receives it all; what a full link loses, it sees counted.
func (b *bed) blocks(s mechanisms.Spec, waits func(call) error) error {
	if b.m.Lost != nil {
		return b.loses(s)
	}
	whole, _, err := b.holds(s)
	if err != nil {
		return err
	}
	l, err := b.line(s)
	if err != nil {
		return err
	}
	n := whole + whole/2 + 3 // more than it holds, and parts of messages
	call := b.thread(func() error {
		if err := l.send(0, n); err != nil {
			return err
		}
		return l.end(l.senders[0])
	})
	if err := waits(call); err != nil {
		return fmt.Errorf("sending %d messages where %d fit: %w", n, whole, err)
	}
	if err := l.receive(n); err != nil {
		return err
	}
	if err := <-call.done; err != nil {
		return err
	}
	if err := l.spent(); err != nil {
		return err
	}
	return l.close()
}
