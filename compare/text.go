package compare

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// WriteText writes the report for a terminal; a summary lists only the rows
// that are neither the same nor undecided.
func (r *Report) WriteText(w io.Writer, summary bool) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "old  %v\nnew  %v\n", r.Old, r.New)
	for _, d := range r.Doubts {
		mark := "warning"
		if d.Refuses {
			mark = "NOT COMPARABLE"
		}
		fmt.Fprintf(b, "\n%s: %s\n  why:    %s\n  remedy: %s\n", mark, d.What, d.Why, d.Remedy)
	}
	if !r.Refused {
		r.textRows(b, summary)
	}
	if len(r.Outcomes) > 0 {
		fmt.Fprintln(b)
	}
	for _, c := range r.Outcomes {
		fmt.Fprintln(b, c.outcome())
	}
	for _, c := range r.Incomparable {
		fmt.Fprintf(b, "not comparable: %s, %s: %s\n", c.Name, c.Metric, strings.Join(c.Doubts, ", "))
	}
	if r.NeverOK > 0 {
		fmt.Fprintf(b, "\ncells without a number on either side: %d\n", r.NeverOK)
	}
	fmt.Fprintf(b, "\n%s\n", r.Counts())
	return b.Flush()
}

func (r *Report) textRows(b *bufio.Writer, summary bool) {
	if len(r.Rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n%s\n", r.Scope(), r.Variation())
	rows, left := r.shown(summary)
	if len(rows) > 0 {
		marked := r.marked()
		table := [][]string{columns(marked)}
		for _, row := range rows {
			table = append(table, row.columns(marked))
		}
		fmt.Fprintln(b)
		writeGrid(b, table, 2)
	}
	if left > 0 {
		fmt.Fprintf(b, "%d rows with the verdict same or can't tell are left out\n", left)
	}
	table := [][]string{{"geometric mean of", "metric", "change", "rows"}}
	for _, m := range r.Means {
		table = append(table, []string{m.of(), m.Metric, change(m.Ratio), fmt.Sprint(m.Rows)})
	}
	if r.Means != nil {
		fmt.Fprintln(b)
		writeGrid(b, table, 2)
	}
}

// writeGrid writes a table, its first columns and the last one flush left.
func writeGrid(b *bufio.Writer, rows [][]string, flushLeft int) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, s := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(s))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, s := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(s))
			if i < flushLeft || i >= 9 {
				line.WriteString(s + pad + "  ")
			} else {
				line.WriteString(pad + s + "  ")
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}
