package gate

import (
	"cmp"
	"iter"
	"math/rand/v2"
	"slices"
)

// Cell is the launches of one cell on both sides, as natural logarithms and
// signed so that larger is worse.
type Cell struct {
	Old, New []float64
	// OldPass and NewPass name the pass that each launch was part of, numbered
	// across both sides: no pass is on both. Launches of one pass are relabelled
	// together in all cells.
	OldPass, NewPass []int32
}

// Run tests sides whose passes have nothing to do with each other. Every cell
// needs two launches a side, and none is used after the next.
func (t Test) Run(cells iter.Seq[Cell]) *Result {
	f := &family{plain: t.Plain, design: twoSample{}}
	for c := range cells {
		y := slices.Concat(c.Old, c.New)
		if t.Fall {
			negate(y)
		}
		for i := range c.New {
			y[len(c.Old)+i] -= t.Shift
		}
		center(y)
		f.add(y, pattern{slices.Concat(c.OldPass, c.NewPass), len(c.New)})
	}
	return t.run(f)
}

// MinP is the smallest p that a cell with so many launches can have: one in
// the number of ways in which they can be relabelled.
func MinP(olds, news int) float64 { return 1 / choose(olds+news, news) }

// twoSample puts the passes of both sides into one bag. Labels are 1 of the
// new launches and 0 of the old.
type twoSample struct{}

func (twoSample) actual(p pattern, l []float32) {
	for j := len(p.passes) - p.news; j < len(p.passes); j++ {
		l[j] = 1
	}
}

// relabel puts passes into a random order, and calls in each pattern the first
// ones new: each choice of its passes is as likely as any other, and patterns
// that share passes share their fate.
func (twoSample) relabel(f *family, l labels, r *rand.Rand) {
	rank := r.Perm(f.passes)
	for i, p := range f.patterns {
		clear(l[i])
		if len(p.passes) == f.passes { // of all passes the ranks are known
			for j, pass := range p.passes {
				if rank[pass] < p.news {
					l[i][j] = 1
				}
			}
			continue
		}
		order := make([]int, len(p.passes))
		for j := range order {
			order[j] = j
		}
		slices.SortFunc(order, func(a, b int) int { return cmp.Compare(rank[p.passes[a]], rank[p.passes[b]]) })
		for _, j := range order[:p.news] {
			l[i][j] = 1
		}
	}
}

func (twoSample) effect(c *pooled, p pattern, dot float64) (effect, s2, df, factor float64) {
	n1, n2 := float64(len(c.y)-p.news), float64(p.news)
	rest := c.sum - dot
	df = n1 + n2 - 2
	return dot/n2 - rest/n1, (c.sq - dot*dot/n2 - rest*rest/n1) / df, df, 1/n1 + 1/n2
}

func negate(y []float64) {
	for i := range y {
		y[i] = -y[i]
	}
}

// center subtracts the median.
func center(y []float64) {
	middle := median(y)
	for i := range y {
		y[i] -= middle
	}
}
