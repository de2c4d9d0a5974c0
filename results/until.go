package results

import (
	"math"

	"golang.org/x/perf/benchmath"
)

// A sequential interval of a fixed width (Chow and Robbins 1965,
// doi:10.1214/aoms/1177700156) stops as soon as it looks narrow, which is
// sooner where the values happen to lie close together: it covers too little.
// A first stage and some more launches after the stop (Simons 1968, Ann. Math.
// Statist. 39) make up for most of that: docs/method.md has the coverage.
const (
	FirstStage = 10 // launches, or pairs, that any interval rests on
	Beyond     = 3  // launches after the interval is narrow
)

// Enough reports whether a cell needs no launches beyond values, which are in
// order of time: their interval is narrow, and was so Beyond launches ago, with
// FirstStage of them at least.
func Enough(values []float64, narrow func([]float64) bool) bool {
	n := len(values) - Beyond
	return n >= FirstStage && narrow(values[:n]) && narrow(values)
}

// NarrowMedian reports whether the interval of the median of times is within
// ±width, a share of the median.
func NarrowMedian(times []float64, width float64) bool {
	s := benchmath.AssumeNothing.Summary(benchmath.NewSample(append([]float64(nil), times...), &benchmath.DefaultThresholds), Confidence)
	return narrow(s.Lo, s.Center, s.Hi, width)
}

// NarrowPairs reports the same of the change that pairs show, given as
// logarithms of their ratios.
func NarrowPairs(logs []float64, width float64) bool {
	if len(logs) == 0 {
		return false
	}
	r := NewPairedRatio(logs)
	return r.Lo > 0 && narrow(float64(r.Lo), float64(r.Center), float64(r.Hi), width)
}

func narrow(lo, center, hi, width float64) bool {
	return !math.IsInf(hi-lo, 0) && (hi-lo)/2 <= width*center
}
