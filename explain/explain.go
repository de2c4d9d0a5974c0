// Package explain shows how a mechanism works, what a message costs here, and how
// it fails: what the mechanism declares, what a run recorded, and what a second
// on this host shows.
package explain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"ipcbench/bench"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// Explanation is what is declared of a mechanism, and what was found out here.
type Explanation struct {
	*mechanisms.Mechanism
	size       int // bytes in the messages that were tried
	limits     mechanisms.Limits
	untried    error // why nothing can be tried here
	calls      []runner.Calls
	uncounted  error // why there are no calls
	wakeups    []wakeups
	recorded   []mean           // of a run, by what is tried
	streamed   *results.Summary // the largest streamed message with a cost in copies in a run
	unstreamed error            // why there is none
}

// wakeups is how often processes went to sleep, in voluntary context switches
// of all of them together.
type wakeups struct {
	where string    // "here" or a run
	perOp []float64 // an operation of each of tried; -1 where that is not known
}

// New begins the explanation of a mechanism with messages of size bytes, or of the
// mechanism's minimum where that is larger and least is true.
func New(m *mechanisms.Mechanism, size int, least bool) *Explanation {
	e := &Explanation{Mechanism: m, size: sizeOf(m, size, least)}
	for _, op := range e.tried() {
		e.recorded = append(e.recorded, mean{cell: e.cell(op.workload)})
	}
	return e
}

// sizeOf is size, or the mechanism's minimum where that is larger and least is true.
func sizeOf(m *mechanisms.Mechanism, size int, least bool) int {
	if l, err := m.Limits(0); err == nil && least {
		return max(size, l.Least.N)
	}
	return size
}

// Record takes in a record of a run: what a moment is too short to measure.
func (e *Explanation) Record(r *results.Record) {
	for i := range e.recorded {
		e.recorded[i].add(r)
	}
}

// Records takes in the run whose records Record was given; name is how to call it.
func (e *Explanation) Records(set *results.Set, name string) {
	if e.streamed = largest(set.Summaries(), e.cell("Stream")); e.streamed == nil {
		e.NoRecords(fmt.Errorf("not in %s: it wants numbers of streamed messages of 16KiB or more on one CPU, and of the floor", name))
	}
	w := wakeups{where: name}
	for _, m := range e.recorded {
		w.perOp = append(w.perOp, m.voluntary())
	}
	e.wakeups = append(e.wakeups, w)
}

// NoRecords states why there is no cost in copies.
func (e *Explanation) NoRecords(why error) { e.unstreamed = why }

// largest finds the cell with the largest messages, of those like c, whose cost
// in copies is known; nil where there is none.
func largest(summaries []results.Summary, c results.Cell) (found *results.Summary) {
	for i := range summaries {
		s := &summaries[i]
		c.Size = s.Cell.Size
		if s.Cell == c && s.RelativeCost != nil && s.RelativeCost.Unit == results.Copies && (found == nil || c.Size > found.Cell.Size) {
			found = s
		}
	}
	return found
}

// mean is that of the voluntary context switches of a cell's launches.
type mean struct {
	cell   results.Cell
	sum, n float64
}

func (m *mean) add(r *results.Record) {
	if v, ok := r.Voluntary.Get(); ok && r.Cell == m.cell && r.Outcome == results.OK {
		m.sum += v
		m.n++
	}
}

// voluntary is -1 where there are no launches.
func (m mean) voluntary() float64 {
	if m.n == 0 {
		return -1
	}
	return m.sum / m.n
}

// What is tried: one message after another, and as many as the link takes where
// it does not lose what it can't take.
func (e *Explanation) tried() []trial {
	if !e.Offers(mechanisms.Messages) {
		return []trial{{bench.RoundTrip(e.Mechanism).Name, "a round trip"}}
	}
	trials := []trial{{"PingPong", "a round trip"}, {"Stream", "a streamed message"}}
	if e.Lost != nil {
		return trials[:1]
	}
	return trials
}

// trial is a workload that is tried, and one operation of it.
type trial struct{ workload, op string }

// cell is a workload of this mechanism where the machine's speed matters least.
func (e *Explanation) cell(workload string) results.Cell {
	return results.Cell{Workload: workload, Mechanism: e.Name, Size: cmp.Or(bench.LookupWorkload(workload).Size, e.size), Place: runner.TracePlaceOf(e.Mechanism)}
}

const (
	tracedOps    = 200                   // operations that system calls are counted over
	measuredTime = 20 * time.Millisecond // of a launch whose wake-ups are counted
)

// Try tries the mechanism on this host, in processes of its own. What the host
// lacks or forbids is a reason in the explanation; an error is what ought to have
// worked. It ends early when ctx is done.
func (e *Explanation) Try(ctx context.Context) (err error) {
	if e.limits, e.untried = LimitsHere(e.Mechanism); e.untried != nil {
		return nil
	}
	coordinator, err := runner.Start(runner.Options{})
	if err != nil {
		e.untried = err
		return err
	}
	defer func() { err = errors.Join(err, coordinator.Close()) }()
	defer context.AfterFunc(ctx, func() { coordinator.Interrupt() })()
	e.calls, e.uncounted = coordinator.Trace(e.cell(e.tried()[0].workload), tracedOps)
	if runner.Unsupported(e.uncounted) {
		e.untried = e.uncounted
		if cell := (*runner.CellError)(nil); errors.As(e.untried, &cell) {
			e.untried = cell.Err // which names the mechanism
		}
		return nil
	}
	var refused *runner.TraceError
	if !errors.As(e.uncounted, &refused) {
		err = e.uncounted
	}
	w := wakeups{where: "here"}
	for _, op := range e.tried() {
		rec, _ := coordinator.Measure(e.cell(op.workload), runner.Measurement{Time: measuredTime})
		if rec.Outcome == results.Failed {
			err = errors.Join(err, fmt.Errorf("%s: %s", rec.Cell.Name(), rec.Reason))
		}
		w.perOp = append(w.perOp, rec.Voluntary.Or(-1)) // of an untrusted launch only the time is unreliable
	}
	e.wakeups = append(e.wakeups, w)
	return err
}
