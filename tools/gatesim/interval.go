package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"golang.org/x/perf/benchmath"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// intervalCells is how many cells show what an interval covers: 95 % come out as
// that ± 0.4 %.
const intervalCells = 12000

// launchesLike is one way in which the launches of a cell differ, on the scale of
// logarithms, about a median that is known.
type launchesLike struct {
	name   string
	median float64
	draw   func(*rand.Rand) float64
}

func allLaunches() []launchesLike {
	like := func(name string, draw func(*rand.Rand) float64) launchesLike {
		return launchesLike{name, medianOf(draw), draw}
	}
	return []launchesLike{
		{"lognormal, 5 %", 0, func(r *rand.Rand) float64 { return 0.05 * r.NormFloat64() }},
		like("the machine of these tables, 3 %", func(r *rand.Rand) float64 { return machine.launch(r, 0.03) }),
		{"Student's t with 3 degrees of freedom, 5 %", 0, func(r *rand.Rand) float64 {
			z := r.NormFloat64()
			return 0.05 * r.NormFloat64() / math.Sqrt((2*r.ExpFloat64()+z*z)/3)
		}},
		like("lognormal, 5 %; one in 20 takes 100 times as long", func(r *rand.Rand) float64 {
			y := 0.05 * r.NormFloat64()
			if r.Float64() < 0.05 {
				y += math.Log(100)
			}
			return y
		}),
	}
}

func intervals(b *strings.Builder) {
	fmt.Fprintf(b, "The table has the share of %d cells whose interval covers their median, of those that have one, and the mean of half its width, "+
		"as a share of the median. Beside them stands the interval from one order statistic to another, which benchstat prints.\n\n", intervalCells)
	text.Head(b, "lr", "launches", "n", "covers", "half width", "covers, order statistics", "half width", "none: far off")
	for _, l := range allLaunches() {
		for _, n := range []int{6, 7, 8, 10, 20} {
			text.Row(b, l.row(n)...)
		}
	}
}

func (l launchesLike) row(n int) []any {
	r := rand.New(rand.NewPCG(5, uint64(n)))
	var covered, theirs, bounded int
	var half, theirHalf float64
	in := func(lo, hi float64) int {
		if m := math.Exp(l.median); lo <= m && m <= hi {
			return 1
		}
		return 0
	}
	values := make([]float64, n)
	for range intervalCells {
		for i := range values {
			values[i] = math.Exp(l.draw(r))
		}
		s := benchmath.AssumeNothing.Summary(benchmath.NewSample(slices.Clone(values), &benchmath.DefaultThresholds), results.Confidence)
		theirs, theirHalf = theirs+in(s.Lo, s.Hi), theirHalf+(s.Hi-s.Lo)/2/s.Center
		if e := results.MedianOf(values); e.Bounded() {
			bounded++
			covered, half = covered+in(float64(e.Lo), float64(e.Hi)), half+float64((e.Hi-e.Lo)/2/e.Center)
		}
	}
	return []any{l.name, n, three(float64(covered) / float64(bounded)), percent(half / float64(bounded)),
		three(float64(theirs) / intervalCells), percent(theirHalf / intervalCells), three(1 - float64(bounded)/intervalCells)}
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

// medianOf is the median of what is drawn, from 200,001 draws.
func medianOf(draw func(*rand.Rand) float64) float64 {
	r := rand.New(rand.NewPCG(4, 0))
	all := make([]float64, 200001)
	for i := range all {
		all[i] = draw(r)
	}
	slices.Sort(all)
	return all[len(all)/2]
}
