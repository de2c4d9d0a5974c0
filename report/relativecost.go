package report

import (
	"math"

	"golang.org/x/perf/benchmath"

	"ipcbench/results"
)

// relativeCost is the factor as an estimate, absent where there is none. Bounds that
// too few launches give are infinite.
func relativeCost(s *results.Summary) results.Estimate {
	if s.RelativeCost == nil {
		return results.Estimate{}
	}
	e := benchmath.Summary{Center: float64(s.RelativeCost.Center), Lo: float64(s.RelativeCost.Lo), Hi: float64(s.RelativeCost.Hi)}
	if e.Lo == 0 {
		e.Lo = math.Inf(-1)
	}
	return results.Estimate{Summary: e, N: s.N}
}

// relatedIn reports whether cells are held against a floor in that unit.
func relatedIn(unit string) func(results.Cell) bool {
	return func(c results.Cell) bool { _, in := results.FloorOf(c); return in == unit }
}
