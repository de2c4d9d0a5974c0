package report

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"ipcbench/results"
)

// column is one of summary.csv.
type column struct {
	name string // with the unit
	of   func(*Page, *Cell) string
}

// csvColumns of summary.csv: the cell, how it ended, its numbers, why it has
// none, the warnings, what is recommended at its point, and in which kernel that was
// booted. A number that there is none of is empty. Columns that
// were renamed stand at the end under their names of before, for one release.
func csvColumns(booted bool) []column {
	all := []column{
		{"workload", func(_ *Page, c *Cell) string { return c.Workload }},
		{"mechanism", func(_ *Page, c *Cell) string { return c.Mechanism }},
		{"size_bytes", func(_ *Page, c *Cell) string { return strconv.Itoa(c.Size) }},
		{"queue_asked_bytes", func(_ *Page, c *Cell) string { return count(c.Queue) }},
		{"place", func(_ *Page, c *Cell) string { return c.Place }},
		{"peers", func(_ *Page, c *Cell) string { return count(c.Peers) }},
		{"options", func(_ *Page, c *Cell) string { return c.Options.String() }},
		{"outcome", func(_ *Page, c *Cell) string { return string(c.Outcome) }},
		{"launches_ok", func(_ *Page, c *Cell) string { return strconv.Itoa(c.N) }},
	}
	for _, m := range results.Metrics {
		if m.CSV {
			all = append(all, numberColumns(m.Name, m.Key)...)
		}
	}
	all = append(all, numberColumns("vs_floor", floorKey)...)
	unit := func(_ *Page, c *Cell) string { return c.FloorUnit }
	queued := func(_ *Page, c *Cell) string {
		if n, ok := c.InFlight.Get(); ok {
			return strconv.FormatInt(n, 10)
		}
		return ""
	}
	warnings := func(p *Page, c *Cell) string {
		var all []string
		for _, i := range c.Warnings {
			all = append(all, p.Warnings[i].Text)
		}
		return strings.Join(all, "; ")
	}
	all = append(all, column{"vs_floor_unit", unit}, column{"queued_messages", queued},
		column{"queue_given_bytes", func(_ *Page, c *Cell) string { return count(c.Given) }},
		column{"reasons", func(_ *Page, c *Cell) string { return strings.Join(c.Reasons, "; ") }},
		column{"warnings", warnings},
		column{"recommended", func(_ *Page, c *Cell) string { return map[bool]string{true: "yes"}[c.recommended] }},
		column{"recommendation", func(_ *Page, c *Cell) string { return c.recommendation }})
	all = append(all, column{"transport", func(_ *Page, c *Cell) string { return c.transport }},
		column{"built_on", func(_ *Page, c *Cell) string { return c.base().Mechanism }})
	all = append(all, estimateColumns("vs_built_on", func(c *Cell) results.Estimate { return c.base().Estimate() })...)
	all = append(all, estimateColumns("adds_ns_per_op", func(c *Cell) results.Estimate { return c.base().Adds })...)
	all = append(all, estimateColumns("adds_cpu_ns_per_op", func(c *Cell) results.Estimate { return c.base().CPU })...)
	if booted {
		all = append(all, column{"kernel", func(p *Page, _ *Cell) string { return p.booted }})
	}
	all = append(all, numberColumns("worth", floorKey)...)
	return append(all, column{"worth_unit", unit}, column{"in_flight_messages", queued}, column{"doubts", warnings})
}

// base is what a library is built on, without numbers where there is none.
func (c *Cell) base() results.BuiltOn {
	if c.builtOn == nil {
		return results.BuiltOn{}
	}
	return *c.builtOn
}

// numberColumns are those of a number of cells.
func numberColumns(name, key string) []column {
	return estimateColumns(name, func(c *Cell) results.Estimate {
		if v, ok := c.Numbers[key]; ok {
			v.N = 1 // the page's have none
			return v
		}
		return results.Estimate{}
	})
}

// estimateColumns are the median and the bounds of its interval, empty where no launch
// has the number.
func estimateColumns(name string, estimate func(*Cell) results.Estimate) (all []column) {
	for _, part := range []struct {
		suffix string
		of     func(results.Estimate) results.Float
	}{
		{"", func(v results.Estimate) results.Float { return v.Center }},
		{"_low", func(v results.Estimate) results.Float { return v.Lo }},
		{"_high", func(v results.Estimate) results.Float { return v.Hi }},
	} {
		all = append(all, column{name + part.suffix, func(_ *Page, c *Cell) string {
			if v := estimate(c); v.Known() {
				return number(part.of(v))
			}
			return ""
		}})
	}
	return all
}

// number is empty where there is none, as below six launches for a bound.
func number(v results.Float) string {
	b, err := v.MarshalJSON()
	if err != nil || string(b) == "null" {
		return ""
	}
	return strconv.FormatFloat(float64(v), 'f', -1, 64)
}

// count is empty for 0, where 0 stands for none: the kernel's queue, no peers, a
// capacity that is not known.
func count(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// WriteCSV writes the cells of pages, of which several are those of kernels that were
// booted, one a row below a row of names, in the form of RFC 4180. Amounts are bytes and
// nanoseconds, _low and _high bound the 95 % interval. What a spreadsheet would take for
// a formula is text.
func WriteCSV(w io.Writer, pages ...*Page) error {
	out := csv.NewWriter(w)
	columns := csvColumns(pages[0].booted != "")
	row := make([]string, len(columns))
	for i, col := range columns {
		row[i] = col.name
	}
	if err := out.Write(row); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	for _, p := range pages {
		for i := range p.Cells {
			for j, col := range columns {
				row[j] = inert(results.Quote(col.of(p, &p.Cells[i])))
			}
			if err := out.Write(row); err != nil {
				return fmt.Errorf("write CSV: %w", err)
			}
		}
	}
	out.Flush()
	return out.Error()
}

// inert puts an apostrophe before what a spreadsheet would compute (OWASP,
// "CSV Injection").
func inert(s string) string {
	if strings.IndexAny(s, "=+-@\t\r\n＝＋－＠") == 0 {
		return "'" + s
	}
	return s
}
