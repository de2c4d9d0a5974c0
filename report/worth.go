package report

import (
	"math"

	"golang.org/x/perf/benchmath"

	"ipcbench/results"
)

// worth is the factor as an estimate, absent where there is none. Bounds that
// too few launches give are infinite.
func worth(s *results.Summary) results.Estimate {
	if s.Worth == nil {
		return results.Estimate{}
	}
	e := benchmath.Summary{Center: float64(s.Worth.Center), Lo: float64(s.Worth.Lo), Hi: float64(s.Worth.Hi)}
	if e.Lo == 0 {
		e.Lo = math.Inf(-1)
	}
	return results.Estimate{Summary: e, N: s.N}
}

// worthIn tells whether cells are held against a floor in that unit.
func worthIn(unit string) func(results.Cell) bool {
	return func(c results.Cell) bool { _, in := results.WorthIn(c); return in == unit }
}
