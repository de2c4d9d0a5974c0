package runner

import (
	"fmt"
	"math"
	"slices"
	"time"

	"ipcbench/bench"
	"ipcbench/results"
)

// Round is what n operations took, all workers together.
type Round struct {
	Kind      Kind
	Ops       int
	Elapsed   time.Duration    // from the first worker's start to the last receiver's last message
	Usage     []results.Worker // by part; only what was used in the round
	Verified  int64            // messages whose payload was checked
	Latencies histogram        // of a latency round
	ClockNs   float64          // cost of one reading of the clock, which is in every latency
	Waited    time.Duration    // for what the kernel gives back late, which Elapsed leaves out
	WaitedFor string           // what that was: the need, the limit's value and its source
	Stalled   results.Count    // ns in which nothing moved, in stretches of bench.Stall and more; absent where no part shows it

	settings []settings // by part, after it; a part whose calls were counted has none
}

// newRound joins the workers' accounts. The receivers end a round: timing the
// writes alone would report how fast the buffer fills.
func newRound(kind Kind, n int, workers []workerRound) *Round {
	r := &Round{Kind: kind, Ops: n}
	start, end := workers[0].Start, int64(0)
	for _, w := range workers {
		start = min(start, w.Start)
		if w.Receives {
			end = max(end, w.End)
		}
		r.Usage = append(r.Usage, w.Usage)
		r.Verified += w.Verified
		r.settings = append(r.settings, w.Settings)
		if w.Waited > 0 {
			r.Waited += time.Duration(w.Waited)
			r.WaitedFor = w.WaitedFor
		}
		if w.Latencies != nil {
			r.Latencies, r.ClockNs = w.Latencies, w.ClockNs
		}
	}
	r.Elapsed = time.Duration(end - start)
	r.Stalled = stalled(workers, start, end)
	return r
}

// waits is the warning about what the rounds that give numbers have waited for
// besides their time; "" if they have not.
func waits(rounds []*Round) string {
	var waited time.Duration
	what := ""
	for _, r := range rounds {
		if r.Waited > 0 && slices.Contains(results.Measuring, string(r.Kind)) {
			waited, what = waited+r.Waited, r.WaitedFor
		}
	}
	if waited == 0 {
		return ""
	}
	return fmt.Sprintf("waited %v, which the time leaves out, for what the kernel gives back late: %s", waited.Round(100*time.Microsecond), what)
}

// tally holds what all workers took on links of which nobody knows who takes
// what against what was sent there.
func tally(workers []workerRound) error {
	var sent, taken bench.Tally
	for _, w := range workers {
		sent, taken = sent.Plus(w.Sent), taken.Plus(w.Taken)
	}
	return bench.CheckTaken(sent, taken)
}

// perOp is the round's time per operation, in ns, at least 1e-3 so that
// nothing is divided by zero.
func (r *Round) perOp() float64 { return max(float64(r.Elapsed)/float64(r.Ops), 1e-3) }

// maxOps bounds a round: 10 s of the fastest floor.
const maxOps = 1 << 30

// Calibrate finds how many operations take about target, from short rounds
// that grow until they take a fortieth of it and a millisecond: in less, what a
// round begins with weighs too much. Launches to come correct it.
func (l *Launch) Calibrate(target time.Duration) (ops int, err error) {
	n, enough := 1, target/40+time.Millisecond
	for {
		r, err := l.Round(Calibrate, n, target)
		if err != nil {
			return 0, err
		}
		if r.Elapsed >= enough || n >= maxOps {
			return opsFor(r, target), nil
		}
		n = min(max(opsFor(r, enough*3/2), 2*n), 100*n, maxOps) // half more, so that one more round will do
	}
}

// paced corrects a number of operations towards what would have filled the
// time: all the way where that took less than half or more than twice as long,
// as a disturbed calibration makes it, else by half, on a scale of ratios. One
// launch is a poor measure of the next.
func paced(ops int, want, took time.Duration) int {
	ratio := float64(want) / float64(max(took, 1))
	if ratio > 0.5 && ratio < 2 {
		ratio = math.Sqrt(ratio)
	}
	return int(min(max(float64(ops)*ratio, 1), maxOps))
}

// opsFor is how many operations take target at the round's pace.
func opsFor(r *Round, target time.Duration) int {
	return int(min(max(float64(target)/r.perOp(), 1), maxOps))
}
