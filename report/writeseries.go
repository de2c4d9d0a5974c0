package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ipcbench/compare"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// series writes several comparisons with one base as one table: a column a side, a row
// a cell.
func (c comparisonForm) series(reports []*compare.Report, summary bool) {
	s := compare.NewSeries(reports)
	names := s.Names
	var sentences, sides []string
	for _, r := range reports {
		found := sentence(r)
		if !c.Markdown {
			found = c.screen.Paint(statusMarks[r.Status()], found)
		}
		sentences = append(sentences, found+" ("+counts(r)+")")
	}
	for _, side := range s.Sides {
		sides = append(sides, about(side))
	}
	if c.Markdown {
		c.Printf("## Comparison with %s\n\n", c.Escape(names[0]))
	}
	c.sides(names, sentences...)
	c.Printf("\n")
	c.sides(names, sides...)
	left := c.seriesTable(s, summary)
	if left > 0 {
		c.Printf("\n%s with the verdict same or can't tell everywhere are left out%s\n", cells(left), map[bool]string{true: "."}[c.Markdown])
	}
	c.absent(seriesGaps(s))
	c.leftOut(reports, names)
	c.warnings(s.Warnings)
	c.Printf("\n")
	c.prose(fmt.Sprintf("Step: the change from the column before, where that is more than %s. ?: its 95 %% interval does not show that.", results.Percent(reports[0].Threshold)))
	c.prose(fmt.Sprintf("vs %s: the change that the gate judges, the median ratio of each launch to each of %[1]s. A cell without that line is the same, or has no number in %[1]s.", names[0]))
	for _, p := range []string{scope(mostJudged(reports)), variation(reports...)} {
		c.prose(p)
	}
}

// mostJudged is the report whose gate judged most: how it did holds for all.
func mostJudged(reports []*compare.Report) *compare.Report {
	return slices.MaxFunc(reports, func(a, b *compare.Report) int { return cmp.Compare(a.Gate.Cells, b.Gate.Cells) })
}

// Bounds on the columns of a series on a screen, in characters.
const (
	seriesHead = 12 // of a side's name
	seriesName = 20 // of a cell's, where it has to lose its middle
)

// seriesTable writes a table, or where a screen is too narrow several of some sides
// each, and returns how many cells a summary left out.
func (c comparisonForm) seriesTable(s *compare.Series, summary bool) (left int) {
	var shown []compare.SeriesCell
	for _, cell := range s.Cells {
		switch {
		case len(cell.Rows) == 0: // it has no number anywhere
		case summary && quiet(&cell):
			left++
		default:
			shown = append(shown, cell)
		}
	}
	if shown == nil {
		return left
	}
	heads := append([]string{"cell"}, shortLabels(s.Names)...)
	if c.Markdown {
		rows := [][]string{append([]string{"cell", "metric"}, heads[1:]...)}
		for i := range shown {
			for _, row := range shown[i].Rows {
				rows = append(rows, append([]string{shown[i].Name, row.Metric}, inMarkdown(&shown[i], row)...))
			}
		}
		c.Table("", "llr", rows)
		return left
	}
	short := make([][]string, len(shown))
	for i, cell := range shown {
		short[i] = []string{cell.Cell.Short(cell.Name)}
	}
	common := ""
	if c.screen.Columns > 0 {
		common = cutCommon(short)
		if text.Width(short)-2 > seriesName && cutUsual(short) {
			common = strings.TrimPrefix(common+", size=64 where none is named", ", ")
		}
		for i := range heads[1:] {
			heads[i+1] = text.Shorten(heads[i+1], seriesHead)
		}
	}
	several := slices.ContainsFunc(shown, func(cell compare.SeriesCell) bool { return len(cell.Rows) > 1 })
	var lines [][]string
	for i, cell := range shown {
		lines = append(lines, c.cellLines(short[i][0], cell, heads[1], several)...)
	}
	c.Printf("\n")
	if metric := shown[0].Rows[0].Metric; !several {
		common = strings.TrimPrefix(common+", in "+metric, ", ")
	}
	if common != "" {
		c.screen.Wrap(c, "", "  ", "every cell: "+common)
	}
	for i, sides := range c.blocks(heads, lines) {
		if i > 0 {
			c.Printf("\n")
		}
		columns := []text.Column{{Head: heads[0], Least: seriesName}}
		for _, k := range sides {
			columns = append(columns, text.Column{Head: heads[k], Right: true})
		}
		var rows [][]string
		for _, line := range lines {
			row := []string{line[0]}
			for _, k := range sides {
				row = append(row, line[k])
			}
			if strings.HasPrefix(line[0], " ") && strings.Join(row[1:], "") == "" {
				continue // a part of a cell that these sides do not have
			}
			rows = append(rows, row)
		}
		c.screen.Table(c, "", columns, rows)
	}
	return left
}

// cutUsual cuts the size that results.AskedCell takes where none is named from the end
// of names, and reports whether one had it.
func cutUsual(names [][]string) (cut bool) {
	for _, n := range names {
		was := n[0]
		n[0] = strings.TrimSuffix(was, "/size=64")
		cut = cut || n[0] != was
	}
	return cut
}

// cellLines are the lines of a cell: values, and below them what differs. In a file each
// begins with the cell.
func (c comparisonForm) cellLines(name string, cell compare.SeriesCell, base string, several bool) (lines [][]string) {
	below := func(indent, what string) string {
		if c.screen.Columns == 0 {
			return name + " " + strings.TrimSpace(what)
		}
		return indent + what
	}
	indent := "  "
	if several && c.screen.Columns > 0 {
		indent = "    "
		lines = append(lines, append([]string{name}, make([]string, len(cell.Rows[0].Values))...))
	}
	for _, row := range cell.Rows {
		head := name
		if several {
			head = below("  ", row.Metric)
		}
		steps, against, verdicts := []string{below(indent, "step"), ""}, []string{below(indent, "vs "+base), ""}, []string{below(indent, map[bool]string{true: "verdict"}[c.screen.Columns == 0]), ""}
		stepped, judged := false, false
		for i, v := range row.Values {
			if i == 0 {
				continue
			}
			steps = append(steps, step(v))
			stepped = stepped || v.Stepped
			if v.Row == nil {
				against, verdicts = append(against, ""), append(verdicts, "")
				continue
			}
			judged = judged || v.Row.Verdict != compare.Same
			against = append(against, results.Change(v.Row.Ratio.Center))
			verdicts = append(verdicts, c.screen.Paint(verdictMarks[v.Row.Verdict], string(v.Row.Verdict)))
		}
		lines = append(lines, append([]string{head}, c.values(&cell, row)...))
		if stepped {
			lines = append(lines, steps)
		}
		if judged {
			lines = append(lines, against, verdicts)
		}
	}
	return lines
}

// values are those of a row, or in the place of one why there is none: "failed".
func (c comparisonForm) values(cell *compare.SeriesCell, row compare.SeriesRow) []string {
	all := valuesOf(cell, row)
	for i := range all {
		if a := cell.Absence(i); a != nil {
			all[i] = c.screen.Paint(verdictMarks[a.Verdict], all[i])
		}
	}
	return all
}

// valuesOf are the medians of a row on one scale, or in the place of one why there is
// none.
func valuesOf(cell *compare.SeriesCell, row compare.SeriesRow) []string {
	estimates := make([]compare.Estimate, len(row.Values))
	for i, v := range row.Values {
		estimates[i] = v.Estimate
	}
	all := onOneScale(row.Unit, estimates...)
	for i := range all {
		if a := cell.Absence(i); all[i] == "" && a != nil {
			all[i] = string(a.Outcome)
		}
		all[i] = cmp.Or(all[i], "–")
	}
	return all
}

// step renders the step to a value: "+2.7 %", "+2.7 %?" where it is not sure, "" where
// there is none.
func step(v compare.SeriesValue) string {
	switch {
	case !v.Stepped:
		return ""
	case !v.Sure:
		return results.Change(v.Step.Center) + "?"
	}
	return results.Change(v.Step.Center)
}

// inMarkdown are the values of a row, with what differs in the same cell.
func inMarkdown(cell *compare.SeriesCell, row compare.SeriesRow) []string {
	all := valuesOf(cell, row)
	for i, v := range row.Values {
		if v.Row != nil && v.Row.Verdict != compare.Same {
			all[i] += fmt.Sprintf("; %s %s", results.Change(v.Row.Ratio.Center), v.Row.Verdict)
		}
		if v.Stepped && i > 1 {
			all[i] += "; step " + step(v)
		}
	}
	return all
}

// quiet reports whether a summary leaves a cell out.
func quiet(cell *compare.SeriesCell) bool {
	return len(cell.Absences) == 0 && !slices.ContainsFunc(cell.Rows, func(r compare.SeriesRow) bool {
		return slices.ContainsFunc(r.Values, func(v compare.SeriesValue) bool {
			return v.Stepped || v.Row != nil && v.Row.Verdict != compare.Same && v.Row.Verdict != compare.CantTell
		})
	})
}

// blocks are the columns of each table, the first side in all of them, as many as the
// screen has room for.
func (c comparisonForm) blocks(heads []string, lines [][]string) (all [][]int) {
	width := func(k int) int {
		cells := [][]string{{heads[k]}}
		for _, line := range lines {
			cells = append(cells, line[k:k+1])
		}
		return text.Width(cells)
	}
	room := c.screen.Columns
	base := min(width(0), seriesName+2) - 2 + width(1)
	block, used := []int{1}, base
	for k := 2; k < len(heads); k++ {
		if w := width(k); room > 0 && used+w > room && len(block) > 1 {
			all, block, used = append(all, block), []int{1}, base
		}
		block, used = append(block, k), used+width(k)
	}
	return append(all, block)
}

// shortLabels are labels without the end that all have in common, as of the releases of
// one distribution: "-cloud-amd64".
func shortLabels(labels []string) (short []string) {
	end := labels[0]
	for _, l := range labels[1:] {
		for !strings.HasSuffix(l, end) {
			end = end[1:]
		}
	}
	at := strings.IndexByte(end, '-')
	for _, l := range labels {
		if at >= 0 && len(l) > len(end[at:]) {
			l = strings.TrimSuffix(l, end[at:])
		}
		short = append(short, l)
	}
	return short
}
