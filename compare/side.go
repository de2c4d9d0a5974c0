package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"ipcbench/results"
)

// Side is the records of one side of a comparison. It keeps of each what a
// comparison needs, so that a million of them fit.
type Side struct {
	Name string

	metrics []string
	better  []string // which way each metric is
	source  int
	records int
	again   int // of these, attempts beyond the first
	passes  map[pass]int
	latest  pass        // which the next record is likely to be part of
	current int         // its number
	began   []time.Time // of each pass, where it is known
	cells   map[measured]*launches

	hosts     results.Hosts
	configs   configurations
	nothing   string  // why a file has no records
	labels    values  // what the runs are called: "" is none
	gate      float64 // the threshold of the gate that its runs are held to; 0: they name none
	units     values  // that records have values in
	isolation values
	verified  values // "yes", "no": of the records that state it
	failures  []results.Failure
}

// measured is a cell under one configuration.
type measured struct {
	cell   results.Cell
	config int32
}

// pass is one round of launches over all cells.
type pass struct {
	source int
	run    string
	launch int
}

// launches is what the records of one cell gave.
type launches struct {
	pass   []int32
	again  map[int]int32 // attempts from the second on, by index
	values [][]float64   // by metric; NaN where it was not measured. Those of switching follow, nil where nothing was counted
	notOK  []notOK
	given  map[string]*values // facts of the links and workers, by rule
	text   bool               // they were read from benchmark text that has no numbers of launches
}

type notOK struct {
	pass, attempt int32
	outcome       results.Outcome
	reason        string
}

// NewSide returns an empty side. The metrics are units of the benchmark
// format, such as "ns/op".
func NewSide(name string, metrics []string) *Side {
	s := &Side{Name: name, metrics: metrics, passes: map[pass]int{}, cells: map[measured]*launches{}}
	for _, m := range metrics {
		s.better = append(s.better, results.Better(m))
	}
	return s
}

// Records returns a side of the records, which are one source.
func Records(name string, records []results.Record, metrics []string) *Side {
	s := NewSide(name, metrics)
	for i := range records {
		s.Add(&records[i])
	}
	return s
}

// Next begins another source: its launches are others, whatever their numbers.
func (s *Side) Next() { s.source++ }

// next is Next after what was read from set.
func (s *Side) next(set *results.Set) {
	s.Next()
	s.nothing = cmp.Or(s.nothing, set.Nothing())
	s.Of(set.Header)
}

// Of notes what the header of a run says of the side that has its records; nil
// says nothing.
func (s *Side) Of(h *results.Header) {
	if h == nil {
		return
	}
	s.labels.add(h.Label)
	if h.Threshold > 0 && (s.gate == 0 || h.Threshold < s.gate) {
		s.gate = h.Threshold
	}
}

// gateOf is the least threshold of the sides' own gates, 0 where they name none.
func gateOf(sides ...*Side) (least float64) {
	for _, s := range sides {
		if s.gate > 0 && (least == 0 || s.gate < least) {
			least = s.gate
		}
	}
	return least
}

// Add adds a record, which it does not keep.
func (s *Side) Add(r *results.Record) { s.add(r, r.Cell, ^uint64(0)) }

// add adds a record as one of cell, with those metrics whose bit is set.
func (s *Side) add(r *results.Record, cell results.Cell, metrics uint64) {
	s.records++
	if r.Attempt > 1 {
		s.again++
	}
	at := measured{cell, s.note(r)}
	c := s.cells[at]
	if c == nil {
		c = &launches{values: make([][]float64, len(s.metrics)+len(switching)), text: r.Text() != nil && r.Time.IsZero()}
		s.cells[at] = c
	}
	p := s.pass(r)
	if r.Outcome != results.OK {
		c.notOK = append(c.notOK, notOK{p, int32(r.Attempt), r.Outcome, r.Reason})
		return
	}
	c.pass = append(c.pass, p)
	if r.Attempt > 1 {
		if c.again == nil {
			c.again = map[int]int32{}
		}
		c.again[len(c.pass)-1] = int32(r.Attempt)
	}
	for unit := range r.AllUnits() {
		s.units.add(unit)
	}
	for m, unit := range s.metrics {
		v, ok := r.Measured(unit)
		if !ok || metrics&(1<<m) == 0 {
			v = math.NaN()
		}
		c.values[m] = append(c.values[m], v)
	}
	c.addSwitching(r, len(s.metrics))
	if r.Given == nil && r.Workers == nil {
		return // benchmark text
	}
	for name, fact := range cellFacts {
		v := fact(r)
		if v == "" {
			continue
		}
		if c.given == nil {
			c.given = map[string]*values{}
		}
		if c.given[name] == nil {
			c.given[name] = &values{}
		}
		c.given[name].add(v)
	}
}

func (s *Side) pass(r *results.Record) int32 {
	key := pass{s.source, r.Run, r.Launch}
	if key == s.latest {
		return s.begin(s.current, r)
	}
	p, ok := s.passes[key]
	if !ok {
		p = len(s.passes)
		s.passes[key] = p
		s.began = append(s.began, r.Time)
	}
	s.latest, s.current = key, p
	return s.begin(p, r)
}

// begin notes when the pass began, as far as r states it.
func (s *Side) begin(p int, r *results.Record) int32 {
	if r.Time.Before(s.began[p]) {
		s.began[p] = r.Time
	}
	return int32(p)
}

// inTime is the passes in the order in which they began, as far as that is
// known, else in that of the records.
func (s *Side) inTime() []pass {
	keys := make([]pass, len(s.passes))
	for key, p := range s.passes {
		keys[p] = key
	}
	slices.SortStableFunc(keys, func(a, b pass) int { return s.began[s.passes[a]].Compare(s.began[s.passes[b]]) })
	return keys
}

// note notes what a record says of the whole side, and returns its
// configuration.
func (s *Side) note(r *results.Record) int32 {
	host := s.hosts.Add(r.Host)
	s.isolation.add(r.Isolation)
	if !r.Time.IsZero() && r.Outcome == results.OK { // benchmark text does not state it
		s.verified.add(map[bool]string{true: "yes", false: "no"}[!r.Verified.IsZero()])
	}
	return s.configs.add(r, host)
}

// Empty reports whether the side has no records and no failures.
func (s *Side) Empty() bool { return s.records+len(s.failures) == 0 }

// Fail notes packages that go test reports as failed.
func (s *Side) Fail(failures ...results.Failure) { s.failures = append(s.failures, failures...) }

// About is what a report says of a side.
type About struct {
	Name    string   `json:"name"`
	Label   string   `json:"label,omitempty"` // of the kernel that was booted, or of the run
	Records int      `json:"records"`
	Cells   int      `json:"cells"`
	Passes  int      `json:"passes"`
	Again   int      `json:"again"` // disturbed launches that were run again, times
	Lost    int      `json:"lost"`  // launches of cells that are ok, disturbed at every attempt: they do not count
	Kernels []string `json:"kernels"`
}

func (s *Side) about() About {
	a := About{Name: results.Quote(s.Name), Records: s.records, Passes: len(s.passes), Again: s.again, Kernels: []string{}}
	var kernels values
	for _, h := range s.hosts.All() {
		kernels.add(results.Quote(h.Kernel))
	}
	a.Kernels = append(a.Kernels, kernels.list...)
	a.Label = s.label()
	return a
}

// label is what the kernel that was booted is called, or else the run; "" where the
// side has several or none.
func (s *Side) label() string {
	booted := values{}
	for _, h := range s.hosts.All() {
		booted.add(guest(func(g *results.Guest) string { return g.Label })(h))
	}
	for _, v := range []values{booted, s.labels} {
		if len(v.list) == 1 {
			return results.Quote(v.list[0])
		}
	}
	return ""
}

// Called is what two sides with these labels are called: old and new where the labels
// do not distinguish them.
func Called(a, b string) (old, new string) {
	if a == "" || b == "" || a == b {
		return "old", "new"
	}
	return a, b
}

// cellFacts are what was given to a cell, by the name of the warning where it
// differs; "" is not known.
var cellFacts = map[string]func(*results.Record) string{
	"queue given": (*results.Record).Capacity,
	"queued messages": func(r *results.Record) string {
		if r.Given == nil || r.Given.InFlight.IsZero() {
			return ""
		}
		return r.Given.InFlight.String()
	},
	"CPU set": func(r *results.Record) string {
		var b strings.Builder
		for _, w := range r.Workers {
			fmt.Fprintf(&b, "%s on %v, ", results.Quote(w.Role), w.CPUs)
		}
		return strings.TrimSuffix(b.String(), ", ")
	},
}
