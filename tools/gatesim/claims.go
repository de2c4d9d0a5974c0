package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"ipcbench/compare"
	"ipcbench/compare/gate"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// claim is a kind of suite whose comparison claims to see a change.
type claim struct {
	name     string
	cells, n int
	noise    noise
	pairs    bool
}

func claimed() (all []claim) {
	for _, cells := range []int{10, 300} {
		for _, n := range launches {
			all = append(all, claim{"none", cells, n, at(0.03), false})
		}
	}
	with := func(name string, pairs bool, f func(*noise)) {
		z := at(0.03)
		f(&z)
		all = append(all, claim{name, 300, 10, z, pairs})
	}
	with("variances of cells apart by a factor of 100", false, func(z *noise) { z.uneven = 1.15 })
	with("one launch in ten 10 % and more too slow", false, func(z *noise) { z.outlier = 0.1 })
	with("passes drift by 10 %, pairs", true, func(z *noise) { z.turns, z.drift = true, 0.1 })
	return all
}

// claimSuites is how many suites of a size are drawn: a share of 0.95 comes out within
// 0.02 or 0.03.
var claimSuites = map[int]int{10: 400, 300: 100}

func claims(b *strings.Builder) {
	fmt.Fprintf(b, "A comparison in which nothing is slower claims to see a change in %s of its cells. Each of these claims, at a variation of 3 %%, is tried on another suite of its\n"+
		"kind, of which one cell in a hundred, at least one, is slower by what is claimed. The table has the median claim, and the share of those cells that is found.\n\n", results.Percent(compare.SeenShare))
	text.Head(b, "lr", "beside the usual", "cells", "n", "claimed", "found")
	for _, c := range claimed() {
		claimed, found := c.try(claimSuites[c.cells])
		text.Row(b, c.name, c.cells, c.n, results.Percent(claimed), three(found))
	}
}

// try draws so many claims.
func (c claim) try(suites int) (median, found float64) {
	run := func(cells []gate.Cell, seed uint64) *gate.Result {
		t := gate.Test{Shift: shift, Alpha: alpha, Draws: draws, Least: draws, Seed: seed}
		if c.pairs {
			return t.RunPaired(pairsOf(cells))
		}
		return t.Run(slices.Values(cells))
	}
	r := rand.New(rand.NewPCG(3, uint64(c.cells*c.n)))
	slower := max(1, c.cells/100)
	var all []float64
	for s := range suites {
		change := math.Expm1(run(c.noise.suite(r, c.cells, c.n, 0), uint64(s)).Seen(slices.Repeat([]float64{shift}, c.cells), alpha, compare.SeenShare))
		all = append(all, change)
		p := run(c.noise.suite(r, c.cells, c.n, 0, slices.Repeat([]float64{change}, slower)...), uint64(s)).P
		for _, p := range p[:slower] {
			if p <= alpha {
				found++
			}
		}
	}
	slices.Sort(all)
	return all[len(all)/2], found / float64(suites*slower)
}
