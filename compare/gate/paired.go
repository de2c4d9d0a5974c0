package gate

import (
	"cmp"
	"iter"
	"math"
	"math/rand/v2"
)

// Pairs is one cell on two sides that took turns: launches of the two that
// came one right after the other.
type Pairs struct {
	Diff  []float64 // logarithm of new less that of old, signed so that larger is worse
	Shift float64   // as a Cell's
	// Turn names the pass of both. The launches of one pass are relabelled
	// together in all cells.
	Turn []int32
}

// RunPaired tests sides that took turns. What drifts from pass to pass drops
// out of the differences. Every cell needs two pairs, and none is used after
// the next.
func (t Test) RunPaired(cells iter.Seq[Pairs]) *Result {
	f := &family{plain: t.Plain, design: paired{}}
	for c := range cells {
		if t.Fall {
			negate(c.Diff)
		}
		for i := range c.Diff {
			c.Diff[i] -= cmp.Or(c.Shift, t.Shift)
		}
		f.add(c.Diff, pattern{passes: c.Turn})
	}
	return t.run(f)
}

// MinPairedP is the smallest p that a cell of n pairs can have: one in the
// number of ways in which they can be relabelled.
func MinPairedP(n int) float64 { return math.Pow(0.5, float64(n)) }

// paired calls in each pass either the one or the other launch new: Fisher's
// randomization test (The Design of Experiments, 1935, section 21). Labels are
// the signs of the differences.
type paired struct{}

func (paired) actual(_ *pattern, l []float32) {
	for j := range l {
		l[j] = 1
	}
}

func (paired) relabel(f *family, l labels, r *rand.Rand) {
	signs := make([]float32, f.passes)
	var bits uint64
	for pass := range signs {
		if pass%64 == 0 {
			bits = r.Uint64()
		}
		signs[pass] = float32(1 - 2*int(bits&1))
		bits >>= 1
	}
	for i, p := range f.patterns {
		for j, pass := range p.passes {
			l[i][j] = signs[pass]
		}
	}
}

func (paired) df(p *pattern) float64 { return float64(len(p.passes)) - 1 }

func (paired) effect(c *pooled, _ *pattern, l []float32) (effect, s2, factor float64) {
	n, sum := float64(len(c.y)), dot(c.y, l)
	return sum / n, (c.sq - sum*sum/n) / (n - 1), 1 / n
}
