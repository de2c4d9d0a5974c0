package mechtest

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ipcbench/bench"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// Operations of a launch: few, except where the queue is to wrap.
const (
	fewOps  = 40
	manyOps = 8 * ordered
)

// notOK is a record where an ok one was due.
type notOK struct{ results.Record }

func (e *notOK) Error() string {
	return fmt.Sprintf("%s: %s %s: %s", e.Cell.Name(), e.Outcome, e.Fault, e.Reason)
}

func workloads(b *bed) error {
	s, err := b.start(runner.Options{Timeout: patience})
	if err != nil {
		return err
	}
	// The last workload first: where PingPong, the first, loses a message it
	// can only hang.
	for _, w := range slices.Backward(bench.Workloads) {
		if !w.PlaysOn(b.m) {
			continue
		}
		sizes := []int{64, 1, 7, 4 << 10, 4097, 64 << 10, 65537, 1 << 20}
		if w.Size > 0 {
			sizes = []int{w.Size}
		}
		for _, size := range sizes {
			c := results.Cell{Workload: w.Name, Mechanism: b.m.Name, Size: size, Place: "free"}
			if w.Peers != "" {
				c.Peers = w.MinPeers + 1
			}
			ops := fewOps
			switch {
			case w == bench.Stream && size == 64, w.Contract == mechanisms.Locks:
				ops = manyOps
			case w.Contract == mechanisms.Counts:
				ops = ordered
			}
			if err := outcome(s, c, ops); err != nil {
				return err
			}
		}
	}
	return b.stop()
}

// outcome measures a cell, and holds a skip to its form.
func outcome(s *runner.Session, c results.Cell, ops int) error {
	verifies := bench.WorkloadOf(c).Contract != mechanisms.Counts // whose check is the same in all rounds
	rec, _ := s.Measure(c, runner.Measurement{Time: time.Millisecond, Ops: ops, Verify: true})
	switch rec.Outcome {
	case results.OK, results.Untrusted: // of an untrusted launch only the time is in doubt
		if rec.Verified == 0 && verifies || rec.Ops == 0 {
			return &notOK{rec}
		}
		return nil
	case results.Skipped:
		_, err := s.Open(c)
		if why := mechanisms.Lookup(c.Mechanism).Keeps(bench.WorkloadOf(c).Contract); why != nil {
			if !errors.Is(err, errors.ErrUnsupported) || !strings.HasSuffix(err.Error(), why.Error()) {
				return fmt.Errorf("%s: %w, want: %w", c.Name(), err, why)
			}
		} else if err := named(err); err != nil {
			return fmt.Errorf("%s: %w", c.Name(), err)
		}
		var cell *runner.CellError
		if errors.As(err, &cell) && strings.HasSuffix(err.Error(), rec.Reason) {
			return nil
		}
	}
	return &notOK{rec}
}
