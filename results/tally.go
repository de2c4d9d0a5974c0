package results

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Tally takes records one by one and keeps of each what a report needs: some 150
// bytes, where a record takes 4 KB. The zero value is empty.
type Tally struct {
	Distributions bool // keep how the times of single round trips lie

	run     string // of the first record
	seeds   []uint64
	hosts   Hosts
	spent   spending
	cells   map[Cell]*tallied
	last    attempts
	strings map[string]string // one copy of each reason and warning
	same    map[sameKey]*same // one copy of what many launches have in common
}

// tallied is what the launches of one cell gave.
type tallied struct {
	launches           []tally
	transport, builtOn string                        // of the last launch that names them
	race               float64                       // Record.Race, the greatest
	times              *hdrhistogram.PackedHistogram // of single round trips, ns, of all launches that are ok
	damaged            error                         // why that is not known
}

// tally is what is kept of a record.
type tally struct {
	launch, attempt int
	values          []float64 // of metrics that were measured, in their order
	timed           Count     // operations that were timed one by one
	*same
}

// same is what is kept of a record and is mostly the same in others.
type same struct {
	sameKey
	warnings []string
}

type sameKey struct {
	outcome     Outcome
	reason      string
	check       bool   // its check failed
	unavailable bool   // see Record
	warned      string // the warnings, as one text
	measured    uint64 // which metrics have a value, a bit each
	queue       int    // bytes, the least of the links; 0: not known
	inFlight    Count  // messages, the fewest of the links
	kept        Kept   // of this launch
}

// Add adds a record, which it does not keep.
func (t *Tally) Add(r *Record) {
	if t.cells == nil {
		t.cells, t.last, t.strings, t.same = map[Cell]*tallied{}, attempts{}, map[string]string{}, map[sameKey]*same{}
		t.run = r.Run
	}
	if !slices.Contains(t.seeds, r.Seed) {
		t.seeds = append(t.seeds, r.Seed)
	}
	t.hosts.Add(r.Host)
	t.spent.add(r)
	t.last.add(r)
	c := t.cells[r.Cell]
	if c == nil {
		c = &tallied{}
		t.cells[r.Cell] = c
	}
	c.race = max(c.race, r.Race)
	c.transport, c.builtOn = cmp.Or(r.Transport, c.transport), cmp.Or(r.BuiltOn, c.builtOn)
	l := tally{launch: r.Launch, attempt: r.Attempt}
	key := sameKey{outcome: r.Outcome, check: r.Fault == FaultCheck, kept: r.kept()}
	if r.Outcome != OK {
		key.reason, key.unavailable = t.one(r.Reason), r.Unavailable
	}
	var warnings []string
	for _, w := range r.Warnings {
		if w == Saturation(r.Cell, r.NsPerOp) {
			w = saturation // each launch has a number of its own
		}
		warnings = append(warnings, t.one(w))
	}
	key.warned = strings.Join(warnings, "\x00")
	var room [32]float64 // more than there are metrics
	values := room[:0]
	for i, m := range Metrics {
		if v, ok := m.get(r); ok {
			values = append(values, v)
			key.measured |= 1 << i
		}
	}
	l.values = slices.Clone(values)
	if r.Latency != nil && r.Latency.Count > 0 {
		l.timed = Known(r.Latency.Count)
	}
	key.queue, key.inFlight = r.least()
	if l.same = t.same[key]; l.same == nil {
		l.same = &same{key, warnings}
		t.same[key] = l.same
	}
	c.launches = append(c.launches, l)
	if t.Distributions && WorkloadOf(r.Cell).TwoWay && r.Outcome == OK && r.Latency != nil && r.Latency.HDR != "" {
		c.merge(r)
	}
}

// one is one copy of a string that many launches have.
func (t *Tally) one(s string) string {
	if _, ok := t.strings[s]; !ok {
		t.strings[s] = s
	}
	return t.strings[s]
}

// merge adds the distribution of a launch.
func (c *tallied) merge(r *Record) {
	h, err := r.Latency.Histogram()
	switch {
	case c.damaged != nil:
	case err != nil:
		c.times, c.damaged = nil, fmt.Errorf("the histogram of launch %d cannot be read: %w", r.Launch, err)
	case c.times == nil:
		c.times = h
	default:
		c.times.Merge(h)
	}
}

// of is what the launch measured in a unit, and false where it did not.
func (l *tally) of(unit string) (float64, bool) {
	n := 0
	for i, m := range Metrics {
		has := l.measured&(1<<i) != 0
		switch {
		case m.Unit == unit && has:
			return l.values[n], true
		case m.Unit == unit:
			return 0, false
		case has:
			n++
		}
	}
	return 0, false
}

// Summaries condenses the records to one summary a cell: see Summarize.
func (t *Tally) Summaries() []Summary {
	out := make([]Summary, 0, len(t.cells))
	for cell, c := range t.cells {
		launches := slices.DeleteFunc(slices.Clone(c.launches), func(l tally) bool { return t.last.replaces(cell, l.launch, l.attempt, l.outcome) })
		if len(launches) == 0 {
			continue
		}
		s := summarize(cell, launches, t.last[cell.Asked()], c.race)
		if s.Transport = c.transport; c.builtOn != "" {
			s.BuiltOn = &BuiltOn{Mechanism: c.builtOn}
		}
		if s.Outcome == OK {
			s.RoundTrips, s.Damaged = c.times, c.damaged
		}
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Summary) int { return CompareCells(a.Cell, b.Cell) })
	relateToFloors(out)
	relateToBases(out)
	return out
}

// Pairs returns logarithms of new's ns/op over old's, of one cell's launches
// that came one right after the other on two arms that take turns: those whose
// last attempt is the same on both, and ok, with links of one capacity. They are
// in order of the launches.
func Pairs(old, new []Record) (logs []float64) {
	olds, news := lastAttempts(old), lastAttempts(new)
	for _, launch := range slices.Sorted(maps.Keys(olds)) {
		a, b := olds[launch], news[launch]
		if b != nil && a.Cell == b.Cell && a.Outcome == OK && b.Outcome == OK && a.Attempt == b.Attempt {
			logs = append(logs, math.Log(b.NsPerOp/a.NsPerOp))
		}
	}
	return logs
}

// lastAttempts are the records of a cell's last attempts, by launch.
func lastAttempts(records []Record) map[int]*Record {
	last := map[int]*Record{}
	for i := range records {
		r := &records[i]
		if before := last[r.Launch]; before == nil || r.Attempt >= before.Attempt {
			last[r.Launch] = r
		}
	}
	return last
}

// attempts holds the last attempt at each launch of the cells that a plan asked
// for: what the kernel gives another attempt may differ.
type attempts map[Cell]map[int]int

func (a attempts) add(r *Record) {
	asked := r.Cell.Asked()
	if a[asked] == nil {
		a[asked] = map[int]int{}
	}
	a[asked][r.Launch] = max(a[asked][r.Launch], r.Attempt)
}

// replaces reports whether a later attempt replaces one that ended so. One that
// failed is never replaced: a failure that goes away is still a failure.
func (a attempts) replaces(c Cell, launch, attempt int, o Outcome) bool {
	return o != Failed && attempt < a[c.Asked()][launch]
}
