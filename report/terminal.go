package report

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"ipcbench/results"
)

// WriteTable writes summaries for a terminal: the cells that are ok, a table
// for each workload and place, at most some 110 columns wide, and below the
// ones that are not, with their reasons.
func WriteTable(w io.Writer, summaries []results.Summary) error {
	buf := bufio.NewWriter(w)
	writeCells(buf, summaries)
	writeNotOK(buf, summaries)
	return buf.Flush()
}

func writeCells(w *bufio.Writer, summaries []results.Summary) {
	unbounded, weighed, full, few := false, false, false, false
	var ok, paced, counted []results.Summary
	for _, s := range summaries {
		switch {
		case s.Outcome != results.OK:
		case s.InsnsPerOp.Known():
			counted = append(counted, s)
		case s.Cell.Rate > 0:
			paced = append(paced, s)
			unbounded = unbounded || !s.P99.Bounded()
			few = few || tooFew(&s, results.TailP999)
			full = full || results.Saturated(s.Cell, s.NsPerOp.Center)
		default:
			ok = append(ok, s)
			unbounded = unbounded || !s.NsPerOp.Bounded()
			few = few || tooFew(&s, results.TailP99)
			weighed = weighed || s.Worth != nil
		}
	}
	for _, group := range results.GroupBy(ok, results.Cell.Setting) {
		fmt.Fprintf(w, "%s\n", title(group[0].Cell))
		g := grid{{"mechanism", "size", "queue", "time/op", "±", "worth", "±", "throughput", "p99", "CPU/op", "in flight", "n"}}
		for _, s := range group {
			g = append(g, []string{
				s.Cell.Mechanism, results.FormatBytes(s.Cell.Size), results.FormatQueue(s.Cell.Queue),
				duration(s.NsPerOp), interval(s.NsPerOp), s.Worth.String(), s.Worth.Spread(), throughput(s.BytesPerSec), duration(s.P99), duration(s.CPUNsPerOp),
				s.InFlight.String(), fmt.Sprint(s.N),
			})
		}
		g.write(w)
		fmt.Fprintln(w)
	}
	for _, group := range results.GroupBy(paced, results.Cell.Setting) {
		fmt.Fprintf(w, "%s, latency from when a message was due\n", title(group[0].Cell.Setting()))
		g := grid{{"mechanism", "size", "queue", "due/s", "came/s", "p50", "p99", "±", "p99.9", "CPU/op", "in flight", "n"}}
		for _, s := range group {
			mark := ""
			if results.Saturated(s.Cell, s.NsPerOp.Center) {
				mark = "!"
			}
			g = append(g, []string{
				s.Cell.Mechanism, results.FormatBytes(s.Cell.Size), results.FormatQueue(s.Cell.Queue), strconv.Itoa(s.Cell.Rate), fmt.Sprintf("%s%.0f", mark, results.Came(s.NsPerOp.Center)),
				duration(s.P50), duration(s.P99), interval(s.P99), duration(s.P999), duration(s.CPUNsPerOp), s.InFlight.String(), fmt.Sprint(s.N),
			})
		}
		g.write(w)
		fmt.Fprintln(w)
	}
	for _, group := range results.GroupBy(counted, results.Cell.Setting) {
		fmt.Fprintf(w, "%s, instructions counted\n", title(group[0].Cell))
		g := grid{{"mechanism", "size", "queue", "insns/op", "±", "in flight", "n"}}
		for _, s := range group {
			g = append(g, []string{s.Cell.Mechanism, results.FormatBytes(s.Cell.Size), results.FormatQueue(s.Cell.Queue), fmt.Sprintf("%.1f", s.InsnsPerOp.Center), interval(s.InsnsPerOp), s.InFlight.String(), fmt.Sprint(s.N)})
		}
		g.write(w)
		fmt.Fprintln(w)
	}
	if weighed {
		fmt.Fprintf(w, "worth: time/op in units of a floor of this run: %s of the place, %s of the size, null system %s\n\n", results.WakeUps, results.Copies, results.Calls)
	}
	if full {
		fmt.Fprintf(w, "!: saturated: less than %.0f %% of what was due came; latency grows as long as is measured\n\n", 100*results.SaturatedBelow)
	}
	if few {
		fmt.Fprintf(w, "–: a launch timed too few operations one by one for a percentile: p50 needs %d, p99 %d, p99.9 %d; raise --time\n\n", results.TailP50, results.TailP99, results.TailP999)
	}
	if unbounded {
		fmt.Fprintf(w, "∞: n < 6, too few launches for a %.0f %% interval of a median\n\n", 100*results.Confidence)
	}
}

// title names a setting: "FanIn, place same, 4 peers".
func title(c results.Cell) string {
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

func duration(e results.Estimate) string {
	if !e.Known() {
		return "–"
	}
	return results.FormatTime(e.Center)
}

func throughput(e results.Estimate) string {
	if !e.Known() {
		return "–"
	}
	return results.FormatRate(e.Center)
}

func interval(e results.Estimate) string {
	if !e.Known() {
		return "–"
	}
	return e.PctRangeString()
}

// tooFew reports whether a launch timed fewer operations one by one than a
// percentile needs, given as its tail.
func tooFew(s *results.Summary, tail int64) bool {
	n, ok := s.Timed.Get()
	return ok && !results.Carries(n, float64(tail))
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
