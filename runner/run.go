package runner

import (
	"context"

	"ipcbench/bench"
	"ipcbench/results"
)

// Run is one execution of a plan.
type Run struct {
	ID      string
	Plan    bench.Plan
	Session *Session
	Host    *results.Host
	Earlier []results.Record // of the same run, before it was interrupted
	Sink    func(results.Record) error
	// Progress is told before each launch; it is called between measurements
	// only. Left is the number of launches to come. Optional.
	Progress func(pass int, next results.Cell, left int)
}

// maxAttempts is how often a launch is tried in all while it is untrusted.
const maxAttempts = 3

// Execute measures the plan, pass by pass, each in an order of its own, and
// hands every record to the sink. It stops after the launch under way when
// ctx is done, and returns ctx's error then.
func (r *Run) Execute(ctx context.Context) error {
	done := map[results.Cell]int{}     // launches that count
	settled := map[results.Cell]bool{} // skipped or failed: more launches would tell nothing
	ops := map[results.Cell]int{}
	for _, rec := range r.Earlier {
		r.note(rec, done, settled)
	}
	left := 0
	for _, c := range r.Plan.Cells {
		if !settled[c] {
			left += max(0, r.Plan.Launches-done[c])
		}
	}
	for pass := 1; pass <= r.Plan.Launches; pass++ {
		for _, c := range r.Plan.Pass(pass) {
			if settled[c] || done[c] >= pass {
				continue
			}
			for attempt := 1; attempt <= maxAttempts; attempt++ {
				if err := ctx.Err(); err != nil {
					return err
				}
				if r.Progress != nil {
					r.Progress(pass, c, left)
				}
				rec, n := r.Session.Measure(c, Measurement{Time: r.Plan.Time, Verify: r.Plan.Verify, Ops: ops[c]})
				ops[c] = n
				rec.Run, rec.Launch, rec.Attempt, rec.Seed, rec.Host = r.ID, pass, attempt, r.Plan.Seed, r.Host
				if err := r.Sink(rec); err != nil {
					return err
				}
				r.note(rec, done, settled)
				if rec.Outcome != results.Untrusted {
					break
				}
			}
			done[c] = max(done[c], pass) // untrusted in every attempt: its turn is over all the same
			left--
			if settled[c] {
				left -= r.Plan.Launches - pass
			}
		}
	}
	return nil
}

func (r *Run) note(rec results.Record, done map[results.Cell]int, settled map[results.Cell]bool) {
	switch rec.Outcome {
	case results.OK:
		done[rec.Cell] = max(done[rec.Cell], rec.Launch)
	case results.Skipped, results.Failed:
		settled[rec.Cell] = true
	}
}
