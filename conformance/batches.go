package conformance

import (
	"errors"
	"fmt"
	"io"

	"ipcbench/bench"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// batch is how many messages a call of the rule on batches hands over, at most.
const batch = 16

func batches(b *bed) error {
	s := b.spec(64)
	s.Batch = batch
	if !b.m.Batches {
		if err := b.m.Admit(s); !errors.Is(err, errors.ErrUnsupported) {
			return fmt.Errorf("batch %d: %v, and it takes none", s.Batch, err)
		}
		return nil
	}
	ways := []string{""}
	if b.m.Polls {
		ways = append(ways, mechanisms.Waits...)
	}
	for _, s.Wait = range ways {
		// The smallest queue holds less than a batch of the larger messages.
		for _, s.Queue = range []int{0, 4 << 10} {
			for _, s.Size = range []int{64, 61, 1000, 4096} {
				if err := b.m.Admit(s); err != nil {
					if err := named(err); err != nil {
						return err
					}
					continue
				}
				err := b.batched(s)
				if errors.Is(err, errors.ErrUnsupported) { // a ring of fewer slots
					err = named(err)
				}
				if err != nil {
					return fmt.Errorf("%d B, queue %d, wait %q: %w", s.Size, s.Queue, s.Wait, err)
				}
			}
		}
	}
	if err := b.batchAllocation(); err != nil {
		return err
	}
	return b.inWorkers(runner.Options{}, b.batchWorkers)
}

// batched passes batches of several lengths, whole ones and single messages,
// and takes them in batches that begin and end elsewhere.
func (b *bed) batched(s mechanisms.Spec) error {
	l, err := b.line(s)
	if err == nil {
		err = l.measureRoom()
	}
	if err != nil {
		return err
	}
	n := 40 * (batch + 1 + 7)
	for ; b.m.Lost != nil && n > l.room; n -= l.room {
		if err := l.passBatches(l.room); err != nil {
			return err
		}
	}
	if err := l.passBatches(n); err != nil {
		return err
	}
	if err := l.end(l.senders[0]); err != nil {
		return err
	}
	if err := l.spent(); err != nil {
		return err
	}
	return l.close()
}

// passBatches sends n messages and takes them at the same time.
func (l *line) passBatches(n int) error {
	return l.bed.together(
		func() error { return l.sendBatches(n, batch, 1, 7) },
		func() error { return l.receiveBatches(n, 3, batch, batch, 1) })
}

// sendBatches sends n messages in batches of these lengths in turn.
func (l *line) sendBatches(n int, lengths ...int) error {
	out, ok := l.senders[0].Sender.(mechanisms.BatchSender)
	if !ok {
		return fmt.Errorf("%T is no BatchSender", l.senders[0].Sender)
	}
	ps := mechanisms.Buffers(l.link.Sender.Spec.Size, batch)
	for i := 0; n > 0; i++ {
		now := ps[:min(n, lengths[i%len(lengths)])]
		for _, p := range now {
			l.put(p, 0, l.seqs[0])
			l.seqs[0]++
		}
		if err := out.SendBatch(now); err != nil {
			return fmt.Errorf("up to message %d: %w", l.seqs[0], err)
		}
		for _, p := range now {
			put(p, 3, 0) // never sent
		}
		n -= len(now)
	}
	return nil
}

// receiveBatches takes n messages in batches of these lengths in turn.
func (l *line) receiveBatches(n int, lengths ...int) error {
	in, ok := l.receivers[0].Receiver.(mechanisms.BatchReceiver)
	if !ok {
		return fmt.Errorf("%T is no BatchReceiver", l.receivers[0].Receiver)
	}
	ps := mechanisms.Buffers(l.link.Receiver.Spec.Size, batch)
	for i := 0; n > 0; i++ {
		now := ps[:min(n, lengths[i%len(lengths)])]
		switch err := in.RecvBatch(now); {
		case err == io.EOF:
			return &bench.CheckError{What: "lost: end of file before the last", Want: uint64(n)}
		case err != nil:
			return err
		}
		for _, p := range now {
			if err := l.in.check(p); err != nil {
				return err
			}
		}
		n -= len(now)
	}
	return nil
}

func (b *bed) batchAllocation() error {
	if race {
		return nil // the detector allocates for itself
	}
	s := b.spec(64)
	s.Batch = batch
	whole, _, err := b.holds(s) // one thread sends and receives here
	if err != nil {
		return err
	}
	l, err := b.line(s)
	if err != nil {
		return err
	}
	ps := mechanisms.Buffers(s.Size, min(batch, whole))
	out, in := l.senders[0].Sender.(mechanisms.BatchSender), l.receivers[0].Receiver.(mechanisms.BatchReceiver)
	err = allocates("SendBatch and RecvBatch", func() error {
		if err := out.SendBatch(ps); err != nil {
			return err
		}
		return in.RecvBatch(ps)
	})
	return errors.Join(err, l.close())
}

func (b *bed) batchWorkers(s *runner.Coordinator) error {
	c := results.Cell{Workload: "Stream", Mechanism: b.m.Name, Place: "free"}
	for i, size := range []int{1, 64, 4 << 10} {
		for j, n := range []int{2, batch} {
			if !b.mine(2*i+j, func(m *mechanisms.Mechanism) bool { return m.Batches }) {
				continue
			}
			c.Size, c.Batch = size, n
			if err := b.played(s, c, fewOps+1); err != nil { // whole batches, and one message
				return err
			}
		}
	}
	return nil
}
