package main

import (
	"cmp"
	"iter"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/aclements/go-moremath/stats"

	"ipcbench/compare/gate"
)

// What every trial tests at.
const (
	threshold = 0.05
	alpha     = 0.01
	draws     = 999
)

var shift = math.Log1p(threshold)

// method is a way to get one corrected p for each cell.
type method struct {
	name string
	p    func(cells []gate.Cell, seed uint64) []float64
}

var theGate = method{"maxT, moderated t (the gate)", func(cells []gate.Cell, seed uint64) []float64 {
	return gate.Test{Shift: shift, Alpha: alpha, Draws: draws, Seed: seed}.Run(slices.Values(cells)).P
}}

// methods are the candidates, from the customary to the chosen one.
var methods = []method{
	{"exact U, Holm", func(cells []gate.Cell, _ uint64) []float64 { return holm(exactU(cells)) }},
	{"maxT, Student's t", func(cells []gate.Cell, seed uint64) []float64 {
		return gate.Test{Shift: shift, Alpha: alpha, Draws: draws, Seed: seed, Plain: true}.Run(slices.Values(cells)).P
	}},
	theGate,
}

// inPairs is the gate where sides took turns.
var inPairs = method{"pairs", func(cells []gate.Cell, seed uint64) []float64 {
	return gate.Test{Shift: shift, Alpha: alpha, Draws: draws, Seed: seed}.RunPaired(pairsOf(cells)).P
}}

// pairsOf are cells whose launches of one number took turns.
func pairsOf(cells []gate.Cell) iter.Seq[gate.Pairs] {
	return func(yield func(gate.Pairs) bool) {
		for _, c := range cells {
			p := gate.Pairs{Turn: c.OldPass}
			for i, old := range c.Old {
				p.Diff = append(p.Diff, c.New[i]-old)
			}
			if !yield(p) {
				return
			}
		}
	}
}

// exactU is the p of the one-sided Mann–Whitney U test of each cell alone.
func exactU(cells []gate.Cell) []float64 {
	p := make([]float64, len(cells))
	for i, c := range cells {
		shifted := slices.Clone(c.New)
		for j := range shifted {
			shifted[j] -= shift
		}
		res, err := stats.MannWhitneyUTest(shifted, c.Old, stats.LocationGreater)
		if err != nil {
			p[i] = 1
			continue
		}
		p[i] = res.P
	}
	return p
}

// holm corrects p for their number (Holm 1979).
func holm(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	out := make([]float64, len(p))
	last := 0.0
	for k, i := range order {
		last = max(last, min(1, p[i]*float64(len(p)-k)))
		out[i] = last
	}
	return out
}

// falseAlarms is the share of suites in which the method fails a cell that is
// not slower by more than the threshold: by rest, the threshold itself where it
// is hardest. The first cells are slower by changes: they may fail.
func falseAlarms(m method, z noise, cells, n, suites int, rest float64, changes ...float64) float64 {
	r := rand.New(rand.NewPCG(1, uint64(cells*n)))
	alarms := 0
	for s := range suites {
		if slices.Min(m.p(z.suite(r, cells, n, rest, changes...), uint64(s))[len(changes):]) <= alpha {
			alarms++
		}
	}
	return float64(alarms) / float64(suites)
}

// detected is, for each change, the share of cells slower by it that the
// method fails. The cells of a suite that are not looked at have not changed.
func detected(m method, z noise, cells, n, suites int, changes []float64) []float64 {
	r := rand.New(rand.NewPCG(2, uint64(cells*n)))
	found := make([]float64, len(changes))
	copies := max(1, cells/600) // a large suite has room for several cells of each change
	for s := range suites {
		if cells < 10*len(changes) { // several at once would not be a small part of the suite
			for k, change := range changes {
				if m.p(z.suite(r, cells, n, 0, change), uint64(s))[0] <= alpha {
					found[k]++
				}
			}
			continue
		}
		p := m.p(z.suite(r, cells, n, 0, slices.Repeat(changes, copies)...), uint64(s))
		for i := range copies * len(changes) {
			if p[i] <= alpha {
				found[i%len(changes)]++
			}
		}
	}
	for k := range found {
		found[k] /= float64(suites * copies)
	}
	return found
}
