package mechtest

import "fmt"

func block(b *bed) error {
	for _, size := range []int{64, 4096} {
		s := b.spec(size)
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
		if err := b.waits(call, b.m.Facts.Path.Send); err != nil {
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
	}
	return nil
}
