// Package compare reports what became slower or faster between two sides of
// records, and when not to believe it. The statistics are golang.org/x/perf's
// where it has them; the gate is package gate's. docs/method.md explains both.
package compare

import (
	"cmp"
	"math"
	"slices"

	"ipcbench/results"
)

// Options say what counts as a change.
type Options struct {
	Threshold float64 // a change up to here is none that matters: 0.05 is 5 %; 0: the least that the sides' own gates have, else that of Defaults
	Alpha     float64 // probability of one false alarm in all cells together, in (0, 1)
	Force     bool    // judge what is not comparable, with the warning beside it
	Shared    int     // how many comparisons share Alpha; 0 is 1
	By        string  // the key that distinguishes the sides, "" for that of the inputs
	Implied   bool    // judge a metric also where it follows from another: B/s from ns/op

	// Thresholds are those of some cells, in place of Threshold: the last one whose
	// pattern a cell's name matches.
	Thresholds []results.Threshold
}

// alpha is what one of the comparisons may use.
func (o Options) alpha() float64 { return o.Alpha / float64(max(1, o.Shared)) }

// draws lets p go down to a twentieth of alpha.
func (o Options) draws() int { return max(leastDraws, int(math.Ceil(20/o.alpha()))-1) }

// Defaults are the options of the command.
var Defaults = Options{Threshold: 0.05, Alpha: 0.01}

// DefaultMetrics are the units that are judged where none were asked for.
var DefaultMetrics = []string{"ns/op", "insns/op", "B/s"}

// Compare compares the new side with the old one. The sides must have been
// made with the same metrics.
func Compare(old, new *Side, o Options) *Report {
	o.Threshold = cmp.Or(o.Threshold, gateOf(old, new), Defaults.Threshold)
	r := &Report{
		Old: old.about(), New: new.about(),
		Threshold: o.Threshold, Alpha: o.alpha(), metrics: old.metrics,
		Gate: Gate{Seen: results.Float(math.NaN()), Detectable: results.Float(math.NaN()), Worst: results.Float(math.NaN())}, // until a row is judged
	}
	apart := newSplit(old, new)
	d := warn(old, new, apart, o)
	pairs := r.pair(old, new, apart, o)
	if d.refused && !o.Force {
		r.Refused, r.Warnings = true, d.list
		r.Cause = r.nothing(old, new, pairs)
		return r
	}
	for _, p := range pairs {
		for m, unit := range old.metrics {
			if !o.Implied && p.implied(old.metrics, m) {
				r.Implied = append(r.Implied, p.name)
				continue
			}
			row, ok := newRow(p, m, unit, old.better[m], d)
			switch {
			case !ok && p.old.has(m) && results.LookupAxis(o.By) == nil:
				r.Incomparable = append(r.Incomparable, Incomparable{Cell: p.cell, Name: p.name, Metric: unit, Warnings: []string{lacks}})
			case !ok:
			case row.refused && !o.Force:
				r.Incomparable = append(r.Incomparable, Incomparable{Cell: row.Cell, Name: row.Name, Metric: row.Metric, Warnings: row.Warnings})
			default:
				rows := []Row{row}
				if unit == counted && !o.Implied && p.split(len(old.metrics)) {
					rows = p.splitRows(row, len(old.metrics))
				}
				for _, row := range rows {
					if own := results.ThresholdOf(o.Thresholds, row.Cell.Name()); own != o.Threshold {
						row.Threshold = own
					}
					r.Rows = append(r.Rows, row)
				}
			}
		}
	}
	r.notCompared(old, new, pairs)
	t := takeTurns(old, new)
	r.weigh()
	parallel(len(r.Rows), func(i int) { r.Rows[i].describe(t); r.Rows[i].noteSwitches(len(old.metrics)) })
	r.judge(o, t)
	r.Warnings = append(d.list, r.assumptions(old, new, t, d.interleaved)...)
	r.Means = means(r.Rows)
	if r.Status() == Nothing {
		r.Cause = r.nothing(old, new, pairs)
	}
	slices.SortFunc(r.Rows, func(a, b Row) int {
		if a.Aside != b.Aside {
			return map[bool]int{true: 1, false: -1}[a.Aside]
		}
		return cmp.Or(cmp.Compare(a.Verdict.order(), b.Verdict.order()), -cmp.Compare(a.size(), b.size()),
			cmp.Compare(a.Name, b.Name), cmp.Compare(a.column, b.column))
	})
	return r
}

// pair is the launches of a cell that is ok on both sides, under one
// configuration where a side has several.
type pair struct {
	cell     results.Cell
	name     string
	old, new *settled
	offset   int // of the new side's passes
}

// pair finds the cells that are ok on both sides, in order of their names,
// and notes those whose outcome is another.
func (r *Report) pair(old, new *Side, apart *split, o Options) (pairs []pair) {
	olds, news := old.settle(apart), new.settle(apart)
	attribute(olds, news)
	attribute(news, olds)
	r.Old.Cells, r.New.Cells = len(olds), len(news)
	r.Old.Lost, r.New.Lost = lost(olds), lost(news)
	r.Outcomes = packages(old, new)
	for at, a := range olds {
		name := apart.pointName(at)
		b, ok := news[at]
		if !ok {
			b = &settled{outcome: Absent, reason: "no record"}
		}
		r.found = append(r.found, pair{cell: at.cell, name: name, old: a, new: b})
		switch {
		case a.outcome == results.OK && b.outcome == results.OK:
			pairs = append(pairs, pair{at.cell, name, a, b, len(old.passes)})
		case a.outcome != b.outcome:
			r.Outcomes = append(r.Outcomes, newChange(at.cell, name, a, b, o))
		default:
			r.NeverOK++
			r.Missing = append(r.Missing, newChange(at.cell, name, a, b, o))
		}
	}
	for at, b := range news {
		if olds[at] == nil {
			a := &settled{outcome: Absent, reason: "no record"}
			r.found = append(r.found, pair{cell: at.cell, name: apart.pointName(at), old: a, new: b})
			r.Outcomes = append(r.Outcomes, newChange(at.cell, apart.pointName(at), a, b, o))
		}
	}
	slices.SortFunc(pairs, func(a, b pair) int { return cmp.Compare(a.name, b.name) })
	for _, list := range [][]Change{r.Outcomes, r.Missing} {
		slices.SortFunc(list, func(a, b Change) int {
			return cmp.Or(cmp.Compare(a.Verdict.order(), b.Verdict.order()), cmp.Compare(a.Name, b.Name))
		})
	}
	slices.SortFunc(r.found, func(a, b pair) int { return cmp.Compare(a.name, b.name) })
	return pairs
}
