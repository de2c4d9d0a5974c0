package conformance

import (
	"fmt"
	"io"

	"ipcbench/mechanisms"
)

// relay passes messages on from one link to another by the mechanism's own
// Relay.
func relay(b *bed) error {
	for _, size := range b.sizes(1, 61, 64, 4095, 4096, 4097, 65537) {
		s := b.spec(size)
		if b.admit(s) != nil {
			continue
		}
		first, err := b.line(s)
		if err != nil {
			return err
		}
		second, err := b.line(s)
		if err != nil {
			return err
		}
		r, ok := second.senders[0].Sender.(mechanisms.Relay)
		switch {
		case ok != b.m.Relays:
			return fmt.Errorf("declared Relays %v, and its sending end is a %T", b.m.Relays, second.senders[0].Sender)
		case !ok:
			return nil
		}
		if err := b.passOn(first, second, r, 300); err != nil {
			return fmt.Errorf("%d B: %w", size, err)
		}
	}
	return nil
}

// passOn sends n messages over both links, and the end of file.
func (b *bed) passOn(first, second *line, r mechanisms.Relay, n int) error {
	second.in.first = first.in.first // its messages are those of the first
	done := make(chan error, 3)
	b.run(func() {
		err := first.send(0, n)
		if err == nil {
			err = first.end(first.senders[0])
		}
		done <- err
	})
	b.run(func() {
		in, p := first.receivers[0].Receiver, mechanisms.Buffer(first.link.Receiver.Spec.Size)
		var err error
		for i := 0; i < n && err == nil; i++ {
			var copied bool
			if copied, err = r.Relay(in, p); err == nil && copied {
				err = first.in.check(p)
			}
		}
		if err == nil && b.m.EOF {
			if _, err = r.Relay(in, p); err == io.EOF {
				err = nil
			}
		}
		if err != nil {
			err = fmt.Errorf("passing on: %w", err)
		}
		done <- err
	})
	b.run(func() { done <- second.receive(n) })
	for range 3 {
		if err := <-done; err != nil {
			return err
		}
	}
	return nil
}
