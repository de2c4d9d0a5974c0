package plots

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// maxTicks is how many labels an axis has room for.
const maxTicks = 8

// ticks are where an axis has a label: at round values of its unit, as many as
// there is room for.
type ticks Axis

// Ticks is of plot.Ticker.
func (t ticks) Ticks(lo, hi float64) []plot.Tick {
	if t.Categories != nil {
		var out []plot.Tick
		for i, name := range t.Categories {
			out = append(out, plot.Tick{Value: -float64(i), Label: name})
		}
		return out
	}
	var values []float64
	for i, candidates := range t.rounds(lo, hi) {
		candidates = within(candidates, lo, hi)
		if len(candidates) <= maxTicks {
			values = candidates
		} else if i == 0 {
			values = thin(candidates)
		}
	}
	out := make([]plot.Tick, len(values))
	for i, v := range values {
		out[i] = plot.Tick{Value: v, Label: t.Unit.Format(v)}
	}
	return out
}

// rounds are sets of round values that cover lo to hi, the roundest first.
func (t ticks) rounds(lo, hi float64) (sets [][]float64) {
	switch {
	case t.Unit == Quantile:
		sets = append(sets, append([]float64{1, 2}, powers(10, []float64{1}, 10, hi)...))
	case !t.Log, hi < 3*lo:
		base, parts := 10.0, []float64{1, 2, 5}
		if t.Unit == Bytes || t.Unit == BytesPerSecond {
			base, parts = 2, parts[:1]
		}
		for step := math.Pow(base, math.Ceil(math.Log(hi-lo)/math.Log(base))); len(sets) < 9; step /= base {
			for _, part := range parts {
				sets = append(sets, multiples(step/part, lo, hi))
			}
		}
	case t.Unit == Bytes, t.Unit == BytesPerSecond, t.Unit == Times:
		for _, step := range []float64{16, 4, 2} {
			sets = append(sets, powers(step, []float64{1}, lo, hi))
		}
		sets = append(sets, powers(2, []float64{1, 1.5}, lo, hi))
	default:
		for _, digits := range [][]float64{{1}, {1, 3}, {1, 2, 5}, {1, 1.5, 2, 3, 4, 5, 6, 8}} {
			sets = append(sets, powers(10, digits, lo, hi))
		}
	}
	return sets
}

// powers of base times each digit, ascending, from below lo to above hi.
func powers(base float64, digits []float64, lo, hi float64) (out []float64) {
	log := math.Log(base)
	for k := math.Floor(math.Log(lo) / log); k <= math.Ceil(math.Log(hi)/log); k++ {
		for _, d := range digits {
			out = append(out, d*math.Pow(base, k))
		}
	}
	return out
}

// multiples of step, ascending, from below lo to above hi.
func multiples(step, lo, hi float64) (out []float64) {
	for k := math.Floor(lo / step); k <= math.Ceil(hi/step); k++ {
		out = append(out, k*step)
	}
	return out
}

func within(values []float64, lo, hi float64) (out []float64) {
	for _, v := range values {
		if slack := 1e-9 * math.Abs(v); v >= lo-slack && v <= hi+slack {
			out = append(out, v)
		}
	}
	return out
}

// thin keeps every second, third … value, so that no more than maxTicks stay.
func thin(values []float64) (out []float64) {
	every := (len(values) + maxTicks - 1) / maxTicks
	for i := 0; i < len(values); i += every {
		out = append(out, values[i])
	}
	return out
}

// Format writes a value with its unit, to three digits: "64", "4KiB",
// "1.5GiB/s", "4.1µs", "99.9 %", "1.05×".
func (u Unit) Format(v float64) string {
	switch u {
	case Bytes:
		return scaled(v, 1024, "", "KiB", "MiB", "GiB", "TiB")
	case BytesPerSecond:
		return scaled(v, 1024, "B/s", "KiB/s", "MiB/s", "GiB/s", "TiB/s")
	case Nanoseconds:
		return scaled(v, 1000, "ns", "µs", "ms", "s")
	case Quantile:
		return strconv.FormatFloat(100*(1-1/v), 'g', 7, 64) + " %"
	case Times:
		return digits3(v) + "×"
	}
	return digits3(v)
}

func scaled(v, base float64, units ...string) string {
	i := 0
	for ; i < len(units)-1 && v >= base*0.9995; i++ {
		v /= base
	}
	return digits3(v) + units[i]
}

// digits3 writes three significant digits, and all of a whole number.
func digits3(v float64) string {
	if math.Abs(v) >= 100 {
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	p, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	return strconv.FormatFloat(p, 'f', -1, 64)
}
