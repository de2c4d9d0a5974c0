package main

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"ipcbench/results"
)

// geometric is the geometric mean of the cells' medians, with the interval at
// 95 % of a bootstrap that draws launches anew within each cell (Efron and
// Tibshirani 1993, chapter 13). Launches of different cells have nothing to do
// with each other, and a mean over cells of single launches would be at the
// mercy of the one that was disturbed.
func geometric(ratios [][]float64) results.Estimate {
	const draws = 2000
	if len(ratios) == 0 {
		return results.Estimate{}
	}
	mean := func(launches func(cell []float64) []float64) results.Float {
		sum := 0.0
		for _, cell := range ratios {
			sum += math.Log(float64(results.MedianOf(launches(cell)).Center))
		}
		return results.Float(math.Exp(sum / float64(len(ratios))))
	}
	r := rand.New(rand.NewPCG(1, 2)) // one measurement gives one page
	means := make([]results.Float, draws)
	for i := range means {
		means[i] = mean(func(cell []float64) []float64 {
			drawn := make([]float64, len(cell))
			for j := range drawn {
				drawn[j] = cell[r.IntN(len(cell))]
			}
			return drawn
		})
	}
	slices.Sort(means)
	return results.Estimate{Center: mean(func(cell []float64) []float64 { return cell }), Lo: means[draws*25/1000], Hi: means[draws*975/1000]}
}

// program is one of the programs that take turns in a launch: it plays n operations
// and reports how long they took.
type program func(n int) (time.Duration, error)

// rounds is how many rounds each program has in a launch.
const rounds = 9

// takeTurns plays rounds of n operations on all programs in turn, so that a drift
// of the machine hits neighbours alike, and returns what an operation took on
// each, in ns, and the ratio of the first to each: medians of the rounds.
func takeTurns(programs []program, n int) (ns, ratio []float64, err error) {
	times, ratios := make([][]float64, len(programs)), make([][]float64, len(programs))
	var order []int
	for a := range programs {
		order = append(order, a)
	}
	for i := range rounds {
		took := make([]float64, len(programs))
		for _, a := range order {
			d, err := programs[a](n)
			if err != nil {
				return nil, nil, err
			}
			took[a] = float64(d) / float64(n)
		}
		for a := range programs {
			times[a], ratios[a] = append(times[a], took[a]), append(ratios[a], took[0]/took[a])
		}
		if slices.Reverse(order); i%2 == 1 { // A B C, C B A, B C A, A C B, …
			order = append(order[1:], order[0])
		}
	}
	for a := range programs {
		ns = append(ns, float64(results.MedianOf(times[a]).Center))
		ratio = append(ratio, float64(results.MedianOf(ratios[a]).Center))
	}
	return ns, ratio, nil
}
