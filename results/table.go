package results

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/perf/benchunit"
)

// WriteTable writes summaries for a terminal: the cells that are ok, a table
// for each workload and place, at most some 110 columns wide, and below the
// ones that are not, with their reasons.
func WriteTable(w io.Writer, summaries []Summary) error {
	buf := bufio.NewWriter(w)
	writeCells(buf, summaries)
	writeNotOK(buf, summaries)
	return buf.Flush()
}

func writeCells(w *bufio.Writer, summaries []Summary) {
	unbounded, weighed, full, few := false, false, false, false
	var ok, paced, counted []Summary
	for _, s := range summaries {
		switch {
		case s.Outcome != OK:
		case s.InsnsPerOp.Known():
			counted = append(counted, s)
		case s.Cell.Rate > 0:
			paced = append(paced, s)
			unbounded = unbounded || !bounded(s.P99)
			few = few || s.few(TailP999)
			full = full || saturated(s.Cell, s.NsPerOp.Center)
		default:
			ok = append(ok, s)
			unbounded = unbounded || !bounded(s.NsPerOp)
			few = few || s.few(TailP99)
			weighed = weighed || s.Worth != nil
		}
	}
	for _, group := range groupBy(ok, setting) {
		fmt.Fprintf(w, "%s\n", title(group[0].Cell))
		g := grid{{"mechanism", "size", "queue", "time/op", "±", "worth", "±", "throughput", "p99", "CPU/op", "in flight", "n"}}
		for _, s := range group {
			g = append(g, []string{
				s.Cell.Mechanism, FormatBytes(s.Cell.Size), FormatQueue(s.Cell.Queue),
				duration(s.NsPerOp), interval(s.NsPerOp), s.Worth.String(), s.Worth.spread(), throughput(s.BytesPerSec), duration(s.P99), duration(s.CPUNsPerOp),
				s.InFlight.String(), fmt.Sprint(s.N),
			})
		}
		g.write(w)
		fmt.Fprintln(w)
	}
	for _, group := range groupBy(paced, setting) {
		fmt.Fprintf(w, "%s, latency from when a message was due\n", title(setting(group[0].Cell)))
		g := grid{{"mechanism", "size", "queue", "due/s", "came/s", "p50", "p99", "±", "p99.9", "CPU/op", "in flight", "n"}}
		for _, s := range group {
			mark := ""
			if saturated(s.Cell, s.NsPerOp.Center) {
				mark = "!"
			}
			g = append(g, []string{
				s.Cell.Mechanism, FormatBytes(s.Cell.Size), FormatQueue(s.Cell.Queue), strconv.Itoa(s.Cell.Rate), fmt.Sprintf("%s%.0f", mark, came(s.NsPerOp.Center)),
				duration(s.P50), duration(s.P99), interval(s.P99), duration(s.P999), duration(s.CPUNsPerOp), s.InFlight.String(), fmt.Sprint(s.N),
			})
		}
		g.write(w)
		fmt.Fprintln(w)
	}
	for _, group := range groupBy(counted, setting) {
		fmt.Fprintf(w, "%s, instructions counted\n", title(group[0].Cell))
		g := grid{{"mechanism", "size", "queue", "insns/op", "±", "in flight", "n"}}
		for _, s := range group {
			g = append(g, []string{s.Cell.Mechanism, FormatBytes(s.Cell.Size), FormatQueue(s.Cell.Queue), fmt.Sprintf("%.1f", s.InsnsPerOp.Center), interval(s.InsnsPerOp), s.InFlight.String(), fmt.Sprint(s.N)})
		}
		g.write(w)
		fmt.Fprintln(w)
	}
	if weighed {
		fmt.Fprintf(w, "worth: time/op in units of a floor of this run: %s of the place, %s of the size, null system %s\n\n", WakeUps, Copies, Calls)
	}
	if full {
		fmt.Fprintf(w, "!: saturated: less than %.0f %% of what was due came; latency grows as long as is measured\n\n", 100*enough)
	}
	if few {
		fmt.Fprintf(w, "–: a launch timed too few operations one by one for a percentile: p50 needs %d, p99 %d, p99.9 %d; raise --time\n\n", TailP50, TailP99, TailP999)
	}
	if unbounded {
		fmt.Fprintf(w, "∞: n < 6, too few launches for a %.0f %% interval of a median\n\n", 100*Confidence)
	}
}

// title names a setting: "FanIn, place same, 4 peers".
func title(c Cell) string {
	s := c.Workload + ", place " + c.Place
	if c.Peers > 0 {
		s += fmt.Sprintf(", %d peers", c.Peers)
	}
	for _, part := range c.Options.Parts() {
		s += ", " + part
	}
	return s
}

// Values are scaled here and nowhere else: "5.210µs", "1.395GiB/s", "±2%".

func duration(e Estimate) string {
	if !e.Known() {
		return "–"
	}
	return FormatTime(e.Center)
}

func throughput(e Estimate) string {
	if !e.Known() {
		return "–"
	}
	return FormatRate(e.Center)
}

// FormatTime renders nanoseconds: "5.210µs". NaN was not measured: "–".
func FormatTime(ns float64) string {
	switch {
	case math.IsNaN(ns):
		return "–"
	case ns == 0:
		return "0ns"
	}
	v, unit := benchunit.Tidy(ns, "ns")
	return benchunit.Scale(v, benchunit.ClassOf(unit)) + "s"
}

// FormatRate renders bytes per second: "1.395GiB/s". NaN was not measured: "–".
func FormatRate(perSecond float64) string {
	if math.IsNaN(perSecond) {
		return "–"
	}
	return benchunit.Scale(perSecond, benchunit.ClassOf("B/s")) + "B/s"
}

func interval(e Estimate) string {
	if !e.Known() {
		return "–"
	}
	return e.PctRangeString()
}

// few reports whether a launch timed fewer operations one by one than a
// percentile needs, given as its tail.
func (s *Summary) few(tail int64) bool {
	n, ok := s.Timed.Get()
	return ok && !Carries(n, float64(tail))
}

// grid is a table of text, the first row its head, the first column flush
// left and the others flush right.
type grid [][]string

func (g grid) write(w *bufio.Writer) {
	widths := make([]int, len(g[0]))
	for _, row := range g {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range g {
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				w.WriteString("  " + cell + pad)
			} else {
				w.WriteString("  " + pad + cell)
			}
		}
		w.WriteByte('\n')
	}
}
