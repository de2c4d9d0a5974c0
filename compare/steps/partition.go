package steps

import (
	"math"
	"slices"
)

// fine is the distance of the levels that partition tries, in standard
// deviations. A level between two of them costs at most 0.01 a build too much.
const fine = 0.2

// partition is where the stretches of y begin whose levels cost least: each
// value costs its squared distance from the level in units of sd, at most
// bound, and each step costs penalty. It is exact but for fine.
//
// It goes from value to value and keeps the least cost by the level of the
// last value, as FPOP does (Maidstone, Hocking, Rigaill and Fearnhead 2017).
// A grid stands for FPOP's pieces: 200 values need some 100 levels.
func partition(y []float64, sd, penalty, bound float64) []int {
	grid := grid(y, sd)
	cost := make([]float64, len(grid))
	began := make([]bool, len(y)*len(grid)) // by value and level: the stretch begins here
	from := make([]int, len(y))             // the cheapest level up to here
	for t, v := range y {
		began := began[t*len(grid):]
		last := 0.0
		if t > 0 {
			last = cost[from[t-1]] + penalty
		}
		for g, level := range grid {
			if t == 0 || cost[g] > last {
				cost[g], began[g] = last, true
			}
			d := (v - level) / sd
			cost[g] += min(d*d, bound)
			if cost[g] < cost[from[t]] {
				from[t] = g
			}
		}
	}
	var starts []int
	for t, g := len(y)-1, from[len(y)-1]; t >= 0; t-- {
		if began[t*len(grid)+g] {
			starts = append(starts, t)
			if t > 0 {
				g = from[t-1]
			}
		}
	}
	slices.Reverse(starts)
	return starts
}

// grid are the levels to try, ascending: those within two standard deviations
// of a value.
func grid(y []float64, sd float64) []float64 {
	step := fine * sd
	near := int(2 / fine)
	sorted := slices.Sorted(slices.Values(y))
	var levels []float64
	next := math.Inf(-1)
	for _, v := range sorted {
		k := math.Round((v - sorted[0]) / step)
		for j := max(next, k-float64(near)); j <= k+float64(near); j++ {
			levels = append(levels, sorted[0]+j*step)
			next = j + 1
		}
	}
	return levels
}
