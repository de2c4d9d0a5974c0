package mechtest

import (
	"errors"
	"fmt"

	"ipcbench/mechanisms"
)

// batch sends and receives several messages at once, and one by one what was
// sent at once.
func batch(b *bed) error {
	if !b.m.Batches {
		return nil
	}
	for _, size := range []int{1, 64, 4096} {
		for _, n := range []int{2, 16, 100} {
			s := b.spec(size)
			s.Batch = n
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
			if err := l.batches(n, size); err != nil {
				return fmt.Errorf("%d messages of %d B: %w", n, size, err)
			}
			if err := l.close(); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *line) batches(n, size int) error {
	out, ok := l.senders[0].Sender.(mechanisms.BatchSender)
	in, also := l.receivers[0].Receiver.(mechanisms.BatchReceiver)
	if !ok || !also {
		return errors.New("declared to take batches, and its ends are no BatchSender and BatchReceiver")
	}
	sent, got := make([][]byte, n), make([][]byte, n)
	for i := range n {
		sent[i], got[i] = mechanisms.Buffer(size), mechanisms.Buffer(size)
	}
	const rounds = 20
	sending := make(chan error, 1)
	l.bed.run(func() {
		for range rounds {
			for _, p := range sent {
				put(p, 0, l.seqs[0])
				l.seqs[0]++
			}
			if err := out.SendBatch(sent); err != nil {
				sending <- err
				return
			}
		}
		sending <- nil
	})
	receiving := make(chan error, 1)
	l.bed.run(func() {
		for i := range rounds {
			if err := l.takeBatch(in, got, i%2 == 0); err != nil {
				receiving <- err
				return
			}
		}
		receiving <- nil
	})
	for range 2 {
		var err error
		select { // whoever fails first says why; the other waits for it in vain
		case err = <-sending:
		case err = <-receiving:
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// takeBatch receives as many messages as got has room for, at once or one by
// one.
func (l *line) takeBatch(in mechanisms.BatchReceiver, got [][]byte, atOnce bool) error {
	if !atOnce {
		return l.receive(len(got))
	}
	if err := in.RecvBatch(got); err != nil {
		return err
	}
	for _, p := range got {
		if err := l.in.check(p); err != nil {
			return err
		}
	}
	return nil
}
