package conformance

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// waits tries every way to wait that a link can be asked for.
func waits(b *bed) error {
	before, err := count(b.dir)
	if err != nil {
		return err
	}
	for _, how := range mechanisms.Waits {
		s := b.spec(64)
		s.Wait = how
		if !b.m.Polls {
			if err := b.m.Admit(s); !errors.Is(err, errors.ErrUnsupported) {
				return fmt.Errorf("wait %s: %v, and it does not poll", how, err)
			}
			continue
		}
		if err := b.waiting(s); err != nil {
			return fmt.Errorf("wait %s: %w", how, err)
		}
		if err := before.restored(b.dir); err != nil {
			return fmt.Errorf("wait %s: %w", how, err)
		}
	}
	if !b.m.Polls {
		return nil
	}
	return b.inWorkers(runner.Options{}, b.waitingWorkers)
}

// waiting tries a link that waits as s asks, in this process.
func (b *bed) waiting(s mechanisms.Spec) error {
	l, err := b.line(s)
	if err != nil {
		return err
	}
	for _, end := range []any{l.senders[0].Sender, l.receivers[0].Receiver} {
		d, ok := end.(mechanisms.Descriptor)
		if !ok {
			return fmt.Errorf("%T is no Descriptor", end)
		}
		flags, err := unix.FcntlInt(uintptr(d.FD()), unix.F_GETFL, 0)
		if err != nil {
			return err
		}
		if flags&unix.O_NONBLOCK == 0 {
			return fmt.Errorf("%T is in blocking mode", end)
		}
	}
	if err := l.finish(ordered); err != nil {
		return err
	}
	if err := l.close(); err != nil {
		return err
	}
	// A waiter that spins is never asleep.
	still := call.asleep
	if s.Wait == "spin" {
		still = call.awake
	}
	// An empty link, and a full one, also where a message of a byte stream goes
	// in and comes out in parts.
	if l, err = b.line(s); err != nil {
		return err
	}
	empty := b.thread(func() error { return l.receive(1) })
	if err := still(empty); err != nil {
		return fmt.Errorf("receiving from an empty link: %w", err)
	}
	if err := errors.Join(l.send(0, 1), <-empty.done, l.close()); err != nil {
		return err
	}
	for _, size := range []int{1000, 40001} {
		s.Size = b.size(size)
		if b.admit(s) != nil {
			continue
		}
		if err := b.blocks(s, still); err != nil {
			return fmt.Errorf("%d B: %w", size, err)
		}
	}
	return nil
}

// waitingWorkers measures cells that wait in every way, both where each process
// may have a CPU and where all share one.
func (b *bed) waitingWorkers(s *runner.Coordinator) error {
	for _, how := range mechanisms.Waits {
		for i, c := range []results.Cell{
			{Workload: "PingPong", Size: 4097, Place: "same"},
			{Workload: "Stream", Size: 64 << 10, Place: "same"},
			{Workload: "FanIn", Size: 64, Place: "free", Peers: 3},
		} {
			if !b.mine(i, func(m *mechanisms.Mechanism) bool { return m.Polls }) {
				continue
			}
			c.Mechanism, c.Wait, c.Size = b.m.Name, how, b.size(c.Size)
			if err := b.played(s, c, fewOps); err != nil {
				return err
			}
		}
	}
	return nil
}
