package compare

import (
	"math"
	"slices"
)

// implied reports whether a metric follows from another one of the row's cell: B/s
// from ns/op, where every launch of both sides moved the same bytes an operation.
// Both are one fact then, and the gate judges it once. B/s that a benchmark counts
// in another way does not follow.
func (p pair) implied(metrics []string, m int) bool {
	time := slices.Index(metrics, "ns/op")
	if metrics[m] != "B/s" || time < 0 {
		return false
	}
	var ns, rate []float64
	for _, side := range []*settled{p.old, p.new} {
		for _, i := range side.counts {
			t, b := side.values[time][i], side.values[m][i]
			if math.IsNaN(t) && math.IsNaN(b) {
				continue
			}
			if !(t > 0 && b >= 0) {
				return false
			}
			ns, rate = append(ns, t), append(rate, b)
		}
	}
	if ns == nil {
		return false
	}
	fastest := 0 // the rate that rounding changes least
	for i, b := range rate {
		if b > rate[fastest] {
			fastest = i
		}
	}
	bytes := rate[fastest] * ns[fastest]
	for i, b := range rate {
		if of := bytes / ns[i]; bytes == 0 || math.Abs(b-of) > 0.002*of+rounding(b)+rounding(rate[fastest])*of/rate[fastest] {
			return false
		}
	}
	return true
}

// rounding is by how much a rate may be off as it was printed: go test prints two
// digits of MB/s.
func rounding(rate float64) float64 {
	const digit = 1e4 // B/s
	if math.Abs(rate-digit*math.Round(rate/digit)) <= 1e-9*rate {
		return digit / 2
	}
	return 0
}
