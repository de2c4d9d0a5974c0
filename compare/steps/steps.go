// Package steps finds where a series of builds became slower or faster for
// good: between which two builds, by how much, and how sure that is.
//
// Timed looks at values that scatter, such as ns/op: it has a stated rate of
// false steps. Counted looks at values that depend on the build and a seed
// alone, such as insns/op of a guest. docs/method.md ("Change points") has the
// reasons and the operating characteristics.
package steps

import (
	"math"
	"slices"
)

// Build holds the launches' values of one build, in any unit, such as ns/op.
// It is empty if the build was not measured. Values that are not positive and
// finite are left out.
type Build []float64

// Step is a lasting change between two builds.
type Step struct {
	// At is the index of the first build after the step. Builds before it that
	// were not measured may have been after the step as well.
	At int

	// Ratio is after to before, and Low to High its 95 % interval. The interval
	// takes At for granted.
	Ratio, Low, High float64

	// Seen is how many measured builds lie after the step and before the next.
	Seen int
}

// median of values, which it sorts. There must be one.
func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// usable are the logarithms of values that have one.
func usable(values []float64) []float64 {
	var logs []float64
	for _, v := range values {
		if v > 0 && !math.IsInf(v, 0) {
			logs = append(logs, math.Log(v))
		}
	}
	return logs
}
