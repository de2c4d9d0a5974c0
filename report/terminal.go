package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"ipcbench/choose"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// WriteTable writes summaries for a screen: the cells that are ok, a table for each
// workload and place, of each size the fastest first, and below the ones that are
// not, with their reasons. A table that is too wide loses columns, and names them.
func WriteTable(w io.Writer, summaries []results.Summary, screen text.Screen) error {
	buf := bufio.NewWriter(w)
	writeCells(buf, summaries, screen)
	writeLibraries(buf, summaries, screen)
	writeNotOK(buf, summaries, screen)
	return buf.Flush()
}

// tableColumn is a column of a table of cells.
type tableColumn struct {
	text.Column
	value func(*results.Summary) string
}

// numeric is a column of numbers; of a table that is too wide those with a larger
// drop go first.
func numeric(head string, value func(*results.Summary) string, drop int) tableColumn {
	return tableColumn{text.Column{Head: head, Right: true, Drop: drop}, value}
}

// versusBest is by what factor the time of each cell exceeds that of the fastest
// mechanism that sleeps while it waits, where others were measured there.
func versusBest(summaries []results.Summary) map[results.Cell]string {
	best := map[results.Cell]string{}
	for _, a := range choose.Answers(summaries) {
		for _, r := range a.Ranked {
			if a.Decision != results.Alone {
				best[r.Cell] = times(r.Ratio.Center) + "×"
			}
		}
	}
	return best
}

// tableColumns are those of one kind of table.
func tableColumns(in results.Columns, best map[results.Cell]string) []tableColumn {
	all := []tableColumn{
		{text.Column{Head: "mechanism", Least: 8}, func(s *results.Summary) string { return s.Cell.Mechanism }},
		numeric("size", func(s *results.Summary) string { return results.FormatBytes(s.Cell.Size) }, 0),
		numeric("queue", func(s *results.Summary) string { return results.FormatQueue(s.Cell.Queue) }, 0),
	}
	if in == results.Paced {
		all = append(all, numeric("due/s", func(s *results.Summary) string { return strconv.Itoa(s.Cell.Rate) }, 0),
			numeric("came/s", func(s *results.Summary) string {
				mark := ""
				if results.Saturated(s.Cell, float64(s.NsPerOp.Center)) {
					mark = "!"
				}
				return fmt.Sprintf("%s%.0f", mark, results.Came(float64(s.NsPerOp.Center)))
			}, 0))
	}
	for _, m := range results.Metrics {
		if m.In&in == 0 {
			continue
		}
		all = append(all, numeric(m.Column, func(s *results.Summary) string { return formatted(m.Class, s.Of(m.Key)) }, m.Drop))
		if m.Spread&in != 0 {
			all = append(all, numeric("±", func(s *results.Summary) string { return interval(s.Of(m.Key)) }, m.Drop))
		}
		if in == results.Timed && m.Key == "time" {
			if best != nil {
				all = append(all, numeric("vs best", func(s *results.Summary) string { return cmp.Or(best[s.Cell], "–") }, 0))
			}
			all = append(all, numeric("vs floor", func(s *results.Summary) string { return s.RelativeCost.String() }, 3),
				numeric("±", func(s *results.Summary) string { return s.RelativeCost.Spread() }, 7))
		}
	}
	return append(all, numeric("queued", func(s *results.Summary) string { return s.InFlight.String() }, 6),
		numeric("n", func(s *results.Summary) string { return strconv.Itoa(s.N) }, 0))
}

// writeGroup writes a table of the cells.
func writeGroup(w *bufio.Writer, heading string, in results.Columns, group []results.Summary, best map[results.Cell]string, screen text.Screen) {
	group = slices.Clone(group)
	slices.SortStableFunc(group, func(a, b results.Summary) int {
		x, _, _ := a.RankingMetric()
		y, _, _ := b.RankingMetric()
		return cmp.Or(cmp.Compare(a.Cell.Size, b.Cell.Size), cmp.Compare(a.Cell.Queue, b.Cell.Queue), cmp.Compare(a.Cell.Rate, b.Cell.Rate), cmp.Compare(x.Center, y.Center))
	})
	if !slices.ContainsFunc(group, func(s results.Summary) bool { return best[s.Cell] != "" }) {
		best = nil
	}
	var columns []text.Column
	rows := make([][]string, len(group))
	for _, c := range tableColumns(in, best) {
		columns = append(columns, c.Column)
		for i := range group {
			rows[i] = append(rows[i], c.value(&group[i]))
		}
	}
	fmt.Fprintln(w, screen.Paint(text.Strong, heading))
	dropped, _ := screen.Table(w, "  ", columns, rows)
	dropped = slices.DeleteFunc(dropped, func(head string) bool { return head == "±" }) // of a column that is named
	if note := text.Dropped(dropped, "report.md"); note != "" {
		screen.Wrap(w, "  ", "  ", note)
	}
	fmt.Fprintln(w)
}

func writeCells(w *bufio.Writer, summaries []results.Summary, screen text.Screen) {
	unbounded, related, beaten, full, untimed := false, false, false, false, false
	cells, best := map[results.Columns][]results.Summary{}, versusBest(summaries)
	for _, s := range summaries {
		switch {
		case s.Outcome != results.OK:
		case s.InsnsPerOp.Known():
			cells[results.Counted] = append(cells[results.Counted], s)
		case s.Cell.Rate > 0:
			cells[results.Paced] = append(cells[results.Paced], s)
			unbounded = unbounded || !s.P99.Bounded() && !s.P99.FarOff()
			untimed = untimed || tooFew(&s, results.TailP999)
			full = full || results.Saturated(s.Cell, float64(s.NsPerOp.Center))
		default:
			cells[results.Timed] = append(cells[results.Timed], s)
			unbounded = unbounded || !s.NsPerOp.Bounded() && !s.NsPerOp.FarOff()
			untimed = untimed || tooFew(&s, results.TailP99)
			related, beaten = related || s.RelativeCost != nil, beaten || best[s.Cell] != ""
		}
	}
	for _, kind := range []struct {
		in    results.Columns
		title string
	}{{results.Timed, ""}, {results.Paced, ", latency from when a message was due"}, {results.Counted, ", instructions counted"}} {
		for _, group := range results.GroupBy(cells[kind.in], results.Cell.Setting) {
			writeGroup(w, title(group[0].Cell.Setting())+kind.title, kind.in, group, best, screen)
		}
	}
	note := func(show bool, format string, args ...any) {
		if show {
			screen.Wrap(w, "", "  ", fmt.Sprintf(format, args...))
			fmt.Fprintln(w)
		}
	}
	note(beaten, "vs best: time/op as a multiple of that of the fastest mechanism that sleeps while it waits, by the launches of each pass")
	note(related, "vs floor: time/op as a multiple of a floor of this run: %s of the place, %s of the size, null system %s", results.WakeUps, results.Copies, results.Calls)
	note(full, "!: saturated: less than %.0f %% of what was due came; latency grows as long as is measured", 100*results.SaturatedBelow)
	note(untimed, "–: a launch timed too few operations one by one for a percentile: p50 needs %d, p99 %d, p99.9 %d; raise --time", results.TailP50, results.TailP99, results.TailP999)
	note(unbounded, "∞: n < 6, too few launches for a %.0f %% interval of a median", 100*results.Confidence)
	capped, none := launchesFarOff(summaries, screen)
	note(capped != "", "capped for the interval, launches that lie far off: %s", capped)
	note(none != "", "none: too many launches lie far off for an interval: %s", none)
}

// launchesFarOff lists the cells with launches that lie far off: those that have
// an interval all the same, and those that have none.
func launchesFarOff(summaries []results.Summary, screen text.Screen) (capped, none string) {
	var lists [2][]string
	for i := range summaries {
		e, _, _ := summaries[i].RankingMetric()
		if e.Capped == 0 {
			continue
		}
		list := &lists[0]
		if e.FarOff() {
			list = &lists[1]
		}
		*list = append(*list, e.Moved()+" in "+screen.Short(2, summaries[i].Cell.Name()))
	}
	return few(lists[0]), few(lists[1])
}

// few are the first of a list, and how many more there are.
func few(list []string) string {
	const most = 3
	if more := len(list) - most; more > 0 {
		list = append(list[:most:most], fmt.Sprintf("and %s more", cells(more)))
	}
	return strings.Join(list, "; ")
}

// WriteWide lists, on a screen, the cells of a run, of so many, whose interval is still wider
// than ±until, a share of the median; nothing where until is 0.
func WriteWide(w io.Writer, screen text.Screen, until float64, of int, cells []string) {
	if until == 0 {
		return
	}
	fmt.Fprintf(w, "\n%d of %d cells are not known to ±%g%%\n", len(cells), of, 100*until)
	for _, name := range cells {
		fmt.Fprintf(w, "  %s\n", screen.Short(2, name))
	}
}

// title names a setting: "FanIn, same CPU, 4 peers".
func title(c results.Cell) string {
	s := c.Workload + ", " + results.PlaceTitle(c.Place)
	if c.Peers > 0 {
		s += fmt.Sprintf(", %d peers", c.Peers)
	}
	for _, part := range c.Options.Parts() {
		s += ", " + part
	}
	return s
}

// Values are scaled here and nowhere else: "5.210µs", "1.395GiB/s", "±2%".

func duration(e results.Estimate) string { return formatted(results.Nanoseconds, e) }

// formatted is a median as its class is written.
func formatted(class results.Class, e results.Estimate) string {
	if !e.Known() {
		return "–"
	}
	return class.Format(float64(e.Center))
}

func interval(e results.Estimate) string {
	if !e.Known() {
		return "–"
	}
	return e.Reach()
}

// tooFew reports whether a launch timed fewer operations one by one than a
// percentile needs, given as its tail.
func tooFew(s *results.Summary, tail int64) bool {
	n, ok := s.Timed.Get()
	return ok && !results.Carries(n, float64(tail))
}
