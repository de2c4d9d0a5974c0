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

// maxAttempts is how often a launch is tried in all while it is untrusted.
const maxAttempts = 3

// Execute measures the plan, pass by pass, each in an order of its own, and
// hands every record to its arm's sink. Several arms measure a cell in turn,
// first to last in odd passes and last to first in even ones, so that a drift
// of the machine hits them alike. It stops after the launch under way when ctx
// is done, and returns ctx's error then.
func (r *Run) Execute(ctx context.Context) error {
	start := time.Now()
	for _, arm := range r.Arms {
		arm.done, arm.settled, arm.ops = map[results.Cell]int{}, map[results.Cell]bool{}, map[results.Cell]int{}
		for _, rec := range arm.Earlier {
			arm.note(rec)
		}
	}
	for pass := 1; pass <= r.Plan.Launches; pass++ {
		if err := r.pass(ctx, pass, r.Plan.Cells); err != nil {
			return err
		}
	}
	for pass := r.Plan.Launches + 1; r.More != nil; pass++ {
		wanted := slices.DeleteFunc(slices.Clone(r.Plan.Cells), func(c results.Cell) bool { return r.settled(c) || !r.More(c) })
		if len(wanted) == 0 || time.Since(start) > r.Budget {
			return nil
		}
		if err := r.pass(ctx, pass, wanted); err != nil {
			return err
		}
	}
	return nil
}

// settled tells whether no arm has anything left to learn about the cell.
func (r *Run) settled(c results.Cell) bool {
	return !slices.ContainsFunc(r.Arms, func(a *Arm) bool { return !a.settled[c] })
}

// turn is one launch that a pass owes.
type turn struct {
	arm  *Arm
	cell results.Cell
}

// pass launches every cell once on every arm. What was not to be trusted has
// its turn again when all others had theirs: disturbances come in bursts.
func (r *Run) pass(ctx context.Context, pass int, cells []results.Cell) error {
	arms := slices.Clone(r.Arms)
	if pass%2 == 0 {
		slices.Reverse(arms)
	}
	var turns []turn
	for _, c := range r.Plan.Pass(pass, cells) {
		for _, arm := range arms {
			if !arm.settled[c] && arm.done[c] < pass {
				turns = append(turns, turn{arm, c})
			}
		}
	}
	later := max(0, r.Plan.Launches-pass) * len(turns)
	for attempt := 1; attempt <= maxAttempts && len(turns) > 0; attempt++ {
		var again []turn
		for i, t := range turns {
			if err := ctx.Err(); err != nil {
				return err
			}
			if r.Progress != nil {
				r.Progress(pass, t.cell, later+len(turns)-i+len(again))
			}
			outcome, err := r.launch(t, pass, attempt)
			if err != nil {
				return err
			}
			if outcome == results.Untrusted {
				again = append(again, t)
			}
		}
		turns = again
	}
	return nil
}

// launch measures a cell once and hands on its record.
func (r *Run) launch(t turn, pass, attempt int) (results.Outcome, error) {
	rec, ops := t.arm.Measure(t.cell, Measurement{Time: r.Plan.Time, Verify: r.Plan.Verify, Ops: t.arm.ops[t.cell]})
	t.arm.ops[t.cell] = ops
	rec.Run, rec.Launch, rec.Attempt, rec.Seed, rec.Host = t.arm.ID, pass, attempt, r.Plan.Seed, t.arm.Host
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
