package conformance

import (
	"errors"
	"fmt"
	"strings"

	"ipcbench/bench"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// loses sends more messages than the link holds. What the kernel drops must be
// counted, the rest must arrive, and the next message must show the gap.
func (b *bed) loses(s mechanisms.Spec) error {
	whole, _, err := b.holds(s)
	if err != nil {
		return err
	}
	l, err := b.line(s)
	if err != nil {
		return err
	}
	n := whole + 3
	if err := l.send(0, n); err != nil {
		return err
	}
	lost, err := b.m.Lost(l.link.Receiver)
	if err != nil {
		return err
	}
	if lost < 1 || lost >= n {
		return fmt.Errorf("%d messages sent where %d fit, and lost are %d", n, whole, lost)
	}
	if err := l.receive(n - lost); err != nil {
		return fmt.Errorf("of %d messages, %d of them lost: %w", n, lost, err)
	}
	var gap *bench.CheckError
	if err := l.pass(1); !errors.As(err, &gap) {
		return fmt.Errorf("after %d lost messages: %w", lost, err)
	}
	return l.close()
}

// played is outcome, where a launch may also end because more was under way
// than fits a link that is declared to lose it.
func (b *bed) played(s *runner.Coordinator, c results.Cell, ops int) error {
	if c.Size < 64 {
		c.Queue = b.smallQueue()
	}
	err := outcome(s, c, ops)
	if b.m.Lost != nil && c.Workload != bench.PingPong.Name && reportedLoss(err) {
		return nil
	}
	return err
}

// reportedLoss reports whether a launch failed because messages were lost,
// which its record has.
func reportedLoss(err error) bool {
	var e *notOK
	return errors.As(err, &e) && e.Outcome == results.Failed && e.Fault == results.FaultCheck && strings.Contains(e.Reason, "lost")
}
