package gate

import (
	"cmp"
	"iter"
	"math"
	"slices"

	"github.com/aclements/go-moremath/stats"
)

// Seen is the change, as a logarithm, of which Run, with the result r, finds that
// share: the mean over the cells of the probability that one which is slower by it
// exceeds the critical value. The statistic is taken to follow Student's t, with the
// standard error that the cell has when its sides lie that far apart: launches far
// off are pulled in less then. docs/method.md has how often that is so.
func (t Test) Seen(cells iter.Seq[Cell], r *Result, share float64) float64 {
	var all []apart
	for c := range cells {
		center(c.Old)
		center(c.New)
		all = append(all, apart{cmp.Or(c.Shift, t.Shift), slices.Concat(c.Old, c.New), pattern{passes: slices.Concat(c.OldPass, c.NewPass), news: len(c.New)}})
	}
	return t.seen(twoSample{}, all, r, share)
}

// SeenPaired is the same of RunPaired.
func (t Test) SeenPaired(cells iter.Seq[Pairs], r *Result, share float64) float64 {
	var all []apart
	for c := range cells {
		center(c.Diff)
		all = append(all, apart{cmp.Or(c.Shift, t.Shift), c.Diff, pattern{passes: c.Turn, news: len(c.Diff)}})
	}
	return t.seen(paired{}, all, r, share)
}

// apart is a cell's values, each side's about 0. Those of its new side, or of its
// pairs, are the last.
type apart struct {
	shift float64
	y     []float64
	pattern
}

func (t Test) seen(d design, cells []apart, r *Result, share float64) float64 {
	critical, worst, least, most := r.Critical(t.Alpha), 0.0, math.Inf(1), 0.0
	found := func(change float64) (sum float64) {
		for i := range cells {
			sum += cells[i].power(t, d, r.prior, change-cells[i].shift, critical)
		}
		return sum / float64(len(cells))
	}
	for _, se := range r.SE {
		worst = max(worst, se)
	}
	for i := range cells {
		least, most = min(least, cells[i].shift), max(most, cells[i].shift)
	}
	lo, hi := least, most+(critical+10)*worst
	for found(hi) < share && hi < 20 {
		hi *= 2
	}
	for hi-lo > 1e-5 {
		if middle := (lo + hi) / 2; found(middle) < share {
			lo = middle
		} else {
			hi = middle
		}
	}
	return hi
}

// power is the probability that the cell exceeds the critical value where its sides
// lie an effect apart.
func (c *apart) power(t Test, d design, p prior, effect, critical float64) float64 {
	f := &family{plain: t.Plain, design: d}
	y := slices.Clone(c.y)
	for i := len(y) - c.news; i < len(y); i++ {
		y[i] += effect
	}
	if c.news < len(y) { // no pairs
		center(y)
	}
	f.add(y, c.pattern)
	one := &f.patterns[0]
	_, s2, factor := d.effect(&f.cells[0], one, f.actual()[0])
	se := math.Sqrt(p.shrink(max(s2, resolution*resolution), one.free.df) * factor)
	return stats.TDist{V: min(p.df+one.free.df, 1e6)}.CDF(effect/se - critical)
}
