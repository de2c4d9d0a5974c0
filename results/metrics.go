package results

import (
	"fmt"
	"io"
	"slices"
)

// metric is one measurement as the benchmark format has it. No unit is a
// scaled one (us, GB/s): benchstat takes these for units of their own.
type metric struct {
	unit   string
	better string // lower, higher, or "" where neither is
	get    func(*Record) (float64, bool)
	set    func(*Record, float64)
}

var metrics = []metric{
	{"ns/op", "lower",
		func(r *Record) (float64, bool) { return positive(r.NsPerOp) },
		func(r *Record, v float64) { r.NsPerOp = v }},
	{"insns/op", "lower",
		func(r *Record) (float64, bool) { return positive(r.InsnsPerOp) },
		func(r *Record, v float64) { r.InsnsPerOp = v }},
	{"p50-ns", "lower",
		func(r *Record) (float64, bool) { return r.percentile(func(l *Latency) *int64 { return &l.P50 }) },
		func(r *Record, v float64) { r.latency().P50 = int64(v) }},
	{"p90-ns", "lower",
		func(r *Record) (float64, bool) { return r.percentile(func(l *Latency) *int64 { return &l.P90 }) },
		func(r *Record, v float64) { r.latency().P90 = int64(v) }},
	{"p99-ns", "lower",
		func(r *Record) (float64, bool) { return r.percentile(func(l *Latency) *int64 { return &l.P99 }) },
		func(r *Record, v float64) { r.latency().P99 = int64(v) }},
	{"p999-ns", "lower",
		func(r *Record) (float64, bool) { return r.percentile(func(l *Latency) *int64 { return &l.P999 }) },
		func(r *Record, v float64) { r.latency().P999 = int64(v) }},
	{"max-ns", "lower",
		func(r *Record) (float64, bool) { return r.percentile(func(l *Latency) *int64 { return &l.Max }) },
		func(r *Record, v float64) { r.latency().Max = int64(v) }},
	{"B/s", "higher",
		func(r *Record) (float64, bool) { return positive(r.BytesPerSec) },
		func(r *Record, v float64) { r.BytesPerSec = v }},
	{"cpu-ns/op", "lower",
		func(r *Record) (float64, bool) { return r.CPUNsPerOp.Get() },
		func(r *Record, v float64) { r.CPUNsPerOp = Known(v) }},
	{"vol-switches/op", "lower",
		func(r *Record) (float64, bool) { return r.Voluntary.Get() },
		func(r *Record, v float64) { r.Voluntary = Known(v) }},
	{"invol-switches/op", "lower",
		func(r *Record) (float64, bool) { return r.Involuntary.Get() },
		func(r *Record, v float64) { r.Involuntary = Known(v) }},
	{"inflight-msgs", "",
		func(r *Record) (float64, bool) { return r.inFlight() },
		func(r *Record, v float64) { r.Given = &Given{InFlight: Known(int64(v))} }},
}

// Metric is one measurement of a record, as the benchmark format has it.
type Metric struct {
	Value float64
	Unit  string // ns/op, p99-ns, B/s …: see the Unit lines for which way is better
}

// Metrics returns what the record measured, in the order of its benchmark
// line.
func (r *Record) Metrics() (all []Metric) {
	for _, m := range metrics {
		if v, ok := m.get(r); ok {
			all = append(all, Metric{v, m.unit})
		}
	}
	return all
}

// Better tells which way a unit is better, "lower" or "higher"; "" is neither
// or an unknown unit.
func Better(unit string) string {
	for _, m := range metrics {
		if m.unit == unit {
			return m.better
		}
	}
	return ""
}

// Units returns the units that have a better way, in the order of the
// benchmark format.
func Units() (all []string) {
	for _, m := range metrics {
		if m.better != "" {
			all = append(all, m.unit)
		}
	}
	return all
}

// Measured returns what the record measured in a unit, and false where it did
// not.
func (r *Record) Measured(unit string) (float64, bool) {
	if slices.Contains(r.zeros, unit) {
		return 0, true // printed, so measured
	}
	for _, m := range metrics {
		if m.unit == unit {
			return m.get(r)
		}
	}
	for _, m := range r.others {
		if m.Unit == unit {
			return m.Value, true
		}
	}
	return 0, false
}

// positive is a number that is not 0 where it was measured.
func positive(v float64) (float64, bool) { return v, v != 0 }

func (r *Record) percentile(of func(*Latency) *int64) (float64, bool) {
	if r.Latency == nil {
		return 0, false
	}
	return positive(float64(*of(r.Latency)))
}

func (r *Record) inFlight() (float64, bool) {
	if r.Given == nil {
		return 0, false
	}
	n, ok := r.Given.InFlight.Get()
	return float64(n), ok
}

func (r *Record) latency() *Latency {
	if r.Latency == nil {
		r.Latency = &Latency{}
	}
	return r.Latency
}

func writeUnits(w io.Writer) error {
	for _, m := range metrics {
		if m.better == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "Unit %s better=%s\n", m.unit, m.better); err != nil {
			return err
		}
	}
	return nil
}
