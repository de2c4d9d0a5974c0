package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"ipcbench/choose"
	"ipcbench/internal/ciformat"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// Contests are the mechanisms of one run held against each other, wherever nothing
// else differs. The leader of each is picked from the launches that it is held
// against, so that a gate with it as the base would be biased: there is none. The
// decision is that of choose, whose bounds allow for the pick.
type Contests struct {
	Sentence string    `json:"sentence"` // what they came to
	Within   float64   `json:"within"`   // share by which another may be faster: 0.05 is 5 %
	Contests []Contest `json:"contests"`
}

// Contest is one of them.
type Contest struct {
	Cell     string           `json:"cell"` // the name of what the mechanisms have in common: "PingPong/mech=all/…"
	Leader   string           `json:"leader"`
	Use      string           `json:"use"` // what choose recommends: of equals it may be another
	Decision results.Decision `json:"decision"`
	Verdict  string           `json:"verdict"` // in words, with what has no number and may be faster
	Ranked   []choose.Choice  `json:"ranked"`  // the leader first
	NoNumber []NoNumber       `json:"no_number,omitempty"`

	at    results.Cell // without a mechanism
	times []results.Estimate
}

// NoNumber is a mechanism that has none.
type NoNumber struct {
	Mechanism string          `json:"mechanism"`
	Outcome   results.Outcome `json:"outcome"`
	Reason    string          `json:"reason"`
}

// NewContests holds the mechanisms of summaries against each other; within is 0 for
// that of choose. It is false where there is no point with two that have a number.
func NewContests(summaries []results.Summary, within float64) (*Contests, bool) {
	c := &Contests{Within: within, Contests: []Contest{}}
	decided, open := 0, 0
	leads := map[string]int{}
	unknown := withoutNumber(summaries)
	for _, a := range (choose.Question{Within: within}).Answers(summaries) {
		at := a.Cell.Point()
		one := Contest{Cell: results.Quote(ofAll(at)), Leader: results.Quote(a.Cell.Mechanism), Use: results.Quote(a.Use().Cell.Mechanism), Decision: a.Decision, Verdict: a.Verdict(), Ranked: choose.Choices(a), at: at}
		for _, r := range a.Ranked {
			median, _, _ := r.RankingMetric()
			one.times = append(one.times, median)
		}
		for _, s := range summaries {
			if s.Outcome != results.OK && s.Cell.Point() == at {
				one.NoNumber = append(one.NoNumber, NoNumber{results.Quote(s.Cell.Mechanism), s.Outcome, results.Quote(strings.TrimPrefix(s.Reasons[0], s.Cell.Mechanism+": "))})
			}
		}
		c.Within = a.Within
		switch {
		case unknown[at]: // what has no number may be faster
			var names []string
			for _, n := range one.NoNumber {
				if n.Outcome != results.Skipped {
					names = append(names, n.Mechanism)
				}
			}
			one.Verdict += "; there is no number of " + strings.Join(names, ", ")
			open++
		case a.Decision == results.Fastest, a.Decision == results.NoneFaster:
			decided++
			leads[one.Use]++
		case a.Decision != results.Alone:
			open++
		}
		c.Contests = append(c.Contests, one)
	}
	c.Sentence = fmt.Sprintf("%d of %s decided", decided, are(decided+open, "question", "is", "are"))
	var names []string
	for name := range leads {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if leads[a] != leads[b] {
			return leads[b] - leads[a]
		}
		return strings.Compare(a, b)
	})
	for i, name := range names[:min(3, len(names))] {
		names[i] = fmt.Sprintf("%s leads %d", name, leads[name])
	}
	if len(names) > 0 {
		c.Sentence += ": " + strings.Join(names[:min(3, len(names))], ", ")
	}
	return c, decided+open > 0
}

// ofAll is the name of a cell of all mechanisms.
func ofAll(at results.Cell) string {
	at.Mechanism = "all"
	return at.Name()
}

// place is the point on a screen: "PingPong/size=64/place=same".
func (c *Contest) place() string {
	return strings.Replace(c.at.Short(c.at.Name()), "//", "/", 1)
}

// WriteContests writes contests in one of ComparisonFormats, text for the screen. In
// text and in Markdown a summary has the decisions alone.
func WriteContests(w io.Writer, format string, screen text.Screen, c *Contests, summary bool) error {
	switch format {
	case "json":
		return text.WriteJSON(w, c)
	case "junit":
		return ciformat.WriteJUnit(w, "", []ciformat.Suite{c.suite()})
	case "ktap":
		return writeSuites(w, []ciformat.Suite{c.suite()}, []string{c.Sentence})
	case "kcidb":
		return text.WriteJSON(w, c.kcidb())
	}
	f := text.Form{Writer: bufio.NewWriter(w), Markdown: format == "markdown"}
	c.write(f, screen, summary)
	return f.Flush()
}

func (c *Contests) write(f text.Form, screen text.Screen, summary bool) {
	wrapped := func(s string) {
		if f.Markdown {
			f.Printf("%s\n", f.Escape(s))
		} else {
			screen.Wrap(f, "", "  ", s)
		}
	}
	if f.Markdown {
		f.Printf("## Mechanisms: %s\n", f.Escape(c.Sentence))
	} else {
		wrapped(screen.Paint(text.Strong, c.Sentence))
	}
	var dropped []string
	for i := range c.Contests {
		one := &c.Contests[i]
		if i == 0 || !summary {
			f.Printf("\n")
		}
		if decision := one.Use + ", " + one.Verdict; f.Markdown {
			f.Printf("- %s: %s\n", f.Escape(one.Cell), f.Escape(decision))
		} else {
			wrapped(one.place() + ": " + screen.Paint(contestMarks[one.Decision], decision))
		}
		if summary {
			continue
		}
		if rows := one.rows(c.Within); f.Markdown {
			f.Table("", "lrrrrl", append([][]string{{"mechanism", one.metric(), "change", "bounds", "n", "against the leader"}}, rows...))
		} else {
			columns := []text.Column{{Head: "mechanism"}, {Head: one.metric(), Right: true, Drop: 1}, {Head: "change", Right: true}, {Head: "bounds", Right: true}, {Head: "n", Right: true, Drop: 2}, {Head: "against the leader", Prose: true}}
			gone, _ := screen.Table(f, "  ", columns, rows) // errors come with Flush
			for _, head := range gone {
				dropped = results.AddOnce(dropped, head)
			}
		}
		for i, n := range one.NoNumber {
			if i == 0 && f.Markdown {
				f.Printf("\n")
			}
			line := fmt.Sprintf("%s: %s: %s", n.Mechanism, n.Outcome, n.Reason)
			if f.Markdown {
				f.Item(line)
			} else {
				screen.Wrap(f, "  ", "    ", line)
			}
		}
	}
	f.Printf("\n")
	if s := text.Dropped(dropped, "--format markdown"); s != "" {
		wrapped(s)
	}
	wrapped(fmt.Sprintf("Change: by how much a mechanism takes longer than the leader, the mean of the ratios within passes, with bounds that hold for all others at once, at %.0f %%. "+
		"Decided: no other is more than %s faster. The leader is picked from the same launches, so there is no gate (docs/method.md): --by 'mech@(A B)' names a base, and has one.",
		100*results.Confidence, results.Percent(c.Within)))
}

var contestMarks = map[results.Decision]text.Mark{results.Fastest: text.Good, results.NoneFaster: text.Good, results.Undecided: text.Doubt, results.TooFew: text.Doubt}

// metric is what the mechanisms are ranked by.
func (c *Contest) metric() string {
	if c.at.Rate > 0 {
		return "p99"
	}
	return "time/op"
}

// rows has a row a mechanism.
func (c *Contest) rows(within float64) (rows [][]string) {
	for i := range c.Ranked {
		r := &c.Ranked[i]
		change, bounds := results.Change(r.Ratio.Center), r.Ratio.Interval()
		if i == 0 {
			change, bounds = "–", "–"
		}
		word := r.Word(within)
		if r.Spins {
			word = "spins; " + word
		}
		if medians := c.times[i].Center / c.times[0].Center; tenths(medians)*tenths(r.Ratio.Center) < 0 {
			word += fmt.Sprintf(" (medians say %s)", results.Change(medians))
		}
		rows = append(rows, []string{r.Mechanism, duration(c.times[i]), change, bounds, fmt.Sprint(r.Cost.N), word})
	}
	return rows
}

// suite has a case a contest, which passes: a decision is no failure.
func (c *Contests) suite() ciformat.Suite {
	s := ciformat.Suite{Name: "mechanisms", Out: c.Sentence}
	for i := range c.Contests {
		one := &c.Contests[i]
		lines := []string{one.Use + ", " + one.Verdict}
		for _, row := range one.rows(c.Within) {
			lines = append(lines, strings.Join(row, "; "))
		}
		for _, n := range one.NoNumber {
			lines = append(lines, fmt.Sprintf("%s: %s: %s", n.Mechanism, n.Outcome, n.Reason))
		}
		said := strings.Join(lines, "\n")
		s.Cases = append(s.Cases, ciformat.Case{Class: "ipcbench." + one.at.Workload, Name: one.Cell, Message: said, Out: said})
	}
	return s
}

// kcidb has the numbers, and no verdict.
func (c *Contests) kcidb() (out kcidb) {
	out = newKCIDB()
	for i := range c.Contests {
		for k := range c.Contests[i].Ranked {
			cell := c.Contests[i].Ranked[k].Cell
			out.Tests = append(out.Tests, kcidbTest{ID: kcidbOrigin + ":" + kcidbPath(cell), BuildID: kcidbOrigin + ":mechanisms", Origin: kcidbOrigin, Path: kcidbPath(cell), Status: "DONE",
				Number: &kcidbNumber{float64(c.Contests[i].times[k].Center) / 1e9, "sec/op"}, Comment: c.Contests[i].Ranked[k].Verdict})
		}
	}
	return out
}
