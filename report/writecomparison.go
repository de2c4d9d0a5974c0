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
	if len(reports) > 1 {
		c.series(reports, summary)
	} else {
		c.write(reports[0], summary)
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
	old, new := compare.Called(r.Old.Label, r.New.Label)
	if c.Markdown {
		c.Printf("## Comparison: %s\n\n%s\n\n- %s: %s\n- %s: %s\n", c.Escape(sentence(r)), counts(r), c.Escape(old), c.Escape(about(r.Old)), c.Escape(new), c.Escape(about(r.New)))
	} else {
		c.screen.Wrap(c, "", "  ", c.screen.Paint(statusMarks[r.Status()], sentence(r)))
		if r.Status() != compare.Nothing {
			c.screen.Wrap(c, "", "  ", counts(r))
		}
		c.Printf("\n")
		c.sides([]string{old, new}, about(r.Old), about(r.New))
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
	c.leftOut([]*compare.Report{r}, nil)
	c.absent(missingGaps(r))
	if len(r.Rows) > 0 {
		c.Printf("\n")
		for _, s := range []string{change(r), scope(r), variation(r)} {
			c.prose(s)
		}
	}
}

// sides writes a line a side behind its name, or an item.
func (c comparisonForm) sides(names []string, lines ...string) {
	width := 0
	for _, name := range names {
		width = max(width, text.Width([][]string{{name}}))
	}
	for i, line := range lines {
		if name := names[len(names)-len(lines)+i]; c.Markdown {
			c.Printf("- %s: %s\n", c.Escape(name), c.Escape(line))
		} else {
			c.screen.Wrap(c, name+strings.Repeat(" ", width-text.Width([][]string{{name}})+2), strings.Repeat(" ", width), line)
		}
	}
}

// prose writes a paragraph of a line.
func (c comparisonForm) prose(s string) {
	if c.Markdown && s != "" {
		c.Printf("%s\n", c.Escape(s))
	} else if s != "" {
		c.screen.Wrap(c, "", "  ", s)
	}
}

// leftOut writes what could not be compared: rows of sides with these names, which
// a single comparison does without, and units.
func (c comparisonForm) leftOut(reports []*compare.Report, names []string) {
	var rows, units []string
	for k, r := range reports {
		where := ""
		if names != nil {
			where = " in " + names[k+1]
			for _, c := range r.Outcomes {
				if c.Cell == (results.Cell{}) { // a package
					rows = append(rows, names[k+1]+": "+outcome(c))
				}
			}
		}
		for _, i := range r.Incomparable {
			rows = append(rows, fmt.Sprintf("not comparable%s: %s, %s: %s", where, c.name(i.Cell, i.Name), i.Metric, strings.Join(i.Warnings, ", ")))
		}
		for _, s := range r.NotCompared {
			units = results.AddOnce(units, "not compared: "+s)
		}
	}
	if names != nil && rows != nil {
		c.Printf("\n")
	}
	for _, s := range rows {
		c.line(s)
	}
	if units != nil {
		c.Printf("\n")
	}
	for _, s := range units {
		c.line(s)
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
		old, new := compare.Called(r.Old.Label, r.New.Label)
		c.Table("", "llrrrrrrrl", comparedTable(shown, old, new))
	default:
		c.Printf("\n")
		c.screenTable(r, shown)
	}
	return left
}

// bounds is the head of the column of intervals.
const bounds = "95 % interval"

// screenTable writes rows for the screen. Where intervals have no room, names go
// without what all of them have in common.
func (c comparisonForm) screenTable(r *compare.Report, shown []*compare.Row) {
	columns, metrics := []text.Column{{Head: "cell", Least: 20}}, slices.ContainsFunc(r.Rows, func(row compare.Row) bool { return row.Metric != compared })
	heads := shortLabels([]string{r.Old.Label, r.New.Label})
	heads[0], heads[1] = compare.Called(heads[0], heads[1])
	if metrics {
		columns = append(columns, text.Column{Head: "metric"})
	}
	columns = append(columns, text.Column{Head: text.Shorten(heads[0], seriesHead), Right: true, Drop: 2}, text.Column{Head: "±", Right: true, Drop: 6}, text.Column{Head: text.Shorten(heads[1], seriesHead), Right: true, Drop: 2}, text.Column{Head: "±", Right: true, Drop: 6},
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
	verdictMarks = map[compare.Verdict]text.Mark{compare.Broken: text.Bad, compare.Slower: text.Bad, compare.Lost: text.Doubt, compare.Unjudged: text.Doubt, compare.Faster: text.Good, compare.CantTell: text.Doubt}
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
