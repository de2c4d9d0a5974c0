package runner

import (
	"context"
	"runtime"
	"slices"
	"time"

	"ipcbench/bench"
	"ipcbench/results"
)

// Run is one execution of a plan, by one side or by several in turn.
type Run struct {
	Plan  bench.Plan
	Sides []*Side
	// Until is a share of the median, 0.02 for 2 %. Once the plan is done, further
	// passes launch the cells whose interval, of two sides that of the change, is
	// not within ±Until, until none is left or Budget is spent. 0: the plan alone.
	Until  float64
	Budget time.Duration // for all launches, the plan's included
	// Progress is called before each launch, and never while anything measures.
	// Left is the number of launches to come, as far as is known. Optional.
	Progress func(pass int, next results.Cell, left int)

	last    time.Time // end of the launch before
	begun   int       // launches of the plan, and beyond it so far
	retried int       // times that one of them was launched again
}

// Side is one side of a run: a coordinator that measures, and where its records go.
type Side struct {
	ID      string // the run's, for records
	Measure func(results.Cell, Measurement) (rec results.Record, ops int)
	Host    *results.Host
	Earlier *Earlier // of the same run, before it was interrupted; nil: there is nothing
	Sink    func(results.Record) error

	done    map[results.Cell]int              // the last launch that is ok
	settled map[results.Cell]bool             // skipped or failed: more launches would show nothing
	ops     map[results.Cell]int              // operations that fill the plan's time
	given   map[results.Cell]string           // capacity of the first launch that had no unusual one
	records map[results.Cell][]results.Record // of the plan's cells, whatever their links were given; none where Until is 0
}

// launchOf is a launch of a cell that a plan asked for.
type launchOf struct {
	cell   results.Cell
	launch int
}

// An untrusted launch is tried again right after its block, at most twice: launches
// that are compared come close to each other, and a launch minutes later sees
// another machine. What still is untrusted comes again after the plan's last pass,
// since disturbances come in bursts. Where a run has several sides, all of them
// launch the cell again at once, and not later. A machine that is disturbed all the
// time would never be done, so that only a fifth of the launches are tried again.
const (
	blockAttempts = 3 // right after each other
	maxAttempts   = 5 // in all
	retryShare    = 0.2
)

// Execute measures the plan, pass by pass, each in an order of its own, and
// hands every record to its side's sink. Several sides measure a cell one after the
// other, first to last in odd passes and last to first in even ones, so that a
// drift of the machine hits them alike. It stops when ctx is done, and returns ctx's
// error then. The launch under way ends or fails, as its side does, and one that
// failed is left out.
func (r *Run) Execute(ctx context.Context) error {
	// The collector counts it, and nothing touches it: a run of small records is
	// collected every 32 MB, not every 4, which took 0.3 ms of a launch.
	ballast := make([]byte, 32<<20)
	defer runtime.KeepAlive(ballast)
	start := time.Now()
	r.last = start
	r.begun, r.retried = len(r.Sides)*len(r.Plan.Cells)*r.Plan.Launches, 0
	var owed []pendingLaunch // what no attempt in its block could settle
	for _, side := range r.Sides {
		side.done, side.settled, side.ops = map[results.Cell]int{}, map[results.Cell]bool{}, map[results.Cell]int{}
		side.given = map[results.Cell]string{}
		for rec := range side.Earlier.All() {
			r.note(side, rec)
		}
	}
	for pass := 1; pass <= r.Plan.Launches; pass++ {
		left, err := r.pass(ctx, pass, r.Plan.Cells)
		if err != nil {
			return err
		}
		owed = append(owed, left...)
	}
	for attempt := blockAttempts + 1; attempt <= maxAttempts && len(owed) > 0; attempt++ {
		var err error
		if owed, err = r.launches(ctx, owed, attempt, 0, nil); err != nil {
			return err
		}
	}
	for pass := r.Plan.Launches + 1; r.Until > 0; pass++ {
		wanted := slices.DeleteFunc(slices.Clone(r.Plan.Cells), func(c results.Cell) bool { return r.settled(c) || !r.more(c) })
		if len(wanted) == 0 || time.Since(start) > r.Budget {
			return nil
		}
		r.begun += len(r.Sides) * len(wanted)
		if _, err := r.pass(ctx, pass, wanted); err != nil {
			return err
		}
	}
	return nil
}

// settled reports whether more launches of the cell would show nothing on any side.
func (r *Run) settled(c results.Cell) bool {
	return !slices.ContainsFunc(r.Sides, func(a *Side) bool { return !a.settled[c] })
}

// pendingLaunch is a launch of a cell that is to come, once on each of the sides,
// one right after the other.
type pendingLaunch struct {
	sides []*Side
	cell  results.Cell
	pass  int
}

// pass launches every cell, block by block, and returns the launches that are still
// owed.
func (r *Run) pass(ctx context.Context, pass int, cells []results.Cell) (owed []pendingLaunch, err error) {
	sides := slices.Clone(r.Sides)
	if pass%2 == 0 {
		slices.Reverse(sides)
	}
	var blocks [][]pendingLaunch
	left := 0 // of this pass
	for _, block := range r.Plan.Pass(pass, cells) {
		var pending []pendingLaunch
		for _, c := range block {
			owing := slices.DeleteFunc(slices.Clone(sides), func(a *Side) bool { return a.settled[c] || a.done[c] >= pass })
			if len(owing) > 0 {
				pending = append(pending, pendingLaunch{owing, c, pass})
				left += len(owing)
			}
		}
		if len(pending) > 0 {
			blocks = append(blocks, pending)
		}
	}
	later := max(0, r.Plan.Launches-pass) * left
	for i, pending := range blocks {
		for _, p := range pending {
			left -= len(p.sides)
		}
		var then *results.Cell
		if i+1 < len(blocks) {
			then = &blocks[i+1][0].cell
		}
		for attempt := 1; attempt <= blockAttempts && len(pending) > 0; attempt++ {
			if pending, err = r.launches(ctx, pending, attempt, later+left, then); err != nil {
				return nil, err
			}
		}
		owed = append(owed, pending...)
	}
	return owed, nil
}

// launches launches what is pending and returns what must be launched again. Then
// is the cell that comes after all of it, nil where that is not known.
func (r *Run) launches(ctx context.Context, pending []pendingLaunch, attempt, later int, then *results.Cell) (again []pendingLaunch, err error) {
	for i, p := range pending {
		left := later + len(again)
		for _, p := range pending[i:] {
			left += len(p.sides)
		}
		if attempt > 1 && !r.takeRetry(p) {
			return nil, nil
		}
		next := then // it starts while this one ends, where the same side has both
		if i+1 < len(pending) {
			next = &pending[i+1].cell
		} else if len(again) > 0 {
			next = &again[0].cell
		}
		if next != nil && (len(r.Sides) > 1 || r.Sides[0].settled[*next]) {
			next = nil
		}
		spoiled, err := r.launch(ctx, p, attempt, left, next)
		for n := attempt + 1; err == nil && spoiled && len(r.Sides) > 1 && n <= blockAttempts && r.takeRetry(p); n++ {
			spoiled, err = r.launch(ctx, p, n, left, nil)
		}
		if err != nil {
			return nil, err
		}
		if spoiled && len(r.Sides) == 1 {
			again = append(again, p)
		}
	}
	return again, nil
}

// takeRetry takes a retry of the launch out of the run's share, and reports whether
// there was one left.
func (r *Run) takeRetry(p pendingLaunch) bool {
	if r.retried >= max(10, int(retryShare*float64(r.begun))) {
		return false
	}
	r.retried += len(p.sides)
	return true
}

// launch launches a cell once on each of its sides and hands on the records. It
// reports whether any of them is untrusted.
func (r *Run) launch(ctx context.Context, p pendingLaunch, attempt, left int, next *results.Cell) (spoiled bool, err error) {
	for _, side := range p.sides {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if side.settled[p.cell] {
			continue // it failed since
		}
		if r.Progress != nil {
			r.Progress(p.pass, p.cell, left)
		}
		left--
		outcome, err := r.measure(ctx, side, p, attempt, next)
		if err != nil {
			return false, err
		}
		spoiled = spoiled || outcome == results.Untrusted
	}
	return spoiled, nil
}

// measure measures a cell once on a side and hands on its record.
func (r *Run) measure(ctx context.Context, side *Side, p pendingLaunch, attempt int, next *results.Cell) (results.Outcome, error) {
	rec, ops := side.Measure(p.cell, Measurement{Time: r.Plan.Time, Verify: r.Plan.Verify, Ops: side.ops[p.cell], Next: next})
	if err := ctx.Err(); err != nil && rec.Outcome == results.Failed {
		return "", err
	}
	side.ops[p.cell] = ops
	rec.Run, rec.Launch, rec.Attempt, rec.Seed, rec.Host = side.ID, p.pass, side.Earlier.attempts(launchOf{p.cell, p.pass})+attempt, r.Plan.Seed, side.Host
	now := time.Now()
	rec.WallNs, r.last = int64(now.Sub(r.last)), now
	side.splitCell(&rec)
	r.note(side, rec)
	return rec.Outcome, side.Sink(rec)
}

// splitCell gives a launch a cell of its own where its links have the usual
// capacity and yet another than those of the launches before: a limit has moved,
// in the run or while it was interrupted.
func (a *Side) splitCell(rec *results.Record) {
	capacity, before := rec.Capacity(), a.given[rec.Cell.Asked()]
	if rec.Cell.Given == "" && before != "" && capacity != "" && capacity != before {
		rec.Cell.Given = capacity
	}
}

// note notes what is done of the plan's cell on a side, whatever its links were
// given.
func (r *Run) note(a *Side, rec results.Record) {
	if r.Until > 0 {
		a.keep(rec)
	}
	asked := rec.Cell.Asked()
	switch rec.Outcome {
	case results.OK:
		a.done[asked] = max(a.done[asked], rec.Launch)
	case results.Skipped, results.Failed:
		a.settled[asked] = true
	}
	if rec.Cell.Given == "" && a.given[asked] == "" {
		a.given[asked] = rec.Capacity()
	}
}
