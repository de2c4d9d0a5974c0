package main

import (
	"math"
	"math/rand/v2"

	"ipcbench/compare/gate"
)

// noise is how launches of a cell that nothing has changed differ. All
// deviations are of logarithms: 0.03 is 3 %.
type noise struct {
	cv      float64 // standard deviation of the launches of a typical cell
	uneven  float64 // standard deviation of log cv among cells
	drift   float64 // standard deviation of a whole pass, all cells alike
	turns   bool    // sides take turns: a pass of the one drifts as that of the other
	outlier float64 // probability that a launch comes out far too slow
	louder  float64 // factor of cv on the new side

	news    int     // launches of the new side; 0: as many as of the old one
	lag     float64 // correlation of a launch of a cell with the cell's launch before, the old side's last with the new side's first
	modes   float64 // share of cells with a second mode, which is slower by 15 %
	once    bool    // the mode is drawn once a side, not once a launch
	missing float64 // probability that a launch is discarded, whatever its time
	voided  float64 // probability that an outlier of the old side is discarded
}

// machine is the noise of the tables, but for cv: cells differ in theirs by a
// third, a pass is 1 % off, and a launch in fifty is an outlier.
var machine = noise{uneven: 0.3, drift: 0.01, outlier: 0.02, louder: 1}

// mode is how much slower the second mode is.
var mode = math.Log(1.15)

// suite draws both sides of a suite of cells, n launches each but for news.
// The new side of cell i is slower by changes[i], that of a cell without a
// change by rest.
func (z noise) suite(r *rand.Rand, cells, n int, rest float64, changes ...float64) []gate.Cell {
	all := 2 * n
	if z.news > 0 {
		all = n + z.news
	}
	passes := make([]int32, all)
	drift := make([]float64, all)
	for p := range passes {
		passes[p] = int32(p)
		drift[p] = z.drift * r.NormFloat64()
		if z.turns && p >= n {
			drift[p] = drift[p-n]
		}
	}
	out := make([]gate.Cell, cells)
	for i := range out {
		change := rest
		if i < len(changes) {
			change = changes[i]
		}
		c := &out[i]
		sd := z.cv * math.Exp(z.uneven*r.NormFloat64())
		last, level := 0.0, z.level(r)
		lost := 0
		for p := range passes {
			if p == n {
				sd *= z.louder
				lost = 0
			}
			e := r.NormFloat64()
			if z.lag > 0 {
				if p > 0 {
					e = z.lag*last + math.Sqrt(1-z.lag*z.lag)*e
				}
				last = e
			}
			y := drift[p] + sd*e
			outlier := r.Float64() < z.outlier
			if outlier {
				y += tail(r)
			}
			discarded := z.discards(r, outlier, p < n) && lost < (n-1)/5
			if discarded { // a cell that loses a fifth has no number
				lost++
			}
			y += level(p >= n)
			switch {
			case discarded:
			case p < n:
				c.Old, c.OldPass = append(c.Old, y), append(c.OldPass, passes[p])
			default:
				c.New, c.NewPass = append(c.New, y+math.Log1p(change)), append(c.NewPass, passes[p])
			}
		}
	}
	return out
}

// launch draws a launch of a cell whose deviation is sd, in a pass that does
// not drift.
func (z noise) launch(r *rand.Rand, sd float64) float64 {
	y := sd * r.NormFloat64()
	if r.Float64() < z.outlier {
		y += tail(r)
	}
	return y
}

// level draws whether a cell has a second mode, and returns what draws the
// mode of each launch.
func (z noise) level(r *rand.Rand) func(new bool) float64 {
	if z.modes == 0 || r.Float64() >= z.modes {
		return func(bool) float64 { return 0 }
	}
	draw := func() float64 { return mode * float64(r.IntN(2)) }
	if !z.once {
		return func(bool) float64 { return draw() }
	}
	sides := map[bool]float64{false: draw(), true: draw()}
	return func(new bool) float64 { return sides[new] }
}

// discards draws whether a launch is taken for disturbed.
func (z noise) discards(r *rand.Rand, outlier, old bool) bool {
	if z.voided > 0 {
		return outlier && old && r.Float64() < z.voided
	}
	return z.missing > 0 && r.Float64() < z.missing
}

// tail draws by how much an outlier is slower: 10 % and more, with the heavy
// tail of a Pareto distribution of index 1.5, at most tenfold.
func tail(r *rand.Rand) float64 {
	return min(0.1*math.Pow(1-r.Float64(), -1/1.5), math.Log(10))
}
