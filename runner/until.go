package runner

import (
	"cmp"
	"slices"

	"ipcbench/results"
)

// keep keeps of a record what the width of its cell's interval depends on, which
// is a small part.
func (a *Side) keep(rec results.Record) {
	rec.Latency, rec.Workers, rec.Rounds, rec.Warnings, rec.Links = nil, nil, nil, nil, nil
	if a.records == nil {
		a.records = map[results.Cell][]results.Record{}
	}
	asked := rec.Cell.Asked()
	a.records[asked] = append(a.records[asked], rec)
}

// open reports whether launches could make the cell known any better: it is
// ok, or others may yet outweigh those that were disturbed.
// Of several capacities that its links were given it reports the one with the
// most launches.
func (a *Side) open(c results.Cell) (results.Summary, bool) {
	rows := results.Summarize(a.records[c])
	settled := func(s results.Summary) bool { return s.Outcome == results.Failed || s.Outcome == results.Skipped }
	if len(rows) == 0 || slices.ContainsFunc(rows, settled) {
		return results.Summary{}, false
	}
	return slices.MaxFunc(rows, func(a, b results.Summary) int { return cmp.Compare(a.N, b.N) }), true
}

// unless reports whether what the cell's interval rests on is not enough, where
// launches could add to it: the times of one side or, of two sides that take
// turns, the ratios of their pairs. A change is known better than either side
// where the speed of both drifts together.
func (r *Run) unless(c results.Cell, enough func(values []float64, narrow func([]float64) bool) bool) bool {
	if r.Until == 0 {
		return false
	}
	untrusted := false
	var rows []results.Summary
	for _, side := range r.Sides {
		s, open := side.open(c)
		if !open {
			return false
		}
		rows = append(rows, s)
		untrusted = untrusted || s.Outcome == results.Untrusted
	}
	values, narrow := rows[0].Times, results.NarrowMedian
	if len(rows) > 1 {
		if rows[0].Cell != rows[1].Cell {
			return false // the sides were given other capacities: there is nothing to compare
		}
		values, narrow = results.Pairs(r.Sides[0].records[c], r.Sides[1].records[c]), results.NarrowPairs
	}
	return untrusted || !enough(values, func(v []float64) bool { return narrow(v, r.Until) })
}

// more reports whether the cell needs launches beyond those that it has.
func (r *Run) more(c results.Cell) bool { return r.unless(c, results.Enough) }

// wide reports whether the cell's interval is wider than Until.
func (r *Run) wide(c results.Cell) bool {
	return r.unless(c, func(values []float64, narrow func([]float64) bool) bool { return narrow(values) })
}

// Wide names the plan's cells whose interval is still wider than Until, of a run
// that Execute has begun. It has none where Until is 0.
func (r *Run) Wide() (names []string) {
	for _, c := range r.Plan.Cells {
		if r.wide(c) {
			names = append(names, c.Name())
		}
	}
	return names
}
