package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"ipcbench/compare"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// ComparisonFormats are the forms of WriteComparisons.
var ComparisonFormats = []string{"text", "markdown", "json", "junit", "ktap", "kcidb"}

// WriteComparisons writes reports in one of ComparisonFormats, text for the screen. In
// text and in Markdown a summary lists only the rows that are neither the same nor
// undecided.
func WriteComparisons(w io.Writer, format string, screen text.Screen, reports []*compare.Report, summary bool) error {
	if write := map[string]func(io.Writer, []*compare.Report) error{"json": writeJSON, "junit": writeJUnit, "ktap": writeKTAP, "kcidb": writeKCIDB}[format]; write != nil {
		return write(w, reports)
	}
	c := comparisonForm{text.Form{Writer: bufio.NewWriter(w), Markdown: format == "markdown", Columns: screen.Columns}, screen}
	for i, r := range reports {
		if i > 0 {
			c.Printf("\n")
		}
		c.write(r, summary)
	}
	return c.Flush()
}

// comparisonForm writes comparisons for a terminal or as Markdown.
type comparisonForm struct {
	text.Form
	screen text.Screen
}

// line writes a line that continues indented where it is too long, as an item of a
// list in Markdown.
func (c comparisonForm) line(s string) {
	if c.Markdown {
		c.Printf("- %s\n", c.Escape(s))
	} else {
		c.screen.Wrap(c, "", "  ", s)
	}
}

// name is that of a cell: on a screen the short one.
func (c comparisonForm) name(cell results.Cell, name string) string {
	if c.Markdown {
		return name
	}
	return cell.Short(name)
}

// write writes what it came to, the sides and what spoils the comparison, the rows,
// what has no row, and how it was found.
func (c comparisonForm) write(r *compare.Report, summary bool) {
	if c.Markdown {
		c.Printf("## Comparison: %s\n\n%s\n\n- old: %s\n- new: %s\n", c.Escape(sentence(r)), counts(r), c.Escape(about(r.Old)), c.Escape(about(r.New)))
	} else {
		c.screen.Wrap(c, "", "  ", c.screen.Paint(statusMarks[r.Status()], sentence(r)))
		if r.Status() != compare.Nothing {
			c.screen.Wrap(c, "", "  ", counts(r))
		}
		c.Printf("\n")
		c.screen.Wrap(c, "old  ", "     ", about(r.Old))
		c.screen.Wrap(c, "new  ", "     ", about(r.New))
	}
	c.warnings(r.Warnings)
	if left := c.rows(r, summary); left > 0 {
		c.Printf("\n%d rows with the verdict same or can't tell are left out%s\n", left, map[bool]string{true: "."}[c.Markdown])
	}
	for _, s := range says(r) {
		c.Printf("\n")
		c.line(s)
	}
	c.Table("", "llr", meansTable(r))
	if len(r.Outcomes)+len(r.Incomparable) > 0 {
		c.Printf("\n")
	}
	for _, o := range r.Outcomes {
		o.Name = c.name(o.Cell, o.Name)
		c.line(outcome(o))
	}
	for _, i := range r.Incomparable {
		c.line(fmt.Sprintf("not comparable: %s, %s: %s", c.name(i.Cell, i.Name), i.Metric, strings.Join(i.Warnings, ", ")))
	}
	if len(r.NotCompared) > 0 {
		c.Printf("\n")
	}
	for _, s := range r.NotCompared {
		c.line("not compared: " + s)
	}
	if r.NeverOK > 0 {
		c.Printf("\nCells without a number on either side: %d%s\n", r.NeverOK, map[bool]string{true: "."}[c.Markdown])
	}
	if len(r.Rows) > 0 {
		c.Printf("\n")
		for _, s := range []string{change(r), scope(r), variation(r)} {
			if c.Markdown && s != "" {
				c.Printf("%s\n", c.Escape(s))
			} else if s != "" {
				c.screen.Wrap(c, "", "  ", s)
			}
		}
	}
}

// rows writes the table, and returns how many rows a summary left out.
func (c comparisonForm) rows(r *compare.Report, summary bool) (left int) {
	var shown []*compare.Row
	for i := range r.Rows {
		if v := r.Rows[i].Verdict; summary && (v == compare.Same || v == compare.CantTell) {
			left++
		} else {
			shown = append(shown, &r.Rows[i])
		}
	}
	switch {
	case shown == nil:
	case c.Markdown:
		c.Table("", "llrrrrrrrl", comparedTable(shown))
	default:
		c.Printf("\n")
		c.screenTable(shown, slices.ContainsFunc(r.Rows, func(row compare.Row) bool { return row.Metric != compared }))
	}
	return left
}

// bounds is the head of the column of intervals.
const bounds = "95 % interval"

// screenTable writes rows for the screen. Where intervals have no room, names go
// without what all of them have in common.
func (c comparisonForm) screenTable(shown []*compare.Row, metrics bool) {
	columns := []text.Column{{Head: "cell", Least: 20}}
	if metrics {
		columns = append(columns, text.Column{Head: "metric"})
	}
	columns = append(columns, text.Column{Head: "old", Right: true, Drop: 2}, text.Column{Head: "±", Right: true, Drop: 6}, text.Column{Head: "new", Right: true, Drop: 2}, text.Column{Head: "±", Right: true, Drop: 6},
		text.Column{Head: "change", Right: true}, text.Column{Head: bounds, Right: true, Drop: 3}, text.Column{Head: "p gate", Right: true, Drop: 7},
		text.Column{Head: "n", Right: true, Drop: 4}, text.Column{Head: "verdict", Prose: true})
	switches := slices.ContainsFunc(shown, func(r *compare.Row) bool { return r.Switches != nil })
	if switches {
		columns = slices.Insert(columns, len(columns)-3, text.Column{Head: switchesHead, Right: true, Drop: 5})
	}
	var rows [][]string
	for _, r := range shown {
		row := []string{r.Cell.Short(r.Name)}
		if metrics {
			row = append(row, r.Metric)
		}
		old, new := medians(r)
		verdict := c.screen.Paint(verdictMarks[r.Verdict], string(r.Verdict)) + remarks(r, "")
		if len(r.Warnings) > 0 {
			verdict += "; warning: " + strings.Join(r.Warnings, ", ")
		}
		row = append(row, old, r.Old.Reach(), new, r.New.Reach(), results.Change(r.Ratio.Center), r.Ratio.Interval())
		if switches {
			row = append(row, switchesOf(r))
		}
		rows = append(rows, append(row, probability(r.PGate), launchesOf(r), verdict))
	}
	var table strings.Builder
	dropped, _ := c.screen.Table(&table, "", columns, rows) // a strings.Builder takes everything
	if slices.Contains(dropped, bounds) {
		if common := cutCommon(rows); common != "" {
			table.Reset()
			fmt.Fprintf(&table, "every cell: %s\n", common)
			dropped, _ = c.screen.Table(&table, "", columns, rows)
		}
	}
	c.WriteString(table.String())
	if s := text.Dropped(dropped, "--format markdown"); s != "" {
		c.screen.Wrap(c, "", "  ", s)
	}
}

// cutCommon cuts from the names of several cells what all of them have in common, and
// returns it: "size=64/place=same".
func cutCommon(rows [][]string) string {
	var common []string
	for _, part := range strings.Split(rows[0][0], "/")[1:] {
		if strings.Contains(part, "=") && len(rows) > 1 && !slices.ContainsFunc(rows, func(r []string) bool { return !strings.Contains(r[0]+"/", "/"+part+"/") }) {
			common = append(common, part)
		}
	}
	for _, r := range rows {
		for _, part := range common {
			r[0] = strings.TrimSuffix(strings.Replace(r[0]+"/", "/"+part+"/", "/", 1), "/")
		}
	}
	return strings.Join(common, "/")
}

// statusMarks and verdictMarks are how a comparison and a verdict stand out.
var (
	statusMarks  = map[compare.Status]text.Mark{compare.Passed: text.Good, compare.Regressed: text.Bad, compare.Nothing: text.Doubt, compare.Undecided: text.Doubt}
	verdictMarks = map[compare.Verdict]text.Mark{compare.Slower: text.Bad, compare.Unjudged: text.Doubt, compare.Faster: text.Good, compare.CantTell: text.Doubt}
)

func (c comparisonForm) warnings(warnings []compare.Warning) {
	for i, w := range warnings {
		switch {
		case c.Markdown && i == 0:
			c.Printf("\n")
			text.Head(c, "l", "warning", "why", "remedy")
			fallthrough
		case c.Markdown:
			what := c.Escape(w.What)
			if w.Refuses {
				what = "**not comparable**: " + what
			}
			text.Row(c, what, c.Escape(w.Why), c.Escape(w.Remedy))
		default:
			c.Printf("\n")
			head := c.screen.Paint(text.Doubt, "warning:")
			if w.Refuses {
				head = c.screen.Paint(text.Bad, "NOT COMPARABLE:")
			}
			c.screen.Wrap(c, "", "  ", head+" "+w.What)
			c.screen.Wrap(c, "  why:    ", "          ", w.Why)
			c.screen.Wrap(c, "  remedy: ", "          ", w.Remedy)
		}
	}
}
