// Package gate tests many cells at once: which of them became worse by more
// than a threshold? Over all cells together the probability of one false
// alarm is at most α.
//
// The test is the step-down maxT procedure of Westfall and Young (1993,
// Algorithm 4.1): passes are relabelled old and new at random, all cells of a
// pass together, and a cell's statistic is compared with the largest one that
// such a relabelling gives anywhere. The relabelled passes keep whatever ties
// cells to each other, so that a pass in which the machine was slow counts
// once and not once a cell. The statistic is the moderated t of Smyth (2004,
// doi:10.2202/1544-6115.1027): a cell's variance is shrunk towards that of all
// cells. docs/method.md has the reasons and the operating characteristics.
package gate

import (
	"cmp"
	"math"
	"runtime"
	"slices"
	"sync"
)

// Test is a test of the null hypothesis that no cell is worse by more than a
// threshold.
type Test struct {
	Shift float64 // log(1 + threshold): what new may exceed old by
	Draws int     // relabellings at most; the smallest p is 1/(Draws+1)
	Seed  uint64  // of the relabellings: equal seeds give equal results
	Fall  bool    // test for a fall in place of a rise
	Plain bool    // Student's t in place of the moderated one: for comparison of the two
}

// Result is what a Test found, in the order of its cells.
type Result struct {
	T  []float64 // the statistic; the larger the worse
	P  []float64 // corrected for all cells, in (0, 1]
	SE []float64 // standard error of the difference of logarithms

	max []float64 // the largest statistic of each relabelling, ascending
}

// Draws is how many relabellings were drawn.
func (r *Result) Draws() int { return len(r.max) }

// Critical is the value that the largest statistic must exceed for p ≤ alpha.
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

func (t Test) decided(exceeded []int, draws int) bool {
	if exceeded[0] >= enough {
		return true
	}
	return draws >= t.Draws/4 && !slices.ContainsFunc(exceeded, func(n int) bool { return 0 < n && n < enough })
}

// run performs the test on its family.
func (t Test) run(f *family) *Result {
	n := len(f.cells)
	r := &Result{T: make([]float64, n), SE: make([]float64, n), P: make([]float64, n)}
	if n == 0 {
		return r
	}
	f.statistics(f.actual(), r.T, r.SE)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(r.T[b], r.T[a]) })

	exceeded := make([]int, n)
	for len(r.max) < t.Draws && !t.decided(exceeded, len(r.max)) {
		t.draw(f, r, order, exceeded, min(batch, t.Draws-len(r.max)))
	}
	slices.Sort(r.max)
	last := 0.0
	for k, i := range order {
		last = max(last, float64(1+exceeded[k])/float64(1+len(r.max)))
		r.P[i] = last
	}
	return r
}

// draw relabels n times, and counts for each rank how often the largest
// statistic of that rank and all below reaches the one observed.
func (t Test) draw(f *family, r *Result, order, exceeded []int, n int) {
	first := len(r.max)
	r.max = append(r.max, make([]float64, n)...)
	var mu sync.Mutex
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			stat, count := make([]float64, len(order)), make([]int, len(order))
			labels := f.actual()
			for d := first + w; d < first+n; d += workers {
				f.relabel(labels, t.Seed, uint64(d))
				f.statistics(labels, stat, nil)
				largest := math.Inf(-1)
				for k := len(order) - 1; k >= 0; k-- {
					i := order[k]
					largest = max(largest, stat[i])
					if largest >= r.T[i] {
						count[k]++
					}
				}
				r.max[d] = largest
			}
			mu.Lock()
			defer mu.Unlock()
			for k, n := range count {
				exceeded[k] += n
			}
		})
	}
	wg.Wait()
}
