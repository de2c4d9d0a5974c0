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

// columns of summary.csv: the cell, how it ended, its numbers, why it has
// none, and the doubts. A number that there is none of is empty.
var columns = append(append([]column{
	{"workload", func(_ *Page, c *Cell) string { return c.Workload }},
	{"mechanism", func(_ *Page, c *Cell) string { return c.Mechanism }},
	{"size_bytes", func(_ *Page, c *Cell) string { return strconv.Itoa(c.Size) }},
	{"queue_asked_bytes", func(_ *Page, c *Cell) string { return count(c.Queue) }},
	{"place", func(_ *Page, c *Cell) string { return c.Place }},
	{"peers", func(_ *Page, c *Cell) string { return count(c.Peers) }},
	{"options", func(_ *Page, c *Cell) string { return c.Options.String() }},
	{"outcome", func(_ *Page, c *Cell) string { return string(c.Outcome) }},
	{"launches_ok", func(_ *Page, c *Cell) string { return strconv.Itoa(c.N) }},
}, estimates(
	estimate{"time_ns_per_op", func(c *Cell) *Value { return c.Time }},
	estimate{"payload_bytes_per_second", func(c *Cell) *Value { return c.Rate }},
	estimate{"p99_ns", func(c *Cell) *Value { return c.P99 }},
	estimate{"cpu_ns_per_op", func(c *Cell) *Value { return c.CPU }},
	estimate{"context_switches_per_op", func(c *Cell) *Value { return c.Switches }},
	estimate{"worth", func(c *Cell) *Value { return c.Worth.estimate() }},
)...), []column{
	{"worth_unit", func(_ *Page, c *Cell) string { return c.Worth.unit() }},
	{"in_flight_messages", func(_ *Page, c *Cell) string {
		if n, ok := c.InFlight.Get(); ok {
			return strconv.FormatInt(n, 10)
		}
		return ""
	}},
	{"queue_given_bytes", func(_ *Page, c *Cell) string { return count(c.Given) }},
	{"reasons", func(_ *Page, c *Cell) string { return strings.Join(c.Reasons, "; ") }},
	{"doubts", func(p *Page, c *Cell) string {
		var all []string
		for _, i := range c.Doubts {
			all = append(all, p.Doubts[i].Text)
		}
		return strings.Join(all, "; ")
	}},
}...)

// estimate is a median with its interval.
type estimate struct {
	name string
	of   func(*Cell) *Value
}

// estimates are three columns each.
func estimates(all ...estimate) (out []column) {
	for _, e := range all {
		for _, part := range []struct {
			suffix string
			of     func(*Value) results.Float
		}{
			{"", func(v *Value) results.Float { return v.Median }},
			{"_low", func(v *Value) results.Float { return v.Lo }},
			{"_high", func(v *Value) results.Float { return v.Hi }},
		} {
			out = append(out, column{e.name + part.suffix, func(_ *Page, c *Cell) string {
				if v := e.of(c); v != nil {
					return number(part.of(v))
				}
				return ""
			}})
		}
	}
	return out
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

// WriteCSV writes the cells of a page, one a row below a row of names, in the
// form of RFC 4180. Amounts are bytes and nanoseconds, _low and _high bound
// the 95 % interval. What a spreadsheet would take for a formula is text.
func WriteCSV(w io.Writer, p *Page) error {
	out := csv.NewWriter(w)
	row := make([]string, len(columns))
	for i, col := range columns {
		row[i] = col.name
	}
	if err := out.Write(row); err != nil {
		return fmt.Errorf("write CSV: %w", err)
	}
	for i := range p.Cells {
		for j, col := range columns {
			row[j] = inert(results.Quote(col.of(p, &p.Cells[i])))
		}
		if err := out.Write(row); err != nil {
			return fmt.Errorf("write CSV: %w", err)
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
