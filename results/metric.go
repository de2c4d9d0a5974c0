package results

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"

	"golang.org/x/perf/benchunit"
)

// Metric is a number that a launch has, and all that is said of it wherever it
// is shown. An entry in Metrics is everything that a new number needs: the
// record's check, bench.txt, the summary and every report go by it.
type Metric struct {
	Key    string // of Summary.Of and in the page's data: "time"
	Record string // the key in a record: "ns_per_op"; "": it is the sum of others
	Unit   string // "ns/op", in bench.txt where it is no sum; "": it has none. No scaled unit (us, GB/s): benchstat takes these for units of their own
	Better string // which way: "lower", "higher"; "": neither
	Class  Class  // how values are written
	Title  string // in words, on the page; "": the page does not have it
	Name   string // with its unit, in files for other programs: "time_ns_per_op"
	CSV    bool   // summary.csv has it
	Help   string // in words, where there is no Title

	Column string  // the head of its column in tables; "": none
	In     Columns // the tables of a terminal and of Markdown that have it
	Spread Columns // of these, the tables with its interval beside it
	Drop   int     // on a narrow terminal columns with a larger number go first; 0: it stays

	Get func(*Record) (float64, bool) // false where it was not measured
	Set func(*Record, float64)        // reads it back from bench.txt; nil where that does not have it
	sum []string                      // units of the metrics that it is the sum of, which bench.txt has in its place
}

// Class is how the values of a metric are written, as the page names it.
type Class string

const (
	Nanoseconds    Class = "ns"
	BytesPerSecond Class = "B/s"
	Number         Class = "n"
)

// Format renders a value of the class: "5.210µs", "1.395GiB/s", "9000.0", "0.121".
func (c Class) Format(v float64) string {
	switch c {
	case Nanoseconds:
		return FormatTime(v)
	case BytesPerSecond:
		return FormatRate(v)
	}
	if v > 0 && v < 1 {
		return strconv.FormatFloat(v, 'f', 3, 64)
	}
	return strconv.FormatFloat(v, 'f', 1, 64)
}

// Columns is a set of tables.
type Columns int

const (
	Paced   Columns = 1 << iota // messages are due at a rate
	Counted                     // a guest's instructions were counted
	Timed                       // all other cells
)

// Metrics in the order of bench.txt and of columns.
var Metrics = []Metric{
	{Key: "time", Record: "ns_per_op", Unit: "ns/op", Better: "lower", Class: Nanoseconds, Title: "time per operation", Name: "time_ns_per_op", CSV: true,
		Column: "time/op", In: Timed, Spread: Timed,
		Get: func(r *Record) (float64, bool) { return positive(r.NsPerOp) },
		Set: func(r *Record, v float64) { r.NsPerOp = v }},
	{Key: "insns", Record: "insns_per_op", Unit: "insns/op", Better: "lower", Class: Number, Title: "instructions per operation", Name: "insns_per_op", CSV: true,
		Column: "insns/op", In: Counted, Spread: Counted,
		Get: func(r *Record) (float64, bool) { return positive(r.InsnsPerOp) },
		Set: func(r *Record, v float64) { r.InsnsPerOp = v }},
	{Key: "path", Record: "path_insns_per_op", Unit: "path-insns/op", Better: "lower", Class: Number, Title: "path of an operation, in instructions", Name: "path_insns_per_op", CSV: true,
		Column: "path", In: Counted, Spread: Counted,
		Get: func(r *Record) (float64, bool) { return positive(r.PathInsns) },
		Set: func(r *Record, v float64) { r.PathInsns = v }},
	{Key: "switch", Record: "insns_per_switch", Unit: "insns/switch", Better: "lower", Class: Number, Title: "instructions per context switch", Name: "insns_per_switch", CSV: true,
		Column: "insns/switch", In: Counted, Drop: 2,
		Get: func(r *Record) (float64, bool) { return positive(r.SwitchInsns) },
		Set: func(r *Record, v float64) { r.SwitchInsns = v }},
	{Key: "rate", Record: "bytes_per_sec", Unit: "B/s", Better: "higher", Class: BytesPerSecond, Title: "throughput", Name: "payload_bytes_per_second", CSV: true,
		Column: "throughput", In: Timed, Drop: 1,
		Get: func(r *Record) (float64, bool) { return positive(r.BytesPerSec) },
		Set: func(r *Record, v float64) { r.BytesPerSec = v }},
	{Key: "p50", Record: "latency.p50_ns", Unit: "p50-ns", Better: "lower", Class: Nanoseconds, Name: "p50_ns", Help: "median of single operations",
		Column: "p50", In: Paced, Drop: 3,
		Get: func(r *Record) (float64, bool) { return r.percentile(func(l *Latency) *int64 { return &l.P50 }) },
		Set: func(r *Record, v float64) { r.latency().P50 = int64(v) }},
	{Key: "p90", Record: "latency.p90_ns", Unit: "p90-ns", Better: "lower", Class: Nanoseconds, Name: "p90_ns", Help: "90th percentile of single operations",
		Get: func(r *Record) (float64, bool) { return r.percentile(func(l *Latency) *int64 { return &l.P90 }) },
		Set: func(r *Record, v float64) { r.latency().P90 = int64(v) }},
	{Key: "p99", Record: "latency.p99_ns", Unit: "p99-ns", Better: "lower", Class: Nanoseconds, Title: "99th percentile", Name: "p99_ns", CSV: true,
		Column: "p99", In: Timed | Paced, Spread: Paced, Drop: 2,
		Get: func(r *Record) (float64, bool) { return r.percentile(func(l *Latency) *int64 { return &l.P99 }) },
		Set: func(r *Record, v float64) { r.latency().P99 = int64(v) }},
	{Key: "p999", Record: "latency.p999_ns", Unit: "p999-ns", Better: "lower", Class: Nanoseconds, Name: "p999_ns", Help: "99.9th percentile of single operations",
		Column: "p99.9", In: Paced, Drop: 4,
		Get: func(r *Record) (float64, bool) { return r.percentile(func(l *Latency) *int64 { return &l.P999 }) },
		Set: func(r *Record, v float64) { r.latency().P999 = int64(v) }},
	{Key: "max", Record: "latency.max_ns", Unit: "max-ns", Better: "lower", Class: Nanoseconds, Name: "max_ns", Help: "slowest single operation",
		Get: func(r *Record) (float64, bool) { return r.percentile(func(l *Latency) *int64 { return &l.Max }) },
		Set: func(r *Record, v float64) { r.latency().Max = int64(v) }},
	{Key: "cpu", Record: "cpu_ns_per_op", Unit: "cpu-ns/op", Better: "lower", Class: Nanoseconds, Title: "CPU time per operation", Name: "cpu_ns_per_op", CSV: true,
		Column: "CPU/op", In: Timed | Paced, Drop: 5,
		Get: func(r *Record) (float64, bool) { return r.CPUNsPerOp.Get() },
		Set: func(r *Record, v float64) { r.CPUNsPerOp = Known(v) }},
	{Key: "voluntary", Record: "voluntary_per_op", Unit: "vol-switches/op", Better: "lower", Class: Number, Name: "voluntary_switches_per_op", Help: "context switches per operation of processes that waited",
		Get: func(r *Record) (float64, bool) { return r.Voluntary.Get() },
		Set: func(r *Record, v float64) { r.Voluntary = Known(v) }},
	{Key: "involuntary", Record: "involuntary_per_op", Unit: "invol-switches/op", Better: "lower", Class: Number, Name: "involuntary_switches_per_op", Help: "context switches per operation of processes that were preempted",
		Get: func(r *Record) (float64, bool) { return r.Involuntary.Get() },
		Set: func(r *Record, v float64) { r.Involuntary = Known(v) }},
	{Key: "switches", Unit: "switches/op", Better: "lower", Class: Number, Title: "context switches per operation", Name: "context_switches_per_op", CSV: true,
		Column: "switches/op", In: Counted, Drop: 1,
		sum: []string{"vol-switches/op", "invol-switches/op"}},
	{Key: "queued", Record: "given.in_flight", Unit: "inflight-msgs", Class: Number, Name: "queued_messages", Help: "messages that the first link held before its sender blocked",
		Get: func(r *Record) (float64, bool) { return r.inFlight() },
		Set: func(r *Record, v float64) { r.Given = &Given{InFlight: Known(int64(v))} }},
}

// get is what the record has of the metric; nothing of a sum.
func (m *Metric) get(r *Record) (float64, bool) {
	if m.Get == nil {
		return 0, false
	}
	return m.Get(r)
}

// units of the metrics that make it: its own, where it is no sum.
func (m *Metric) units() []string {
	if m.sum != nil {
		return m.sum
	}
	return []string{m.Unit}
}

// Measurement is a value of a record, as the benchmark format has it.
type Measurement struct {
	Value float64
	Unit  string // ns/op, p99-ns, B/s …: see the Unit lines for which way is better
}

// Measurements returns what the record measured, in the order of its benchmark
// line.
func (r *Record) Measurements() (all []Measurement) {
	for _, m := range Metrics {
		if v, ok := m.get(r); ok {
			all = append(all, Measurement{v, m.Unit})
		}
	}
	return all
}

// Better reports which way a unit is better, "lower" or "higher"; "" is neither
// or an unknown unit.
func Better(unit string) string {
	for _, m := range Metrics {
		if m.Unit == unit {
			return m.Better
		}
	}
	return ""
}

// Units returns the units that have a better way, in the order of the
// benchmark format.
func Units() (all []string) {
	for _, m := range Metrics {
		if m.Better != "" && m.Unit != "" {
			all = append(all, m.Unit)
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
	for _, m := range Metrics {
		switch {
		case m.Unit != unit || r.Cell.Other != "":
		case m.sum == nil:
			return m.get(r)
		default:
			return r.total(m.sum)
		}
	}
	return r.other(unit)
}

// total is the sum of what the record measured in several units, and false where it
// lacks one of them.
func (r *Record) total(units []string) (sum float64, ok bool) {
	for _, unit := range units {
		v, ok := r.Measured(unit)
		if !ok {
			return 0, false
		}
		sum += v
	}
	return sum, true
}

// other is what benchmark text has in a unit that is not the suite's, or of
// someone else's benchmark. Units that benchstat takes to be one are one here.
func (r *Record) other(unit string) (float64, bool) {
	for _, m := range r.others {
		if m.Unit == unit || SameUnit(m.Unit, unit) {
			return inUnit(m.Value, m.Unit, unit), true
		}
	}
	return 0, false
}

// AllUnits returns the units in which the record has a value.
func (r *Record) AllUnits() iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range Metrics {
			if m := &Metrics[i]; m.Unit != "" && m.sum == nil && r.Cell.Other == "" {
				if _, ok := r.Measured(m.Unit); ok && !yield(m.Unit) {
					return
				}
			}
		}
		for _, m := range r.others {
			if !yield(m.Unit) {
				return
			}
		}
	}
}

func tidy(unit string) string {
	_, tidied := benchunit.Tidy(1, unit)
	return tidied
}

// SameUnit reports whether units differ in scale alone, as ns/op and sec/op do.
func SameUnit(a, b string) bool { return tidy(a) == tidy(b) }

// inUnit turns a value into one of the same unit in another scale.
func inUnit(value float64, from, to string) float64 {
	if from == to {
		return value
	}
	f, _ := benchunit.Tidy(1, from)
	g, _ := benchunit.Tidy(1, to)
	return value * f / g
}

// suiteUnit is the suite's name of a unit, "" where it is none of the suite's.
func suiteUnit(unit string) string {
	for _, m := range Metrics {
		if m.Unit != "" && (m.Unit == unit || SameUnit(m.Unit, unit)) {
			return m.Unit
		}
	}
	return ""
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
	for _, m := range Metrics {
		if m.Better == "" || m.Unit == "" || m.sum != nil {
			continue
		}
		if _, err := fmt.Fprintf(w, "Unit %s better=%s\n", m.Unit, m.Better); err != nil {
			return err
		}
	}
	return nil
}
