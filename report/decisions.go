package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"ipcbench/choose"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// What stands behind a mechanism in the table of decisions.
var decisionMarks = map[results.Decision]string{results.NoneFaster: " =", results.Undecided: " ?", results.TooFew: " ?"}

// How a mechanism and what stands behind it stand out: what is decided by its name,
// what is not by its mark alone, since many may be.
var (
	decidedColors = map[results.Decision]text.Mark{results.Fastest: text.Good, results.NoneFaster: text.Good}
	openColors    = map[results.Decision]text.Mark{results.Undecided: text.Doubt, results.TooFew: text.Doubt}
)

// WriteDecisions writes which mechanism is fastest: a row a pattern and size, a
// column a place, at most mostLines in all, and what the marks mean. A screen that is
// too narrow loses the values, then gets a table a place. Below it stands what
// unpinned processes were like.
func WriteDecisions(w io.Writer, summaries []results.Summary, screen text.Screen) error {
	buf := bufio.NewWriter(w)
	answers, decided, open := decide(summaries)
	if len(answers) == 0 {
		return nil
	}
	heading := "Fastest"
	if n := decided + open; n > 0 {
		heading = fmt.Sprintf("Fastest (%d of %s decided)", decided, results.Plural(n, "question"))
	}
	fmt.Fprintln(buf, screen.Paint(text.Strong, heading))
	rows, more := decisionRows(answers, mostLines-4)
	lay := func(rows []decisionRow, places []string, values bool) (columns []text.Column, table [][]string) {
		columns = []text.Column{{Head: "pattern", Least: 10}, {Head: "size", Right: true}}
		for _, p := range places {
			columns = append(columns, text.Column{Head: results.PlaceTitle(p)})
		}
		for _, r := range rows {
			line := []string{r.pattern, r.size}
			for _, p := range places {
				line = append(line, decided1(r.answers[p], values, screen))
			}
			table = append(table, line)
		}
		return columns, table
	}
	write := func(rows []decisionRow, places []string, values bool) {
		columns, table := lay(rows, places, values)
		screen.Table(buf, "  ", columns, table)
	}
	places := placesOf(answers)
	fits := func(places []string, values bool) bool {
		return screen.Fits(lay(rows, places, values))
	}
	switch {
	case fits(places, true):
		write(rows, places, true)
	case fits(places, false):
		write(rows, places, false)
	default: // a table a place
		for _, p := range places {
			here := slices.DeleteFunc(slices.Clone(rows), func(r decisionRow) bool { return r.answers[p] == nil })
			write(here[:min(len(here), (mostLines-2)/len(places)-1)], []string{p}, true)
		}
	}
	if more > 0 {
		fmt.Fprintf(buf, "  and %s more: `ipcbench report` has all\n", results.Plural(more, "row"))
	}
	note := func(s string) { screen.Wrap(buf, "  ", "  ", s) }
	if slices.ContainsFunc(answers, func(a results.Answer) bool { return a.Decision == results.NoneFaster }) {
		note(fmt.Sprintf("=: no other is more than %.3g %% faster", 100*results.Within))
	}
	if open > 0 {
		note(fmt.Sprintf("?: can't tell: too few launches, another has no number, or may be more than %.3g %% faster", 100*results.Within))
	}
	if names, n := fasterAside(answers); n > 0 {
		note(fmt.Sprintf("%s: faster at %s, and costs a CPU while it waits: `ipcbench choose … --spin` recommends it too", strings.Join(names, ", "), results.Plural(n, "point")))
	}
	for _, group := range results.GroupBy(summaries, func(c results.Cell) results.Cell { return results.Cell{Workload: c.Workload} }) {
		if kept := results.KeptIn(group).String(); kept != "" && group[0].Cell.Workload != results.FloorWorkload {
			note(group[0].Cell.Workload + ", " + kept)
		}
	}
	return buf.Flush()
}

// decide are the answers of choose. One where another mechanism has no number is
// undecided: that may be faster. It counts the questions that are decided and that are open.
func decide(summaries []results.Summary) (answers []results.Answer, decided, open int) {
	answers = choose.Answers(summaries)
	unknown := withoutNumber(summaries)
	open = len(unknown)
	for i := range answers {
		a := &answers[i]
		switch {
		case unknown[a.Cell.Point()]:
			a.Decision = results.Undecided
		case a.Decision == results.Fastest, a.Decision == results.NoneFaster:
			decided++
		case a.Decision != results.Alone:
			open++
		}
	}
	return answers, decided, open
}

// fasterAside are the mechanisms that are shown to be faster than a leader and lead
// no answer, and at how many points.
func fasterAside(answers []results.Answer) (names []string, points int) {
	for _, a := range answers {
		faster := false
		for _, r := range a.Ranked[1:] {
			if r.Aside && r.Ratio.Hi < 1 {
				names, faster = results.AddOnce(names, r.Cell.Mechanism), true
			}
		}
		if faster {
			points++
		}
	}
	return names, points
}

// withoutNumber are the questions of which a mechanism failed or is untrusted.
func withoutNumber(summaries []results.Summary) map[results.Cell]bool {
	unknown := map[results.Cell]bool{}
	for _, s := range summaries {
		if c := s.Cell; c.Workload != results.FloorWorkload && (s.Outcome == results.Failed || s.Outcome == results.Untrusted) {
			unknown[c.Point()] = true
		}
	}
	return unknown
}

// decisionRow is the answers of one pattern and size.
type decisionRow struct {
	pattern, size string
	answers       map[string]*results.Answer // by place
}

// decisionRows are the answers by all but the place, those at the usual capacity
// and options first, and how many rows beyond most there are.
func decisionRows(answers []results.Answer, most int) (rows []decisionRow, more int) {
	var at []results.Cell
	byCell := map[results.Cell]map[string]*results.Answer{}
	for i := range answers {
		c := answers[i].Cell
		place := c.Place
		c.Mechanism, c.Place = "", ""
		if byCell[c] == nil {
			byCell[c] = map[string]*results.Answer{}
			at = append(at, c)
		}
		byCell[c][place] = &answers[i]
	}
	slices.SortStableFunc(at, func(a, b results.Cell) int { // at is in order of places first
		unusual := func(c results.Cell) int { return min(c.Queue, 1) + len(c.Options.Parts()) }
		return cmp.Or(cmp.Compare(unusual(a), unusual(b)), results.CompareCells(a, b))
	})
	for _, c := range at {
		pattern := c.Workload
		if c.Peers > 0 {
			pattern += fmt.Sprintf(", %d peers", c.Peers)
		}
		if c.Queue > 0 {
			pattern += ", queue " + results.FormatQueue(c.Queue)
		}
		for _, part := range c.Options.Parts() {
			pattern += ", " + part
		}
		rows = append(rows, decisionRow{pattern, results.FormatBytes(c.Size), byCell[c]})
	}
	more = max(0, len(rows)-most)
	return rows[:len(rows)-more], more
}

// placesOf are those of the answers, in order.
func placesOf(answers []results.Answer) (places []string) {
	for _, a := range answers {
		places = results.AddOnce(places, a.Cell.Place)
	}
	slices.SortFunc(places, func(a, b string) int { return results.CompareCells(results.Cell{Place: a}, results.Cell{Place: b}) })
	return places
}

// decided1 is an answer in a table: "pipe = 5.2µs".
func decided1(a *results.Answer, value bool, screen text.Screen) string {
	if a == nil {
		return "–"
	}
	use := a.Use()
	s := screen.Paint(decidedColors[a.Decision], use.Cell.Mechanism) + screen.Paint(openColors[a.Decision], decisionMarks[a.Decision])
	if len(a.Best) == 0 {
		s = use.Cell.Mechanism + " (spins)"
	}
	if value {
		s += " " + valueOf(&use.Summary)
	}
	return s
}

// valueOf is the median that people look for: what flows one way, or how long an
// operation takes.
func valueOf(s *results.Summary) string {
	median, _, _ := s.RankingMetric()
	if s.Cell.Rate == 0 && !results.WorkloadOf(s.Cell).TwoWay && s.BytesPerSec.Known() && s.BytesPerSec.Center > 0 {
		return results.FormatRate(float64(s.BytesPerSec.Center))
	}
	return duration(median)
}
