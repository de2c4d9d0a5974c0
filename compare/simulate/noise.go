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
}

// machine is the noise of the tables, but for cv: cells differ in theirs by a
// third, a pass is 1 % off, and a launch in fifty is an outlier.
var machine = noise{uneven: 0.3, drift: 0.01, outlier: 0.02, louder: 1}

// suite draws both sides of a suite of cells, n launches each. The new side of
// cell i is slower by changes[i], that of a cell without a change by rest.
func (z noise) suite(r *rand.Rand, cells, n int, rest float64, changes ...float64) []gate.Cell {
	passes := make([]int32, 2*n)
	drift := make([]float64, 2*n)
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
		sd := z.cv * math.Exp(z.uneven*r.NormFloat64())
		y := make([]float64, 2*n)
		for p := range y {
			if p == n {
				sd *= z.louder
			}
			y[p] = drift[p] + sd*r.NormFloat64()
			if r.Float64() < z.outlier {
				y[p] += tail(r)
			}
			if p >= n {
				y[p] += math.Log1p(change)
			}
		}
		out[i] = gate.Cell{Old: y[:n], New: y[n:], OldPass: passes[:n], NewPass: passes[n:]}
	}
	return out
}

// tail draws by how much an outlier is slower: 10 % and more, with the heavy
// tail of a Pareto distribution of index 1.5, at most tenfold.
func tail(r *rand.Rand) float64 {
	return min(0.1*math.Pow(1-r.Float64(), -1/1.5), math.Log(10))
}
