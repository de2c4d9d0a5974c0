package main

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

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
	w, err := parsePercent(f.width)
	if err != nil {
		return 0, fmt.Errorf("--until: %w", err)
	}
	return w, nil
}

// parsePercent reads "2%" or "0.5%" as a share: more than 0, less than 1.
func parsePercent(s string) (float64, error) {
	digits, ok := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(digits, 64)
	if !ok || err != nil || !(v > 0 && v < 100) {
		return 0, fmt.Errorf("%q: want a percentage above 0%% and below 100%%, as in 2%%", s)
	}
	return v / 100, nil
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
	if len(s) == 0 || s[0].Outcome != results.OK {
		return false // more launches would not make it a number
	}
	m := s[0].NsPerOp
	return math.IsInf(m.Hi-m.Lo, 0) || (m.Hi-m.Lo)/2 > p.until*m.Center
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
