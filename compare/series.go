package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/perf/benchmath"
	"golang.org/x/perf/benchunit"

	"ipcbench/results"
)

// Series is several sides in order, such as kernels from old to new, of which each
// but the first was compared with the first.
type Series struct {
	Sides    []About
	Names    []string     // of the sides: their labels, or what distinguishes them
	Cells    []SeriesCell // what matters first
	Warnings []Warning    // those of all reports, each once
}

// SeriesCell is a cell on each side.
type SeriesCell struct {
	Cell     results.Cell
	Name     string // as a row's
	Rows     []SeriesRow
	Absences []Absence // sides without a number

	order int     // of the worst verdict
	most  float64 // the largest change against the first side, on the scale of logarithms
}

// SeriesRow is a metric of a cell on each side.
type SeriesRow struct {
	Metric string // "insns/op"
	Unit   string // of the values, as benchstat has it
	Values []SeriesValue
}

// SeriesValue is what one side has.
type SeriesValue struct {
	Estimate               // N is 0 where there is no number
	Row      *Row          // of the comparison with the first side, whose verdict is the gate's; nil: there is none
	Step     results.Ratio // to the side before; the center is NaN where there is none
	Stepped  bool          // the step exceeds the threshold
	Sure     bool          // so does the whole interval of the step

	logs []float64 // of the launches; nil: the number is not theirs
}

// Absence is sides on which a cell has no number for one reason.
type Absence struct {
	Outcome results.Outcome
	Reason  string
	Verdict Verdict // of the change from the first side; "": that had no number either
	Sides   []int   // as in Series.Sides
}

// NewSeries joins reports that have their old side in common.
func NewSeries(reports []*Report) *Series {
	s := &Series{Sides: []About{reports[0].Old}}
	at := map[string]int{}
	cell := func(c results.Cell, name string) *SeriesCell {
		i, ok := at[name]
		if !ok {
			i = len(s.Cells)
			at[name] = i
			s.Cells = append(s.Cells, SeriesCell{Cell: c, Name: name, order: len(verdicts)})
		}
		return &s.Cells[i]
	}
	var shown []string
	for i, r := range reports {
		s.Sides = append(s.Sides, r.New)
		for k := range r.Rows {
			row := &r.Rows[k]
			c := cell(row.Cell, row.Name)
			shown = results.AddOnce(shown, row.Metric)
			values := c.Row(row.Metric, row.Unit, len(reports)+1).Values
			values[0].Estimate, values[i+1].Estimate, values[i+1].Row = row.Old, row.New, row
			c.matters(row.Verdict, row.size())
		}
	}
	for i, r := range reports {
		for _, p := range r.found {
			c := cell(p.cell, p.name)
			verdict := r.outcomeOf(p.name)
			c.matters(verdict, 0)
			if i == 0 {
				c.fill(0, p.old, r.metrics, shown, len(reports)+1, "")
			}
			c.fill(i+1, p.new, r.metrics, shown, len(reports)+1, verdict)
		}
	}
	for i := range s.Cells {
		s.Cells[i].steps(reports)
	}
	s.Names = sideNames(s.Sides)
	s.warnings(reports)
	slices.SortStableFunc(s.Cells, func(a, b SeriesCell) int {
		return cmp.Or(cmp.Compare(a.order, b.order), -cmp.Compare(a.most, b.most), cmp.Compare(a.Name, b.Name))
	})
	return s
}

// Absence is why a side has no number; nil: it has.
func (c *SeriesCell) Absence(side int) *Absence {
	for i := range c.Absences {
		if slices.Contains(c.Absences[i].Sides, side) {
			return &c.Absences[i]
		}
	}
	return nil
}

// matters notes the verdict and the change on one side.
func (c *SeriesCell) matters(v Verdict, size float64) {
	if v != "" {
		c.order = min(c.order, v.order())
	}
	c.most = max(c.most, size)
}

// row is that of a metric, in the order of results.Metrics.
func (c *SeriesCell) Row(metric, unit string, sides int) *SeriesRow {
	place := func(metric string) int {
		if i := slices.IndexFunc(results.Metrics, func(m results.Metric) bool { return m.Unit == metric }); i >= 0 {
			return i
		}
		return len(results.Metrics)
	}
	i, ok := slices.BinarySearchFunc(c.Rows, metric, func(r SeriesRow, metric string) int {
		return cmp.Or(cmp.Compare(place(r.Metric), place(metric)), cmp.Compare(r.Metric, metric))
	})
	if !ok {
		c.Rows = slices.Insert(c.Rows, i, SeriesRow{Metric: metric, Unit: unit, Values: make([]SeriesValue, sides)})
	}
	return &c.Rows[i]
}

// fill adds what no row of a report has: the numbers of a side whose counterpart has
// none, and why a side has none.
func (c *SeriesCell) fill(side int, s *settled, metrics, shown []string, sides int, v Verdict) {
	if s.outcome != results.OK {
		reason := results.Quote(s.reason)
		i := slices.IndexFunc(c.Absences, func(a Absence) bool { return a.Outcome == s.outcome && a.Reason == reason && a.Verdict == v })
		if i < 0 {
			i = len(c.Absences)
			c.Absences = append(c.Absences, Absence{Outcome: s.outcome, Reason: reason, Verdict: v})
		}
		c.Absences[i].Sides = append(c.Absences[i].Sides, side)
		return
	}
	for m, metric := range metrics {
		if !s.has(m) || !slices.Contains(shown, metric) && len(shown) > 0 {
			continue
		}
		if metric == counted && slices.ContainsFunc(c.Rows, func(r SeriesRow) bool { return r.Metric == pathUnit }) {
			continue // the path stands in its place
		}
		sample, unit := s.tidied(m, metric)
		v := &c.Row(metric, unit, sides).Values[side]
		if v.N == 0 {
			v.Estimate = estimate(sample)
		}
		if sample.Values[0] > 0 {
			v.logs = results.Logs(sample.Values)
		}
	}
}

// steps finds how each value differs from the one of the side before. The interval of
// a number that no launch has is made from those of both, and so wider than it need be.
func (c *SeriesCell) steps(reports []*Report) {
	for _, row := range c.Rows {
		for i := range row.Values {
			v := &row.Values[i]
			v.Step.Center = results.Float(math.NaN())
			if i == 0 || v.N == 0 || row.Values[i-1].N == 0 {
				continue
			}
			before, threshold := row.Values[i-1], reports[i-1].Threshold
			if v.Row != nil {
				threshold = cmp.Or(v.Row.Threshold, threshold)
			}
			v.Step = results.Ratio{Center: v.Center / before.Center, Hi: results.Float(math.Inf(1))}
			switch {
			case i == 1 && v.Row != nil:
				v.Step = v.Row.Ratio
			case before.logs != nil && v.logs != nil:
				v.Step = results.NewRatio(before.logs, v.logs)
			case before.Lo > 0 && v.Lo > 0:
				v.Step.Lo, v.Step.Hi = v.Lo/before.Hi, v.Hi/before.Lo
			}
			if row.Metric == rateUnit && fewSwitches(before.Estimate, v.Estimate) {
				continue
			}
			up, down := results.Float(1+threshold), results.Float(1/(1+threshold))
			v.Stepped = v.Step.Center > up || v.Step.Center < down
			v.Sure = v.Step.Lo > up || v.Step.Hi < down
		}
	}
}

// outcomeOf is the verdict of a cell whose outcome changed; "": it did not.
func (r *Report) outcomeOf(name string) Verdict {
	for _, c := range r.Outcomes {
		if c.Name == name {
			return c.Verdict
		}
	}
	return ""
}

// tidied is the sample of a metric in the unit that benchstat has for it.
func (s *settled) tidied(column int, metric string) (sample *benchmath.Sample, unit string) {
	values, _ := s.sample(column)
	for i, v := range values {
		values[i], unit = benchunit.Tidy(v, metric)
	}
	return benchmath.NewSample(values, &benchmath.DefaultThresholds), unit // which sorts them
}

// sideNames are the labels of the sides or, where these do not distinguish them, their
// names.
func sideNames(sides []About) (names []string) {
	for _, of := range []func(About) string{func(a About) string { return a.Label }, func(a About) string { return a.Name }} {
		names = nil
		for _, s := range sides {
			names = results.AddOnce(names, of(s))
		}
		if len(names) == len(sides) && !slices.Contains(names, "") {
			return names
		}
	}
	names = nil
	for i := range sides {
		names = append(names, fmt.Sprintf("#%d", i+1))
	}
	return names
}

// warnings joins those of one name: what differs between sides is said once of each.
func (s *Series) warnings(reports []*Report) {
	type fact struct {
		value string
		sides []string
	}
	at, facts := map[string]int{}, map[int][]fact{}
	note := func(i int, side, value string) {
		k := slices.IndexFunc(facts[i], func(f fact) bool { return f.value == value })
		if k < 0 {
			k = len(facts[i])
			facts[i] = append(facts[i], fact{value: value})
		}
		facts[i][k].sides = results.AddOnce(facts[i][k].sides, side)
	}
	for k, r := range reports {
		for _, w := range r.Warnings {
			i, known := at[w.Name]
			if !known {
				i = len(s.Warnings)
				at[w.Name] = i
				s.Warnings = append(s.Warnings, w)
			}
			all := &s.Warnings[i]
			all.Refuses = all.Refuses || w.Refuses
			all.Cells = max(all.Cells, w.Cells)
			switch {
			case w.said[0] != "":
				note(i, s.Names[0], w.said[0])
				note(i, s.Names[k+1], w.said[1])
			case known && !strings.Contains(all.What, w.What):
				all.What += "; " + w.What
			}
		}
	}
	for i, list := range facts {
		var parts []string
		for _, f := range list {
			parts = append(parts, strings.Join(f.sides, ", ")+": "+f.value)
		}
		s.Warnings[i].What = s.Warnings[i].as + ": " + strings.Join(parts, "; ")
	}
}
