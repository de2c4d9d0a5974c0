package results

import (
	"math"

	"golang.org/x/perf/benchunit"
)

// FormatTime renders nanoseconds: "5.210µs". NaN was not measured: "–".
func FormatTime(ns float64) string {
	switch {
	case math.IsNaN(ns):
		return "–"
	case ns == 0:
		return "0ns"
	}
	v, unit := benchunit.Tidy(ns, "ns")
	return benchunit.Scale(v, benchunit.ClassOf(unit)) + "s"
}

// FormatRate renders bytes per second: "1.395GiB/s". NaN was not measured: "–".
func FormatRate(perSecond float64) string {
	if math.IsNaN(perSecond) {
		return "–"
	}
	return benchunit.Scale(perSecond, benchunit.ClassOf("B/s")) + "B/s"
}
