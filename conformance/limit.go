package conformance

import (
	"errors"
	"fmt"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// largest is the largest message that the suite ever asks for.
const largest = results.MaxSize

func limit(b *bed) error {
	for _, queue := range []int{0, 8 << 10, 64 << 10} {
		s := b.spec(1)
		s.Queue = queue
		if b.admit(s) != nil {
			continue // the rule on queues
		}
		l, err := b.m.Limits(queue)
		if err != nil {
			return err
		}
		if s.Size = l.Message.N; s.Size == 0 || s.Size > largest {
			if queue > 0 {
				continue // the default queue has shown it
			}
			s.Size = largest
		}
		whole, err := b.line(s)
		if err != nil {
			return fmt.Errorf("at the limit: %w", err)
		}
		if err := whole.pass(2); err != nil {
			return fmt.Errorf("at the limit, %d B: %w", s.Size, err)
		}
		if err := whole.close(); err != nil {
			return err
		}
		if s.Size != l.Message.N {
			continue // nothing that the suite asks for lies beyond
		}
		s.Size++
		if err := b.beyond(s, l.Message); err != nil {
			return fmt.Errorf("beyond the limit, %d B: %w", s.Size, err)
		}
	}
	return nil
}

// beyond sends a message of one byte more than the limit admits.
func (b *bed) beyond(s mechanisms.Spec, limit mechanisms.Limit) error {
	l, err := b.line(s)
	var refused *mechanisms.UnsupportedError
	if errors.As(err, &refused) {
		return named(err)
	}
	if err == nil && limit.Errno == 0 {
		if err := l.pass(1); err == nil {
			return fmt.Errorf("it arrived whole: %d (%s) is not the limit", limit.N, limit.Source)
		}
		return nil // altered, and the receiver knows
	}
	if err == nil {
		err = l.send(0, 1)
	}
	switch {
	case err == nil:
		return fmt.Errorf("it was taken, declared %q (%v)", limit.Beyond, limit.Errno)
	case limit.Errno == 0 || !errors.Is(err, limit.Errno):
		return fmt.Errorf("declared %q (%v), got: %w", limit.Beyond, limit.Errno, err)
	}
	return nil
}
