// Package gate tests many cells at once: which of them became worse by more
// than a threshold? Over all cells together the probability of one false
// alarm is at most α.
//
// The test is a step-down maxT procedure after Westfall and Young (1993,
// section 2.6): passes are relabelled old and new at random, all cells of a
// pass together, and a cell's statistic is compared with the largest one that
// such a relabelling gives anywhere. The relabelled passes keep whatever ties
// cells to each other, so that a pass in which the machine was slow counts
// once and not once a cell. The statistic is the moderated t of Smyth (2004,
// doi:10.2202/1544-6115.1027): a cell's variance is shrunk towards that of all
// cells. It steps down in rounds: the cells that are worse are set aside, and
// the rest are tested again by themselves. docs/method.md has the reasons and
// the operating characteristics.
package gate

import (
	"runtime"
	"slices"
	"sync"
)

// Test is a test of the null hypothesis that no cell is worse by more than a
// threshold.
type Test struct {
	Shift float64 // log(1 + threshold): what new may exceed old by, in cells that have no shift of their own
	Alpha float64 // cells with p up to here are set aside, and the rest tested again; 0: one round
	Draws int     // relabellings of a round at most; the smallest p is 1/(Draws+1)
	Least int     // relabellings of a round at least, however clear the outcome: Critical rests on them
	Seed  uint64  // of the relabellings: equal seeds give equal results
	Fall  bool    // test for a fall in place of a rise
	Plain bool    // Student's t in place of the moderated one: for comparison of the two
}

// Result is what a Test found, in the order of its cells.
type Result struct {
	T  []float64 // the statistic; the larger the worse
	P  []float64 // corrected for all cells, in (0, 1]
	SE []float64 // standard error of the difference of logarithms

	max   []float64 // the largest statistic of each relabelling of the last round, ascending
	prior prior     // of the last round, under the actual labels
}

// Draws is how many relabellings the last round drew.
func (r *Result) Draws() int { return len(r.max) }

// Critical is the value that a statistic must exceed in the last round for
// p ≤ alpha.
func (r *Result) Critical(alpha float64) float64 {
	i := len(r.max) - int(alpha*float64(len(r.max)+1))
	return r.max[min(max(i, 0), len(r.max)-1)]
}

// Drawing stops early where more draws would tell no more (Besag and Clifford
// 1991, doi:10.1093/biomet/78.2.301): where the largest statistic was reached
// enough times to know that no cell comes near significance, and where after
// a quarter of the draws each cell's was reached that often or never.
const (
	batch  = 100
	enough = 50
)

func (t Test) decided(r *Result) bool {
	draws := len(r.max)
	if draws < max(t.Least, enough) {
		return false
	}
	top := r.max[draws-enough]
	if slices.Max(r.T) <= top {
		return true
	}
	return draws >= t.Draws/4 && !slices.ContainsFunc(r.T, func(t float64) bool { return top < t && t <= r.max[draws-1] })
}

// run performs the test on its family, round by round. The prior is estimated
// anew in each relabelling, from the cells of the round. Cells that are worse
// inflate it there, but not under the actual labels: while they take part,
// statistics look larger beside those of relabellings than they are. Of
// suites in which 80 % of 60 cells take twice as long, a step-down with one
// prior gives a false alarm in 15 %.
func (t Test) run(f *family) *Result {
	n := len(f.cells)
	r := &Result{T: make([]float64, n), SE: make([]float64, n), P: make([]float64, n)}
	left := make([]int, n) // cells that are not set aside
	for i := range left {
		left[i] = i
	}
	for last := 0.0; len(left) > 0; {
		round := t.round(f.of(left))
		r.max, r.prior = round.max, round.prior
		var rest []int
		aside := last
		for k, i := range left {
			r.T[i], r.SE[i], r.P[i] = round.T[k], round.SE[k], max(last, round.P[k])
			if round.P[k] > t.Alpha {
				rest = append(rest, i)
			} else {
				aside = max(aside, r.P[i])
			}
		}
		if len(rest) == len(left) {
			break
		}
		left, last = rest, aside
	}
	return r
}

// round tests all cells of a family in a single step: p is the share of
// relabellings, the actual one included, whose largest statistic reaches the
// cell's.
func (t Test) round(f *family) *Result {
	actual := f.scores()
	r := &Result{T: actual.t, SE: actual.se, P: make([]float64, len(f.cells)), prior: actual.prior}
	for len(r.max) < t.Draws && !t.decided(r) {
		t.draw(f, r, min(batch, t.Draws-len(r.max)))
		slices.Sort(r.max)
	}
	for i, observed := range r.T {
		below, _ := slices.BinarySearch(r.max, observed)
		r.P[i] = float64(1+len(r.max)-below) / float64(1+len(r.max))
	}
	return r
}

// draw adds the largest statistic of each of n further relabellings.
func (t Test) draw(f *family, r *Result, n int) {
	first := len(r.max)
	r.max = append(r.max, make([]float64, n)...)
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			s := f.scores()
			for d := first + w; d < first+n; d += workers {
				f.relabel(s.labels, t.Seed, uint64(d))
				f.score(s)
				r.max[d] = slices.Max(s.t)
			}
		})
	}
	wg.Wait()
}
