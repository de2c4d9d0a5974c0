package runner

import (
	"slices"

	"ipcbench/bench"
	"ipcbench/results"
)

// stalled is for how long nothing moved in a round, in ns: in every part's gaps
// at once. A part that alone stands still may wait for its turn on a CPU or at a
// lock. Between start and end, a part that has not begun or is done moves
// nothing either. Parts without marks are left out; where all are, only a
// process that works all by itself shows that it did not run. It is absent where
// nothing shows it.
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

// both is what lies in a and in b, two lists of gaps in order.
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
