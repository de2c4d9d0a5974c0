package report

import (
	"bufio"
	"slices"
	"strings"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// librariesTitle heads the tables of libraries, librariesLede states what is in them.
const (
	librariesTitle = "Libraries against what they are built on"
	librariesLede  = "A library is held against the mechanism that it is built on, launch by launch of the same pass. Adds is what an operation takes more. " +
		"An operation is a message, and in PingPong a message and its answer."
)

// libraryTable is the libraries of one setting: what each costs, and what of that it
// adds.
type libraryTable struct {
	Title   string
	Columns []text.Column
	Rows    [][]string
}

// libraryColumns of a libraryTable. On a narrow screen those with a larger Drop go
// first; the page leaves them out.
var libraryColumns = []text.Column{
	{Head: "library", Least: 8},
	{Head: "version", Drop: 3, Least: 8},
	{Head: "size", Right: true},
	{Head: "time/op", Right: true},
	{Head: "built on"},
	{Head: "its time/op", Right: true, Drop: 2},
	{Head: "ratio", Right: true},
	{Head: "95 % interval", Drop: 1},
	{Head: "adds/op", Right: true},
	{Head: "adds CPU/op", Right: true, Drop: 1},
	{Head: "n", Right: true, Drop: 4},
}

// libraries are the cells that name what they are built on, by setting. One whose
// mechanism has no number in the run has a row without a ratio.
func libraries(summaries []results.Summary) (all []libraryTable) {
	named := slices.DeleteFunc(slices.Clone(summaries), func(s results.Summary) bool { return s.BuiltOn == nil || s.Outcome != results.OK })
	for _, group := range results.GroupBy(named, results.Cell.Setting) {
		t := libraryTable{Title: title(group[0].Cell.Setting()), Columns: libraryColumns}
		for _, s := range group {
			t.Rows = append(t.Rows, libraryRow(&s))
		}
		all = append(all, t)
	}
	return all
}

func libraryRow(s *results.Summary) []string {
	b := s.BuiltOn
	size := results.FormatBytes(s.Cell.Size)
	if s.Cell.Queue > 0 {
		size += ", queue " + results.FormatQueue(s.Cell.Queue)
	}
	row := []string{s.Cell.Mechanism, results.Quote(s.Transport), size, duration(s.NsPerOp), b.Mechanism, duration(b.Time)}
	if b.N == 0 {
		return append(row, "–", "not measured", "–", "–", "–")
	}
	bounds := "none: n < 6"
	if b.Lo > 0 {
		bounds = times(b.Lo) + " to " + times(b.Hi)
	}
	return append(row, times(b.Center)+"×", bounds, duration(b.Adds), duration(b.CPU), results.Plural(b.N, "pair"))
}

// writeLibraries writes the tables on a screen; nothing where there are none.
func writeLibraries(w *bufio.Writer, summaries []results.Summary, screen text.Screen) {
	all := libraries(summaries)
	for i, t := range all {
		if i == 0 {
			screen.Wrap(w, "", "", screen.Paint(text.Strong, librariesTitle)+". "+librariesLede)
		}
		w.WriteString(t.Title + "\n")
		dropped, _ := screen.Table(w, "  ", t.Columns, t.Rows)
		if note := text.Dropped(dropped, "report.md"); note != "" {
			screen.Wrap(w, "  ", "  ", note)
		}
		w.WriteString("\n")
	}
}

// libraries writes the tables in Markdown.
func (m *markdown) libraries(summaries []results.Summary) {
	for i, t := range libraries(summaries) {
		if i == 0 {
			m.printf("\n## %s\n\n%s\n", librariesTitle, librariesLede)
		}
		m.printf("\n### %s\n\n", t.Title)
		head, align := []string{}, ""
		for _, c := range t.Columns {
			head = append(head, c.Head)
			align += map[bool]string{false: "l", true: "r"}[c.Right]
		}
		text.Markdown(m, align, append([][]string{head}, t.Rows...))
	}
}

// Class is that of a column's cells on the page.
func (t libraryTable) Class(column int) string {
	var all []string
	if t.Columns[column].Right {
		all = append(all, "num")
	}
	if t.Columns[column].Drop > 0 {
		all = append(all, "minor")
	}
	return strings.Join(all, " ")
}
