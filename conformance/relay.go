package conformance

import (
	"fmt"
	"io"

	"ipcbench/mechanisms"
)

// relay passes messages on from one link to another by the mechanism's own
// Relay.
func relay(b *bed) error {
	return b.each(b.spec(1), func(first *line) error {
		second, err := b.line(first.link.Sender.Spec)
		if err != nil {
			return err
		}
		r, ok := second.senders[0].Sender.(mechanisms.Relay)
		if ok != b.m.Relays {
			return fmt.Errorf("declared Relays %v, and its sending end is a %T", b.m.Relays, second.senders[0].Sender)
		}
		if ok {
			if err := b.passOn(first, second, r, 300); err != nil {
				return err
			}
		}
		return second.close()
	}, 1, 61, 64, 4095, 4096, 4097, 65537)
}

// passOn sends n messages over both links, and the end of file.
func (b *bed) passOn(first, second *line, r mechanisms.Relay, n int) error {
	second.in.first = first.in.first // its messages are those of the first
	return b.together(func() error {
		if err := first.send(0, n); err != nil {
			return err
		}
		return first.end(first.senders[0])
	}, func() error {
		in, p := first.receivers[0].Receiver, mechanisms.Buffer(first.link.Receiver.Spec.Size)
		for range n {
			copied, err := r.Relay(in, p)
			if err == nil && copied {
				err = first.in.check(p)
			}
			if err != nil {
				return fmt.Errorf("passing on: %w", err)
			}
		}
		if b.m.EOF {
			if _, err := r.Relay(in, p); err != io.EOF {
				return fmt.Errorf("passing on the end of file: %w", err)
			}
		}
		return nil
	}, func() error { return second.receive(n) })
}
