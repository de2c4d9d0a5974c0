package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"ipcbench/bench"
	"ipcbench/results"
)

// untilFlags ask for launches beyond the plan's, for the cells whose interval
// is still wide.
type untilFlags struct {
	width  string
	budget time.Duration
}

func (f *untilFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.width, "until", "", fmt.Sprintf(
		"add launches, at least %d in all, until a cell's 95 %% interval, with ab that of its change, is within ±P (for example 2%%)", results.FirstStage+results.Beyond))
	c.Flags().DurationVar(&f.budget, "budget", 10*time.Minute, "time after which --until begins no further pass")
}

// What --until and --budget may be.
const (
	minUntil, maxUntil = 0.001, 0.5 // shares of the median
	maxBudget          = 30 * 24 * time.Hour
)

func checkBudget(d time.Duration) error {
	if d < 0 || d > maxBudget {
		return fmt.Errorf("%v: want 0 to %v", d, maxBudget)
	}
	return nil
}

// until is the width asked for, as a share of the median; 0 where none was.
func (f *untilFlags) until() (float64, error) {
	if err := checkBudget(f.budget); err != nil {
		return 0, fmt.Errorf("--budget: %w", err)
	}
	if f.width == "" {
		return 0, nil
	}
	return parseShare("--until", f.width, minUntil, maxUntil)
}

// missed names the plan's cells that are wide still.
func missed(wide func(results.Cell) bool, plan bench.Plan) (names []string) {
	for _, c := range plan.Cells {
		if wide(c) {
			names = append(names, c.Name())
		}
	}
	return names
}

// precision follows how well each cell is known while a run goes on. Where no
// width was asked for no cell is wide.
type precision struct {
	until   float64
	records map[results.Cell][]results.Record // of the plan's cells, whatever their links were given
}

func newPrecision(until float64, earlier []results.Record) *precision {
	p := &precision{until: until, records: map[results.Cell][]results.Record{}}
	for _, r := range earlier {
		p.add(r)
	}
	return p
}

// add keeps what a precision needs, which is a small part of a record.
func (p *precision) add(r results.Record) {
	if p.until == 0 {
		return
	}
	r.Latency, r.Workers, r.Rounds, r.Warnings, r.Links = nil, nil, nil, nil, nil
	asked := r.Cell.Asked()
	p.records[asked] = append(p.records[asked], r)
}

// wide reports whether the cell's interval is wider than was asked for.
func (p *precision) wide(c results.Cell) bool {
	s, open := p.open(c)
	return open && (s.Outcome == results.Untrusted || !p.narrow(s.Times))
}

// more reports whether the cell needs further launches.
func (p *precision) more(c results.Cell) bool {
	s, open := p.open(c)
	return open && (s.Outcome == results.Untrusted || !results.Enough(s.Times, p.narrow))
}

func (p *precision) narrow(times []float64) bool { return results.NarrowMedian(times, p.until) }

// open reports whether launches could make the cell known any better: it is
// ok, or others may yet outweigh those that were disturbed.
// Of several capacities that its links were given it reports the one with the
// most launches.
func (p *precision) open(c results.Cell) (results.Summary, bool) {
	rows := results.Summarize(p.records[c])
	settled := func(s results.Summary) bool { return s.Outcome == results.Failed || s.Outcome == results.Skipped }
	if p.until == 0 || len(rows) == 0 || slices.ContainsFunc(rows, settled) {
		return results.Summary{}, false
	}
	return slices.MaxFunc(rows, func(a, b results.Summary) int { return cmp.Compare(a.N, b.N) }), true
}

// contrast follows how well the change of each cell is known between two sides
// that take turns: that is narrower than what is known of either, where their
// speed drifts together.
type contrast struct {
	until float64
	sides [2]*precision
}

// wide reports whether the interval of the change is wider than was asked for.
func (p *contrast) wide(c results.Cell) bool {
	return p.unless(c, p.narrow)
}

// more reports whether the cell needs further launches.
func (p *contrast) more(c results.Cell) bool {
	return p.unless(c, func(pairs []float64) bool { return results.Enough(pairs, p.narrow) })
}

func (p *contrast) narrow(pairs []float64) bool { return results.NarrowPairs(pairs, p.until) }

// unless reports whether the pairs are not enough, where others could be had.
func (p *contrast) unless(c results.Cell, enough func(pairs []float64) bool) bool {
	untrusted := false
	var rows [2]results.Cell
	for i, side := range p.sides {
		s, open := side.open(c)
		if !open {
			return false
		}
		rows[i] = s.Cell
		untrusted = untrusted || s.Outcome == results.Untrusted
	}
	if rows[0] != rows[1] {
		return false // the sides were given other capacities: there is nothing to compare
	}
	return untrusted || !enough(results.Pairs(p.sides[0].records[c], p.sides[1].records[c]))
}

// reportWide lists the cells that did not get there.
func reportWide(out io.Writer, until float64, plan bench.Plan, missed []string) {
	if until == 0 {
		return
	}
	fmt.Fprintf(out, "\n%d of %d cells are not known to ±%g%%\n", len(missed), len(plan.Cells), 100*until)
	for _, name := range missed {
		fmt.Fprintf(out, "  %s\n", name)
	}
}
