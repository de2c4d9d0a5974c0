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

	done    map[results.Cell]int  // the last launch that is ok
	settled map[results.Cell]bool // skipped or failed: more launches would tell nothing
	ops     map[results.Cell]int  // operations that fill the plan's time
}

// A launch that is not to be trusted is tried again when all others of its pass
// had their turn, and, while it is still not, after the plan's last pass:
// disturbances come in bursts.
// A machine that is disturbed all the time would never be done, so that only
// so many of the launches are tried again.
const (
	passAttempts = 2
	maxAttempts  = 5 // in all
	retryShare   = 0.2
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

// turn is one launch that is owed.
type turn struct {
	arm  *Arm
	cell results.Cell
	pass int
}

// pass launches every cell once on every arm, and returns what is still owed.
func (r *Run) pass(ctx context.Context, pass int, cells []results.Cell) ([]turn, error) {
	arms := slices.Clone(r.Arms)
	if pass%2 == 0 {
		slices.Reverse(arms)
	}
	var turns []turn
	for _, c := range r.Plan.Pass(pass, cells) {
		for _, arm := range arms {
			if !arm.settled[c] && arm.done[c] < pass {
				turns = append(turns, turn{arm, c, pass})
			}
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
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if t.arm.settled[t.cell] {
			continue // it failed since
		}
		if attempt > 1 {
			if r.retried >= max(10, int(retryShare*float64(r.begun))) {
				return nil, nil
			}
			r.retried++
		}
		if r.Progress != nil {
			r.Progress(t.pass, t.cell, later+len(turns)-i+len(again))
		}
		var next *results.Cell // it starts while this one ends, where the same arm has both
		if i+1 < len(turns) && turns[i+1].arm == t.arm && !t.arm.settled[turns[i+1].cell] {
			next = &turns[i+1].cell
		}
		outcome, err := r.launch(t, attempt, next)
		if err != nil {
			return nil, err
		}
		if outcome == results.Untrusted {
			again = append(again, t)
		}
	}
	return again, nil
}

// launch measures a cell once and hands on its record.
func (r *Run) launch(t turn, attempt int, next *results.Cell) (results.Outcome, error) {
	rec, ops := t.arm.Measure(t.cell, Measurement{Time: r.Plan.Time, Verify: r.Plan.Verify, Ops: t.arm.ops[t.cell], Next: next})
	t.arm.ops[t.cell] = ops
	rec.Run, rec.Launch, rec.Attempt, rec.Seed, rec.Host = t.arm.ID, t.pass, attempt, r.Plan.Seed, t.arm.Host
	now := time.Now()
	rec.WallNs, r.last = int64(now.Sub(r.last)), now
	t.arm.note(rec)
	return rec.Outcome, t.arm.Sink(rec)
}

func (a *Arm) note(rec results.Record) {
	switch rec.Outcome {
	case results.OK:
		a.done[rec.Cell] = max(a.done[rec.Cell], rec.Launch)
	case results.Skipped, results.Failed:
		a.settled[rec.Cell] = true
	}
}
