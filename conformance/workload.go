package conformance

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"ipcbench/bench"
	"ipcbench/internal/need"
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

// everySize is how many workloads, the first ones, share all sizes between them: one
// way, and there and back. The others are made of the same calls. They are tried at
// one size each, in turn, so that every mechanism meets every size, and so does
// every workload. With IPCBENCH_LONG=1, all are tried at all sizes, which takes
// three times as long.
//
// Of the others that carry messages a mechanism of this module plays its share, see
// [share].
const everySize = 2

var (
	manySizes = []int{64, 1, 7, 4 << 10, 4097, 64 << 10, 65537, 1 << 20}
	fewSizes  = []int{64, 4097, 64 << 10}
	// One way has the sizes at which a stream shows most.
	sharedSizes = [everySize][]int{{64, 7, 4097, 1 << 20}, {64, 1, 4 << 10, 64 << 10, 65537}}
)

func workloads(b *bed) error { return b.inWorkers(runner.Options{}, b.everyWorkload) }

func (b *bed) everyWorkload(s *runner.Coordinator) error {
	// One way first: where PingPong loses a message it can only hang, as others
	// can that wait for answers.
	order := slices.Clone(bench.Workloads)
	slices.Reverse(order[:everySize])
	number := slices.Index(mechanisms.All(), b.m) + 1
	for i, w := range order {
		if !w.PlaysOn(b.m) || i >= everySize && w.Contract == mechanisms.Messages && !b.mine(i, w.PlaysOn) {
			continue
		}
		sizes := manySizes
		switch {
		case w.Size > 0:
			sizes = []int{w.Size}
		case need.Long():
		case i < everySize:
			sizes = sharedSizes[i]
		default:
			sizes = fewSizes[(number+i)%len(fewSizes):][:1]
		}
		for _, size := range sizes {
			c := results.Cell{Workload: w.Name, Mechanism: b.m.Name, Size: size, Place: "free"}
			if w.Peers != "" {
				c.Peers = w.MinPeers + 1
			}
			if w.Paced {
				c.Rate = fewOps * 1000 // done in a millisecond
			}
			if size < w.Least {
				continue // no size of this workload's, whatever the mechanism
			}
			ops := fewOps
			switch {
			case w == bench.Stream && size == 64, w.Contract == mechanisms.Locks:
				ops = manyOps
			case w.Contract == mechanisms.Counts:
				ops = ordered
			}
			if err := b.played(s, c, ops); err != nil {
				return err
			}
		}
	}
	return nil
}

// page is a page of the manual, as a sentence names it.
var page = regexp.MustCompile(`[a-z_]\([1-8]\)`)

// grounded holds a refusal to naming a number and its source or, where what a
// workload needs is no number, the page of the manual that states it.
func grounded(refusal error) error {
	var u *mechanisms.UnsupportedError
	if errors.As(refusal, &u) && u.Limit == (mechanisms.Limit{}) && page.MatchString(u.What) {
		return nil
	}
	return named(refusal)
}

// outcome measures a cell, and holds a skip to its form.
func outcome(s *runner.Coordinator, c results.Cell, ops int) error {
	verifies := bench.WorkloadOf(c).Contract != mechanisms.Counts // whose check is the same in all rounds
	rec, _ := s.Measure(c, runner.Measurement{Time: time.Millisecond, Ops: ops, Exact: true, Verify: true})
	switch rec.Outcome {
	case results.OK, results.Untrusted: // of an untrusted launch only the time is unreliable
		if rec.Verified.Or(0) == 0 && verifies || rec.Ops == 0 {
			return &notOK{rec}
		}
		return nil
	case results.Skipped:
		_, err := s.Open(c)
		if why := mechanisms.Ask(bench.Rules, bench.Asked{Cell: c, Workload: bench.WorkloadOf(c), Mechanism: mechanisms.Lookup(c.Mechanism)}); why != nil {
			if !errors.Is(err, errors.ErrUnsupported) || !strings.HasSuffix(err.Error(), why.Error()) {
				return fmt.Errorf("%s: %w, want: %w", c.Name(), err, why)
			}
		} else if err := grounded(err); err != nil {
			return fmt.Errorf("%s: %w", c.Name(), err)
		}
		var cell *runner.CellError
		if errors.As(err, &cell) && strings.HasSuffix(err.Error(), rec.Reason) {
			return nil
		}
	}
	return &notOK{rec}
}
