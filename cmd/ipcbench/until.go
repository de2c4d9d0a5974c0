package main

import (
	"fmt"
	"io"
	"math"
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
	c.Flags().StringVar(&f.width, "until", "", "add launches to cells whose interval is wider than ±this, as in 2%")
	c.Flags().DurationVar(&f.budget, "budget", 10*time.Minute, "time after which --until begins no further pass")
}

// until is the width asked for, as a share of the median; 0 where none was.
func (f *untilFlags) until() (float64, error) {
	if f.width == "" {
		return 0, nil
	}
	return parseShare("--until", f.width, 0.001, 0.5)
}

// precision follows how well each cell is known while a run goes on.
type precision struct {
	until   float64
	records map[results.Cell][]results.Record
}

func newPrecision(until float64, earlier []results.Record) *precision {
	p := &precision{until: until, records: map[results.Cell][]results.Record{}}
	for _, r := range earlier {
		p.add(r)
	}
	return p
}

func (p *precision) add(r results.Record) { p.records[r.Cell] = append(p.records[r.Cell], r) }

// wide tells whether the cell's interval is wider than was asked for.
func (p *precision) wide(c results.Cell) bool {
	s := results.Summarize(p.records[c])
	switch {
	case len(s) == 0 || s[0].Outcome == results.Failed || s[0].Outcome == results.Skipped:
		return false // more launches would not make it a number
	case s[0].Outcome == results.Untrusted:
		return true // others may yet outweigh those that were disturbed
	}
	m := s[0].NsPerOp
	return math.IsInf(m.Hi-m.Lo, 0) || (m.Hi-m.Lo)/2 > p.until*m.Center
}

// missed names the plan's cells that are wide still; none where no width was
// asked for.
func (p *precision) missed(plan bench.Plan) (names []string) {
	for _, c := range plan.Cells {
		if p.until > 0 && p.wide(c) {
			names = append(names, c.Name())
		}
	}
	return names
}

// tell lists the cells that did not get there.
func (p *precision) tell(out io.Writer, missed []string) {
	if p.until == 0 {
		return
	}
	fmt.Fprintf(out, "\n%d of %d cells are not known to ±%g%%\n", len(missed), len(p.records), 100*p.until)
	for _, name := range missed {
		fmt.Fprintf(out, "  %s\n", name)
	}
}
