package runner

import (
	"context"
	"slices"
	"time"

	"ipcbench/bench"
	"ipcbench/results"
)

// Run is one execution of a plan, by one arm or by several in turn.
type Run struct {
	Plan bench.Plan
	Arms []*Arm
	// More tells whether a cell wants launches beyond the plan's; it is asked
	// once the plan is done, and again after each further pass, until no cell
	// wants more or Budget is spent. Optional.
	More   func(results.Cell) bool
	Budget time.Duration // for all launches, the plan's included
	// Progress is told before each launch; it is called between measurements
	// only. Left is the number of launches to come, as far as is known.
	// Optional.
	Progress func(pass int, next results.Cell, left int)

	last    time.Time // end of the launch before
	begun   int       // launches of the plan, and beyond it so far
	retried int       // times that one of them was launched again
}

// Arm is one side of a run: what measures, and where its records go.
type Arm struct {
	ID      string // the run's, for records
	Measure func(results.Cell, Measurement) (rec results.Record, ops int)
	Host    *results.Host
	Earlier []results.Record // of the same run, before it was interrupted
	Sink    func(results.Record) error

	done    map[results.Cell]int    // the last launch that is ok
	settled map[results.Cell]bool   // skipped or failed: more launches would tell nothing
	ops     map[results.Cell]int    // operations that fill the plan's time
	given   map[results.Cell]string // capacity of the first launch that had no unusual one
}

// A launch that is not to be trusted is tried again when all others of its pass
// had their turn, and, while it is still not, after the plan's last pass:
// disturbances come in bursts. Where several arms take turns, all of them
// launch the cell again at once, at most twice: what is compared came one right
// after the other, and an arm that alone came later would see another machine.
// A machine that is disturbed all the time would never be done, so that only
// so many of the launches are tried again.
const (
	passAttempts  = 2
	maxAttempts   = 5 // in all
	blockAttempts = 3 // of arms that take turns
	retryShare    = 0.2
)

// Execute measures the plan, pass by pass, each in an order of its own, and
// hands every record to its arm's sink. Several arms measure a cell in turn,
// first to last in odd passes and last to first in even ones, so that a drift
// of the machine hits them alike. It stops after the launch under way when ctx
// is done, and returns ctx's error then.
func (r *Run) Execute(ctx context.Context) error {
	start := time.Now()
	r.last = start
	r.begun, r.retried = len(r.Arms)*len(r.Plan.Cells)*r.Plan.Launches, 0
	var owed []turn // what no attempt of its pass could settle
	for _, arm := range r.Arms {
		arm.done, arm.settled, arm.ops = map[results.Cell]int{}, map[results.Cell]bool{}, map[results.Cell]int{}
		arm.given = map[results.Cell]string{}
		for _, rec := range arm.Earlier {
			arm.note(rec)
		}
	}
	for pass := 1; pass <= r.Plan.Launches; pass++ {
		left, err := r.pass(ctx, pass, r.Plan.Cells)
		if err != nil {
			return err
		}
		owed = append(owed, left...)
	}
	for attempt := passAttempts + 1; attempt <= maxAttempts && len(owed) > 0; attempt++ {
		var err error
		if owed, err = r.launches(ctx, owed, attempt, 0); err != nil {
			return err
		}
	}
	for pass := r.Plan.Launches + 1; r.More != nil; pass++ {
		wanted := slices.DeleteFunc(slices.Clone(r.Plan.Cells), func(c results.Cell) bool { return r.settled(c) || !r.More(c) })
		if len(wanted) == 0 || time.Since(start) > r.Budget {
			return nil
		}
		r.begun += len(r.Arms) * len(wanted)
		if _, err := r.pass(ctx, pass, wanted); err != nil {
			return err
		}
	}
	return nil
}

// settled tells whether no arm has anything left to learn about the cell.
func (r *Run) settled(c results.Cell) bool {
	return !slices.ContainsFunc(r.Arms, func(a *Arm) bool { return !a.settled[c] })
}

// turn is what is launched one right after the other: a cell, once on each arm.
type turn struct {
	arms []*Arm
	cell results.Cell
	pass int
}

// pass gives every cell its turn, and returns what is still owed.
func (r *Run) pass(ctx context.Context, pass int, cells []results.Cell) ([]turn, error) {
	arms := slices.Clone(r.Arms)
	if pass%2 == 0 {
		slices.Reverse(arms)
	}
	var turns []turn
	for _, c := range r.Plan.Pass(pass, cells) {
		owing := slices.DeleteFunc(slices.Clone(arms), func(a *Arm) bool { return a.settled[c] || a.done[c] >= pass })
		if len(owing) > 0 {
			turns = append(turns, turn{owing, c, pass})
		}
	}
	later := max(0, r.Plan.Launches-pass) * len(turns)
	for attempt := 1; attempt <= passAttempts && len(turns) > 0; attempt++ {
		var err error
		if turns, err = r.launches(ctx, turns, attempt, later); err != nil {
			return nil, err
		}
	}
	return turns, nil
}

// launches gives each its turn and returns those that must have another.
func (r *Run) launches(ctx context.Context, turns []turn, attempt, later int) (again []turn, err error) {
	for i, t := range turns {
		left := later + len(again)
		for _, t := range turns[i:] {
			left += len(t.arms)
		}
		if attempt > 1 && !r.mayRetry(t) {
			return nil, nil
		}
		var next *results.Cell // it starts while this one ends, where the same arm has both
		if len(r.Arms) == 1 && i+1 < len(turns) && !r.Arms[0].settled[turns[i+1].cell] {
			next = &turns[i+1].cell
		}
		spoiled, err := r.launch(ctx, t, attempt, left, next)
		for n := attempt + 1; err == nil && spoiled && len(r.Arms) > 1 && n <= blockAttempts && r.mayRetry(t); n++ {
			spoiled, err = r.launch(ctx, t, n, left, nil)
		}
		if err != nil {
			return nil, err
		}
		if spoiled && len(r.Arms) == 1 {
			again = append(again, t)
		}
	}
	return again, nil
}

// mayRetry reports whether the run's share of retries allows the turn once
// more, and counts it.
func (r *Run) mayRetry(t turn) bool {
	if r.retried >= max(10, int(retryShare*float64(r.begun))) {
		return false
	}
	r.retried += len(t.arms)
	return true
}

// launch launches a cell once on each arm of the turn and hands on the records.
// It reports whether any launch is not to be trusted.
func (r *Run) launch(ctx context.Context, t turn, attempt, left int, next *results.Cell) (spoiled bool, err error) {
	for _, arm := range t.arms {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		if arm.settled[t.cell] {
			continue // it failed since
		}
		if r.Progress != nil {
			r.Progress(t.pass, t.cell, left)
		}
		left--
		outcome, err := r.measure(arm, t, attempt, next)
		if err != nil {
			return false, err
		}
		spoiled = spoiled || outcome == results.Untrusted
	}
	return spoiled, nil
}

// measure measures a cell once on an arm and hands on its record.
func (r *Run) measure(arm *Arm, t turn, attempt int, next *results.Cell) (results.Outcome, error) {
	rec, ops := arm.Measure(t.cell, Measurement{Time: r.Plan.Time, Verify: r.Plan.Verify, Ops: arm.ops[t.cell], Next: next})
	arm.ops[t.cell] = ops
	rec.Run, rec.Launch, rec.Attempt, rec.Seed, rec.Host = arm.ID, t.pass, attempt, r.Plan.Seed, arm.Host
	now := time.Now()
	rec.WallNs, r.last = int64(now.Sub(r.last)), now
	arm.tellApart(&rec)
	arm.note(rec)
	return rec.Outcome, arm.Sink(rec)
}

// tellApart gives a launch a cell of its own whose links have the usual capacity
// and yet another than those of the launches before: a limit has moved, in a run
// or while it was interrupted.
func (a *Arm) tellApart(rec *results.Record) {
	capacity, before := rec.Capacity(), a.given[rec.Cell.Asked()]
	if rec.Cell.Given == "" && before != "" && capacity != "" && capacity != before {
		rec.Cell.Given = capacity
	}
}

// note notes what is done of the plan's cell, whatever its links were given.
func (a *Arm) note(rec results.Record) {
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
