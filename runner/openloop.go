package runner

import (
	"time"

	"ipcbench/bench"
	"ipcbench/results"
)

// openLoop plays the rounds of a workload whose messages are due at a rate, and
// fills in what they gave. Rate and time say how many messages there are; one
// round gives all numbers, so that nothing between rounds lets a queue drain.
func (l *Launch) openLoop(rec *results.Record, w *bench.Workload, m Measurement) (ops int, err error) {
	if ops = m.Ops; ops == 0 {
		if ops, err = l.due(m.Time); err != nil {
			return 0, err
		}
	}
	all := l.in(m.Time)
	for try := 1; ; try++ {
		asked := []Ask{{Kind: Warmup, N: max(m.Warmup, warmup(ops, m.Time))}, m.round(Latency, ops, 1)}
		if m.Verify {
			asked = append(asked, Ask{Kind: Verify, N: part(ops, verifyShare)})
		}
		played, err := l.Play(m.Time, asked...)
		if err != nil {
			return 0, err
		}
		timed := played[1:2]
		if took := elapsed(timed); ops < all && tooShort(rec, m, took, m.Time, ops, try) {
			ops = min(all, paced(ops, m.Time, took))
			recalibrate(played)
			continue
		}
		Account(rec, w, timed)
		if why := results.Saturation(rec.Cell, rec.NsPerOp); why != "" {
			rec.Warnings = append(rec.Warnings, why)
		}
		return ops, nil
	}
}

// in is how many messages are due in d.
func (l *Launch) in(d time.Duration) int { return max(1, int(float64(l.Cell.Rate)*d.Seconds())) }

// longest bounds how many times longer than asked a round takes whose rate is
// more than the link takes.
const longest = 4

// due is how many messages are due in target. Where the link takes far fewer
// than that the round is cut, so that its length does not depend on how absurd
// the rate is. That shows in a tenth of the messages, which come first; one
// that a busy machine delays for half of the time must not cut it.
func (l *Launch) due(target time.Duration) (ops int, err error) {
	ops = l.in(target)
	for n := 1; ; n = min(4*n, ops/10) {
		r, err := l.Round(Warmup, n, target)
		if err != nil {
			return 0, err
		}
		if n >= ops/10 || r.Elapsed > target/2 {
			return min(ops, max(1, longest*opsFor(r, target))), nil
		}
	}
}
