package main

import (
	"math/rand/v2"
	"slices"
)

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
