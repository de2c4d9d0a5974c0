package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"ipcbench/compare"
	"ipcbench/history"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// HistoryFormats are those of the series of a history.
var HistoryFormats = []string{"text", "markdown", "json"}

// History is series of a history.
type History struct {
	Directory string            `json:"directory"`
	Series    []*history.Series `json:"series"` // each, by name
}

// listedSteps is how many steps of a series are listed where not all are asked for.
const listedSteps = 40

// Write writes the series in one of HistoryFormats. All lists every step, also those
// within the threshold of the query.
func (h *History) Write(w io.Writer, format string, s text.Screen, q history.Query, all bool) error {
	if format == "json" {
		return text.WriteJSON(w, h)
	}
	f := historyForm{text.Form{Writer: bufio.NewWriter(w), Markdown: format == "markdown", Columns: s.Columns}, s, q, all}
	for i, series := range h.Series {
		if i > 0 {
			f.Printf("\n")
		}
		if err := f.series(series); err != nil {
			return err
		}
	}
	if len(h.Series) == 0 {
		f.prose(fmt.Sprintf("no series in %s: `ipcbench history add RUN --series NAME` makes one", results.Quote(h.Directory)))
	}
	return f.Flush()
}

type historyForm struct {
	text.Form
	screen text.Screen
	query  history.Query
	all    bool
}

func (f historyForm) prose(s string) {
	if f.Markdown {
		f.Paragraph("", s)
		f.Printf("\n")
		return
	}
	f.screen.Wrap(f, "", "  ", s)
}

func (f historyForm) item(s string) {
	if f.Markdown {
		what, command, _ := strings.Cut(s, ": ")
		f.Printf("- %s: %s\n", f.Escape(what), command)
		return
	}
	f.screen.Wrap(f, "  ", "    ", strings.ReplaceAll(s, "`", ""))
}

func (f historyForm) series(s *history.Series) error {
	title := fmt.Sprintf("%s: %s", s.Name, span(s))
	if f.Markdown {
		f.Printf("## %s\n\n", f.Escape(title))
	} else {
		f.screen.Wrap(f, "", "  ", f.screen.Paint(text.Strong, title))
	}
	for _, c := range historyClasses(s) {
		f.prose(c.sentence(s))
	}
	if err := f.steps(s); err != nil {
		return err
	}
	for _, g := range []struct {
		what string
		all  []history.Change
	}{{"no number any more", s.Broken}, {"missing, and in the build before", s.Missing}, {"new", s.New}} {
		f.changes(g.what, g.all)
	}
	if s.LeftOut != nil {
		for _, o := range s.LeftOut {
			f.prose("left out: " + o.String())
		}
	}
	return nil
}

// span is how many builds a series has, from which to which.
func span(s *history.Series) string {
	if len(s.Builds) == 0 {
		return "no build"
	}
	of := results.Plural(len(s.Builds), "build")
	first, last := s.Builds[0], s.Builds[len(s.Builds)-1]
	if len(s.Builds) == 1 {
		return of + ", " + results.Quote(first.Name())
	}
	return fmt.Sprintf("%s by %s, %s to %s", of, s.Order, results.Quote(first.Name()), results.Quote(last.Name()))
}

// A historyClass is the builds of one class of hosts.
type historyClass struct {
	Name   string
	Builds []int // places in the series
	Lines  int
}

func historyClasses(s *history.Series) (all []historyClass) {
	at := map[string]int{}
	for i, b := range s.Builds {
		k, ok := at[b.Class]
		if !ok {
			k, at[b.Class] = len(all), len(all)
			all = append(all, historyClass{Name: b.Class})
		}
		all[k].Builds = append(all[k].Builds, i)
	}
	for i := range s.Lines {
		if k, ok := at[s.Lines[i].Class]; ok {
			all[k].Lines++
		}
	}
	return all
}

// newest is the last build of the class.
func (c *historyClass) newest(s *history.Series) *history.Entry {
	return &s.Builds[c.Builds[len(c.Builds)-1]]
}

// sentence is what the newest build of the class changed.
func (c *historyClass) sentence(s *history.Series) string {
	last := c.Builds[len(c.Builds)-1]
	var slower, faster int
	for _, step := range s.Steps {
		if step.At == last && step.Class == c.Name && !step.Small {
			if step.Worse {
				slower++
			} else {
				faster++
			}
		}
	}
	count := func(of []history.Change) (n int) {
		for _, x := range of {
			if x.Class == c.Name {
				n++
			}
		}
		return n
	}
	out := fmt.Sprintf("%s: %s, %s. Newest build %s", results.Quote(c.Name), results.Plural(len(c.Builds), "build"), results.Plural(c.Lines, "cell"), results.Quote(c.newest(s).Name()))
	if len(c.Builds) == 1 {
		return out + ": a step needs two builds."
	}
	return fmt.Sprintf("%s: %d slower, %d faster; %d without a number any more, %d missing, %d new.", out, slower, faster, count(s.Broken), count(s.Missing), count(s.New))
}

// thresholds are those of the query, in words.
func thresholds(q history.Query) string {
	if q.Threshold > 0 {
		return results.Percent(q.Threshold)
	}
	return fmt.Sprintf("%s of instructions, %s of a time", results.Percent(history.CountedThreshold), results.Percent(compare.Defaults.Threshold))
}

func (f historyForm) steps(s *history.Series) error {
	var shown []history.Step
	for _, step := range s.Steps {
		if f.all || !step.Small {
			shown = append(shown, step)
		}
	}
	left := 0
	if !f.all && len(shown) > listedSteps {
		shown, left = shown[:listedSteps], len(shown)-listedSteps
	}
	short := map[string]string{}
	for i := range s.Lines {
		short[s.Lines[i].Cell] = s.Lines[i].Of.Short(s.Lines[i].Cell)
	}
	var names, rows [][]string
	for _, step := range shown {
		names = append(names, []string{short[step.Cell]})
	}
	head := "cell"
	if names != nil {
		if common := cutCommon(names); common != "" {
			head += " (" + common + ")"
		}
	}
	mark := map[bool]text.Mark{true: text.Bad, false: text.Good}
	var explained []string
	for i, step := range shown {
		first, changed := results.Quote(step.First), results.Change(step.Change.Center)
		if !f.Markdown {
			changed = f.screen.Paint(mark[step.Worse], changed)
		}
		if i > 0 && shown[i-1].At == step.At {
			first = ""
		} else {
			another := map[bool]string{true: ", measured with another version of ipcbench"}[step.Program]
			explained = append(explained, fmt.Sprintf("%s, after %s%s: `%s`", first, results.Quote(step.Before), another, strings.ReplaceAll(results.Quote(step.Explain), "`", "'")))
		}
		rows = append(rows, []string{first, names[i][0], step.Metric, changed, reach(step.Change), fmt.Sprint(step.Seen)})
	}
	columns := []text.Column{{Head: "first in", Least: 10}, {Head: head, Least: 16}, {Head: "metric", Drop: 2}, {Head: "change", Right: true}, {Head: "95 % interval", Right: true}, {Head: "builds", Right: true, Drop: 1}}
	switch {
	case rows == nil && len(s.Builds) > 1:
		f.prose(fmt.Sprintf("No step of more than %s.", thresholds(f.query)))
	case rows == nil:
	case f.Markdown:
		heads := make([]string, len(columns))
		for i, c := range columns {
			heads[i] = c.Head
		}
		f.Table("", "lllrrr", append([][]string{heads}, rows...))
		f.Printf("\n")
	default:
		f.Printf("\n")
		dropped, err := f.screen.Table(f, "  ", columns, rows)
		if err != nil {
			return err
		}
		f.Printf("\n")
		if note := text.Dropped(dropped, "--format json"); note != "" {
			f.prose(note)
		}
	}
	if explained != nil {
		f.prose("What explains the largest step of each; another cell in its place explains that of the cell:")
		for _, e := range explained {
			f.item(e)
		}
	}
	if left > 0 {
		f.prose(fmt.Sprintf("%s not listed: --all lists every step.", results.Plural(left, "older step")))
	}
	if s.Smaller > 0 && !f.all {
		f.prose(fmt.Sprintf("%s within %s: --all lists them.", results.Plural(s.Smaller, "step"), thresholds(f.query)))
	}
	return nil
}

// reach is the interval of a change.
func reach(r results.Ratio) string {
	if r.Lo == 0 {
		return "not known"
	}
	return strings.TrimSuffix(results.Change(r.Lo), " %") + " to " + results.Change(r.Hi)
}

// changes lists cells, those of one reason together.
func (f historyForm) changes(what string, all []history.Change) {
	type group struct{ build, reason string }
	var order []group
	names := map[group][]string{}
	for _, c := range all {
		g := group{c.Build, c.Reason}
		if names[g] == nil {
			order = append(order, g)
		}
		names[g] = append(names[g], c.Cell)
	}
	slices.SortStableFunc(order, func(a, b group) int { return cmp.Compare(len(names[b]), len(names[a])) })
	for _, g := range order {
		list := names[g]
		if !f.all {
			list = []string{results.Some(list, ", ")}
		}
		line := fmt.Sprintf("%s in %s: %s", what, results.Quote(g.build), strings.Join(list, ", "))
		if g.reason != "" {
			line += ": " + results.Quote(g.reason)
		}
		f.prose(line)
	}
}
