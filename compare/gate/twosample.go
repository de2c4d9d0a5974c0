package gate

import (
	"cmp"
	"iter"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/montanaflynn/stats"
	"gonum.org/v1/gonum/stat/combin"
)

// Cell is the launches of one cell on both sides, as natural logarithms and
// signed so that larger is worse.
type Cell struct {
	Old, New []float64
	Shift    float64 // as that of the Test, in its place; 0: none
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
			y[len(c.Old)+i] -= cmp.Or(c.Shift, t.Shift)
		}
		center(y)
		f.add(y, pattern{passes: slices.Concat(c.OldPass, c.NewPass), news: len(c.New)})
	}
	return t.run(f)
}

// MinP is the smallest p that a cell with so many launches can have: one in
// the number of ways in which they can be relabelled.
func MinP(olds, news int) float64 {
	return 1 / math.Round(combin.GeneralizedBinomial(float64(olds+news), float64(news)))
}

// twoSample puts the passes of both sides into one bag. Labels are 1 of the
// new launches and 0 of the old.
type twoSample struct{}

func (twoSample) actual(p *pattern, l []float32) {
	for j := len(p.passes) - p.news; j < len(p.passes); j++ {
		l[j] = 1
	}
}

// relabel puts passes into a random order, and calls in each pattern the first
// ones new: each choice of its passes is as likely as any other, and patterns
// that share passes share their fate.
func (twoSample) relabel(f *family, l labels, r *rand.Rand) {
	order := r.Perm(f.passes)
	for i, p := range f.patterns {
		clear(l[i])
		left := p.news
		for _, pass := range order {
			if left == 0 {
				break
			}
			if pass < len(p.at) && p.at[pass] >= 0 {
				l[i][p.at[pass]] = 1
				left--
			}
		}
	}
}

// sizes are how many launches each side has.
func (p *pattern) sizes() (olds, news float64) {
	return float64(len(p.passes) - p.news), float64(p.news)
}

// df is that of Welch's variance where both sides vary alike (Satterthwaite
// 1946). It depends on the numbers alone: 2n-2 for n a side, 8.2 for 20 and 6.
func (twoSample) df(p *pattern) float64 {
	n1, n2 := p.sizes()
	sum := 1/n1 + 1/n2
	return sum * sum / (1/(n1*n1*(n1-1)) + 1/(n2*n2*(n2-1)))
}

// effect has each side vary in its own way (Welch 1938): the variance of a mean
// is that of its side. With as many launches on both sides that is the pooled
// variance.
func (twoSample) effect(c *pooled, p *pattern, l []float32) (effect, s2, factor float64) {
	n1, n2 := p.sizes()
	sum := dot(c.y, l)
	rest := c.sum - sum
	effect, factor = sum/n2-rest/n1, 1/n1+1/n2
	if n1 == n2 {
		return effect, (c.sq - sum*sum/n2 - rest*rest/n1) / (n1 + n2 - 2), factor
	}
	sq := dotSquares(c.y, l)
	old, new := (c.sq-sq-rest*rest/n1)/(n1-1), (sq-sum*sum/n2)/(n2-1)
	return effect, (old/n1 + new/n2) / factor, factor
}

func negate(y []float64) {
	for i := range y {
		y[i] = -y[i]
	}
}

// center subtracts the median.
func center(y []float64) {
	middle, _ := stats.Median(y) // there are values
	for i := range y {
		y[i] -= middle
	}
}
