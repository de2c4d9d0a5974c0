package report

import (
	"math"

	"golang.org/x/perf/benchmath"

	"ipcbench/results"
)

// Worth is what an operation costs in units of a floor of the same run.
type Worth struct {
	Value
	Unit  string `json:"unit"`  // "copies"
	Floor string `json:"floor"` // "onecopy"
}

func newWorth(s *results.Summary) *Worth {
	if s.Worth == nil {
		return nil
	}
	return &Worth{*value(worth(s)), s.Worth.Unit, s.Worth.Floor}
}

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

// estimate is the factor without its unit.
func (w *Worth) estimate() *Value {
	if w == nil {
		return nil
	}
	return &w.Value
}

func (w *Worth) unit() string {
	if w == nil {
		return ""
	}
	return w.Unit
}
