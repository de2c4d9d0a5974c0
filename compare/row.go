package compare

import (
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/montanaflynn/stats"
	"golang.org/x/perf/benchmath"

	"ipcbench/compare/gate"
	"ipcbench/results"
)

// newRow joins both sides of a cell; false where a side did not measure the
// metric.
func newRow(p pair, metric int, name, better string, d *warnings) (Row, bool) {
	if !p.old.has(metric) || !p.new.has(metric) {
		return Row{}, false
	}
	r := Row{Cell: p.cell, Name: p.name, Metric: name, Better: better, pair: p, column: metric}
	r.Warnings, r.refused = d.of(p)
	return r, true
}

// describe fills in what follows from the row alone. The turns are nil where
// the sides did not take any.
func (r *Row) describe(t *turns) {
	old, unit := r.pair.old.tidied(r.column, r.Metric)
	new, _ := r.pair.new.tidied(r.column, r.Metric)
	r.Unit = unit
	r.equal = (r.Metric == counted || r.Metric == pathUnit || r.Aside) && slices.Equal(old.Values, new.Values)
	r.Old, r.New = estimate(old), estimate(new)
	r.P = results.Float(benchmath.AssumeNothing.Compare(old, new).P)
	r.PGate, r.PFaster = results.Float(math.NaN()), results.Float(math.NaN())
	r.Ratio = results.Ratio{Center: results.Float(math.NaN()), Lo: 0, Hi: results.Float(math.Inf(1))}
	r.negative = old.Values[0] < 0 || new.Values[0] < 0
	if r.positive = r.weight > 0 || !r.uncosted() && old.Values[0] > 0 && new.Values[0] > 0; r.positive {
		if t != nil {
			pairs := t.pairs(r.pair, r.column).Diff
			if r.Pairs = len(pairs); r.Paired() {
				r.Ratio = results.NewPairedRatio(pairs)
				return
			}
		}
		r.Ratio = results.NewRatio(r.logs(old.Values), r.logs(new.Values))
	}
}

// cell is the row as the gate needs it. It is made anew whenever it is asked
// for: a million launches are held once.
func (r *Row) cell() gate.Cell {
	old, oldPass := r.pair.old.sample(r.column)
	new, newPass := r.pair.new.sample(r.column)
	for j := range newPass {
		newPass[j] += int32(r.pair.offset)
	}
	return gate.Cell{Shift: math.Log1p(r.Threshold), Old: r.worse(r.logs(old)), New: r.worse(r.logs(new)), OldPass: oldPass, NewPass: newPass}
}

// pairs is the same of a row whose sides took turns.
func (r *Row) pairs(t *turns) gate.Pairs {
	p := t.pairs(r.pair, r.column)
	r.worse(p.Diff)
	p.Shift = math.Log1p(r.Threshold)
	return p
}

// worse turns logarithms so that larger is worse.
func (r *Row) worse(logs []float64) []float64 {
	if r.Better == "higher" {
		for i := range logs {
			logs[i] = -logs[i]
		}
	}
	return logs
}

// estimate takes what a median lacks from stats. The
// errors of stats are of empty samples, which there are none of.
func estimate(s *benchmath.Sample) Estimate {
	e := Estimate{Estimate: results.MedianOf(s.Values)}
	mad, _ := stats.MedianAbsoluteDeviation(s.Values)
	mean, _ := stats.Mean(s.Values)
	e.MAD, e.CV = results.Float(mad), results.Float(math.NaN())
	if len(s.Values) > 1 {
		sd, _ := stats.StandardDeviationSample(s.Values)
		e.CV = results.Float(sd / mean)
	}
	if len(s.Values) >= 4 { // quartiles need as many
		if o, err := stats.QuartileOutliers(s.Values); err == nil {
			e.Outliers = results.Known(int64(len(o.Mild) + len(o.Extreme)))
		}
	}
	return e
}

// size is how large the change is, on the scale of logarithms, in millionths: two
// metrics that are one in disguise are of one size.
func (r *Row) size() float64 {
	if v := math.Abs(math.Log(float64(r.Ratio.Center))); !math.IsNaN(v) {
		return math.Round(1e6 * v)
	}
	return math.Inf(1)
}

// parallel calls f for 0 to n-1 on all processors.
func parallel(n int, f func(int)) {
	var wg sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				f(i)
			}
		})
	}
	wg.Wait()
}
