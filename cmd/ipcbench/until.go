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
	c.Flags().StringVar(&f.width, "until", "", "add launches to cells whose interval, with ab that of the change, is wider than ±this, as in 2%")
	c.Flags().DurationVar(&f.budget, "budget", 10*time.Minute, "time after which --until begins no further pass")
}

// until is the width asked for, as a share of the median; 0 where none was.
func (f *untilFlags) until() (float64, error) {
	if f.width == "" {
		return 0, nil
	}
	return parseShare("--until", f.width, 0.001, 0.5)
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
	records map[results.Cell][]results.Record
}

func newPrecision(until float64, earlier []results.Record) *precision {
	p := &precision{until: until, records: map[results.Cell][]results.Record{}}
	for _, r := range earlier {
		p.add(r)
	}
	return p
}

// add keeps what a precision is told by, which is a small part of a record.
func (p *precision) add(r results.Record) {
	if p.until == 0 {
		return
	}
	r.Latency, r.Workers, r.Rounds, r.Warnings = nil, nil, nil, nil
	p.records[r.Cell] = append(p.records[r.Cell], r)
}

// wide tells whether the cell's interval is wider than was asked for.
func (p *precision) wide(c results.Cell) bool {
	s, open := p.open(c)
	m := s.NsPerOp
	return open && (s.Outcome == results.Untrusted || math.IsInf(m.Hi-m.Lo, 0) || (m.Hi-m.Lo)/2 > p.until*m.Center)
}

// open tells whether launches could make the cell known any better: it is ok,
// or others may yet outweigh those that were disturbed.
func (p *precision) open(c results.Cell) (results.Summary, bool) {
	s := results.Summarize(p.records[c])
	if p.until == 0 || len(s) == 0 || s[0].Outcome == results.Failed || s[0].Outcome == results.Skipped {
		return results.Summary{}, false
	}
	return s[0], true
}

// contrast follows how well the change of each cell is known between two arms
// that take turns: that is narrower than what is known of either, where their
// speed drifts together.
type contrast struct {
	until float64
	arms  [2]*precision
}

func (p *contrast) wide(c results.Cell) bool {
	var times [2]map[int]float64
	for i, arm := range p.arms {
		s, open := arm.open(c)
		switch {
		case !open:
			return false
		case s.Outcome == results.Untrusted:
			return true
		}
		times[i] = map[int]float64{}
		for _, r := range arm.records[c] {
			if r.Outcome == results.OK {
				times[i][r.Launch] = r.NsPerOp
			}
		}
	}
	var pairs []float64
	for launch, old := range times[0] {
		if new, ok := times[1][launch]; ok {
			pairs = append(pairs, math.Log(new/old))
		}
	}
	if len(pairs) == 0 {
		return true
	}
	m := results.NewPairedRatio(pairs)
	return m.Lo == 0 || float64(m.Hi-m.Lo)/2 > p.until*float64(m.Center)
}

// tell lists the cells that did not get there.
func tell(out io.Writer, until float64, plan bench.Plan, missed []string) {
	if until == 0 {
		return
	}
	fmt.Fprintf(out, "\n%d of %d cells are not known to ±%g%%\n", len(missed), len(plan.Cells), 100*until)
	for _, name := range missed {
		fmt.Fprintf(out, "  %s\n", name)
	}
}
