package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"ipcbench/internal/text"
)

// A hard case is one in which the cells that did not change are harder to
// hold than where launches are as the other tables have them.
type hardCase struct {
	name    string
	method  method
	noise   noise
	n       int
	changed float64 // share of cells that became slower
	change  float64 // by how much
}

// hardCells is the number of cells in each; alarmSuites and foundSuites are how
// many give the rates.
const (
	hardCells   = 60
	alarmSuites = 2000
	foundSuites = 200
)

func hardCases() []hardCase {
	with := func(f func(*noise)) noise {
		z := at(0.03)
		f(&z)
		return z
	}
	usual := at(0.03)
	turns := with(func(z *noise) { z.turns, z.drift = true, 0.1 })
	return []hardCase{
		{"none of these", theGate, usual, 6, 0, 0},
		{"none of these", theGate, usual, 10, 0, 0},
		{"half of the cells 30 % slower", theGate, usual, 6, 0.5, 0.3},
		{"80 % of the cells 15 % slower", theGate, usual, 6, 0.8, 0.15},
		{"80 % of the cells 30 % slower", theGate, usual, 6, 0.8, 0.3},
		{"80 % of the cells 30 % slower", theGate, usual, 10, 0.8, 0.3},
		{"80 % of the cells 100 % slower", theGate, usual, 6, 0.8, 1},
		{"80 % of the cells 100 % slower", theGate, usual, 10, 0.8, 1},
		{"95 % of the cells 15 % slower", theGate, usual, 6, 0.95, 0.15},
		{"pairs, 80 % of the cells 30 % slower", inPairs, turns, 10, 0.8, 0.3},
		{"pairs, 80 % of the cells 100 % slower", inPairs, turns, 10, 0.8, 1},
		{"20 old and 6 new launches", theGate, with(func(z *noise) { z.news = 6 }), 20, 0, 0},
		{"15 old and 10 new launches", theGate, with(func(z *noise) { z.news = 10 }), 15, 0, 0},
		{"20 old and 6 new launches, new twice as noisy", theGate, with(func(z *noise) { z.news, z.louder = 6, 2 }), 20, 0, 0},
		{"15 old and 10 new launches, new twice as noisy", theGate, with(func(z *noise) { z.news, z.louder = 10, 2 }), 15, 0, 0},
		{"6 old and 20 new launches, new twice as noisy", theGate, with(func(z *noise) { z.news, z.louder = 20, 2 }), 6, 0, 0},
		{"10 old and 10 new launches, new twice as noisy", theGate, with(func(z *noise) { z.louder = 2 }), 10, 0, 0},
		{"variances of cells apart by a factor of 100", theGate, with(func(z *noise) { z.uneven = 1.15 }), 10, 0, 0},
		{"one launch in ten 10 % and more too slow", theGate, with(func(z *noise) { z.outlier = 0.1 }), 10, 0, 0},
		{"passes drift by 10 %", theGate, with(func(z *noise) { z.drift = 0.1 }), 10, 0, 0},
		{"launches correlated with the ones before, 0.2", theGate, with(func(z *noise) { z.lag = 0.2 }), 10, 0, 0},
		{"launches correlated with the ones before, 0.3", theGate, with(func(z *noise) { z.lag = 0.3 }), 10, 0, 0},
		{"launches correlated with the ones before, 0.6", theGate, with(func(z *noise) { z.lag = 0.6 }), 10, 0, 0},
		{"a second mode in 1 % of the cells, drawn once a launch", theGate, with(func(z *noise) { z.modes = 0.01 }), 10, 0, 0},
		{"a second mode in 1 % of the cells, drawn once a side", theGate, with(func(z *noise) { z.modes, z.once = 0.01, true }), 10, 0, 0},
		{"15 % of the launches discarded, in each cell others", theGate, with(func(z *noise) { z.missing = 0.15 }), 10, 0, 0},
		{"one launch in ten an outlier, discarded on the old side only", theGate, with(func(z *noise) { z.outlier, z.voided = 0.1, 1 }), 10, 0, 0},
	}
}

func hard(b *strings.Builder) {
	fmt.Fprintf(b, "Suites have %d cells at a variation of 3 %%. \"At the threshold\" and \"no change\" are of cells that did not change otherwise. A rate of α comes out as %.3f ± %.3f.\n"+
		"\"Found\" is the share of changed cells that are called slower: of those that the case names, else of one that is 15 %% slower.\n\n",
		hardCells, alpha, 2*math.Sqrt(alpha*(1-alpha)/alarmSuites))
	text.Head(b, "lr", "case", "n", "at the threshold", "no change", "found")
	for _, c := range hardCases() {
		text.Row(b, c.row()...)
	}
}

func (c hardCase) row() []any {
	n := fmt.Sprint(c.n)
	if c.noise.news > 0 {
		n = fmt.Sprintf("%d, %d", c.n, c.noise.news)
	}
	change := []float64{0.15}
	if c.changed > 0 {
		change = slices.Repeat([]float64{c.change}, int(c.changed*hardCells+0.5))
	}
	return []any{c.name, n, three(c.alarms(alarmSuites, threshold)), three(c.alarms(few, 0)), two(c.found(foundSuites, change))}
}

// alarms is the share of suites in which the method fails a cell that is
// slower by rest.
func (c hardCase) alarms(suites int, rest float64) float64 {
	return falseAlarms(c.method, c.noise, hardCells, c.n, suites, rest, slices.Repeat([]float64{c.change}, int(c.changed*hardCells+0.5))...)
}

// found is the share of the changed cells that the method fails.
func (c hardCase) found(suites int, changes []float64) float64 {
	r := rand.New(rand.NewPCG(2, uint64(hardCells*c.n)))
	found := 0
	for s := range suites {
		for _, p := range c.method.p(c.noise.suite(r, hardCells, c.n, 0, changes...), uint64(s))[:len(changes)] {
			if p <= alpha {
				found++
			}
		}
	}
	return float64(found) / float64(suites*len(changes))
}
