package runner

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"ipcbench/bench"
	"ipcbench/results"
)

// Round is what n operations took, all workers together.
type Round struct {
	Kind      Kind
	Ops       int
	Elapsed   time.Duration    // from the first worker's start to the last receiver's last message; of a steady round see Measurement.Steady
	Usage     []results.Worker // by part; only what was used in the round
	Verified  int64            // messages whose payload was checked
	Latencies histogram        // of a latency round
	ClockNs   float64          // cost of one reading of the clock, which is in every latency
	Waited    time.Duration    // for what the kernel gives back late, which Elapsed leaves out
	WaitedFor string           // what that was: the need, the limit's value and its source
	Stalled   results.Count    // ns in which nothing moved, in stretches of bench.Stall and more; absent where no part shows it

	paced    bool       // Elapsed follows from its pace, see Measurement.Steady
	settings []settings // by part, after it; a part whose calls were counted has none
	on       []int      // CPUs, by part, when it was done; nil where that is not known of each, or where they are pinned
}

// newRound joins the workers' accounts. The receivers end a round: timing the
// writes alone would report how fast the buffer fills.
func newRound(kind Kind, n int, workers []workerRound) *Round {
	r := &Round{Kind: kind, Ops: n}
	start, end, steady := workers[0].Start, int64(0), int64(0)
	for _, w := range workers {
		start = min(start, w.Start)
		if w.Receives {
			end, steady = max(end, w.End), max(steady, w.Steady)
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
	for _, w := range workers {
		cpu, ok := w.CPU.Get()
		if !ok {
			r.on = nil
			break
		}
		r.on = append(r.on, int(cpu))
	}
	r.Elapsed, r.paced = time.Duration(cmp.Or(steady, end-start)), steady > 0
	r.Stalled = stalled(workers, start, end)
	return r
}

// Latency returns the percentiles of a latency round, in ns, as far as its
// operations carry them; nil where it timed none.
func (r *Round) Latency() (*results.Latency, error) {
	h, err := r.Latencies.unpack()
	if err != nil {
		return nil, err
	}
	if h.TotalCount() == 0 {
		return nil, nil
	}
	l := &results.Latency{
		Count: h.TotalCount(), P50: h.ValueAtQuantile(50), P90: h.ValueAtQuantile(90),
		P99: h.ValueAtQuantile(99), P999: h.ValueAtQuantile(99.9), Max: h.Max(),
		ClockNs: r.ClockNs, HDR: results.EncodeHistogram(h),
	}
	l.Trim(l.Count)
	return l, nil
}

// waits is the warning about waits that the rounds which give numbers leave out
// of their time; "" without any.
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

// stalled is how long nothing moved in a round, in ns: in the gaps of every part
// at once. A part that stands still alone may wait for a CPU or a lock. Between
// start and end, a part that has not begun or is done moves nothing either. Parts
// without marks are left out; where all are, only a process that works alone
// shows that it did not run. It is absent where nothing shows it.
func stalled(workers []workerRound, start, end int64) results.Count {
	var still []bench.Gap // in which no part so far has moved
	typical, marked := int64(0), 0
	for _, w := range workers {
		if w.Progress == nil {
			continue
		}
		gaps := slices.Concat([]bench.Gap{{From: start, To: w.Start}}, w.Progress.Gaps, []bench.Gap{{From: w.End, To: end}})
		if marked++; marked == 1 {
			still, typical = gaps, w.Progress.Typical
			continue
		}
		still, typical = both(still, gaps), min(typical, w.Progress.Typical)
	}
	if marked == 0 {
		w := workers[0]
		busy, ok := w.Usage.UserNs.Plus(w.Usage.SystemNs).Plus(w.Usage.WaitNs).Get()
		if len(workers) > 1 || !ok {
			return results.Count{}
		}
		still = []bench.Gap{{To: w.End - w.Start - busy}}
	}
	sum := int64(0)
	for _, g := range still {
		if ns := g.To - g.From; bench.Stalled(ns, typical) {
			sum += ns - typical
		}
	}
	return results.Known(sum)
}

// both is the time that lies in a and in b, two lists of gaps in order.
func both(a, b []bench.Gap) (in []bench.Gap) {
	for len(a) > 0 && len(b) > 0 {
		if from, to := max(a[0].From, b[0].From), min(a[0].To, b[0].To); from < to {
			in = append(in, bench.Gap{From: from, To: to})
		}
		if a[0].To < b[0].To {
			a = a[1:]
		} else {
			b = b[1:]
		}
	}
	return in
}

// perOp is the round's time per operation, in ns, at least 1e-3 so that
// nothing is divided by zero.
func (r *Round) perOp() float64 { return max(float64(r.Elapsed)/float64(r.Ops), 1e-3) }
