package compare

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"ipcbench/results"
)

// WriteMarkdown writes the report for a review: what WriteText says, as
// tables.
func (r *Report) WriteMarkdown(w io.Writer, summary bool) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "## Comparison: %s\n\n- old: %s\n- new: %s\n", r.Counts(), escape(r.Old.String()), escape(r.New.String()))
	if len(r.Doubts) > 0 {
		fmt.Fprintf(b, "\n| warning | why | remedy |\n|---|---|---|\n")
	}
	for _, d := range r.Doubts {
		what := escape(d.What)
		if d.Refuses {
			what = "**not comparable**: " + what
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", what, escape(d.Why), escape(d.Remedy))
	}
	if !r.Refused {
		r.markdownRows(b, summary)
	}
	if len(r.Outcomes)+len(r.Incomparable) > 0 {
		fmt.Fprintln(b)
	}
	for _, c := range r.Outcomes {
		fmt.Fprintf(b, "- %s\n", escape(c.outcome()))
	}
	for _, c := range r.Incomparable {
		fmt.Fprintf(b, "- not comparable: %s, %s: %s\n", c.Name, c.Metric, escape(strings.Join(c.Doubts, ", ")))
	}
	if r.NeverOK > 0 {
		fmt.Fprintf(b, "\nCells without a number on either side: %d.\n", r.NeverOK)
	}
	return b.Flush()
}

func (r *Report) markdownRows(b *bufio.Writer, summary bool) {
	if len(r.Rows) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n%s\n\n", escape(r.Scope()), escape(r.Variation()))
	rows, left := r.shown(summary)
	if len(rows) > 0 {
		marked := r.marked()
		writeRow(b, columns(marked))
		fmt.Fprintln(b, "|---|---|---:|---:|---:|---:|---:|---:|---:|---|"+strings.Repeat("---|", len(columns(marked))-10))
		for _, row := range rows {
			writeRow(b, row.columns(marked))
		}
	}
	if left > 0 {
		fmt.Fprintf(b, "\n%d rows with the verdict same or can't tell are left out.\n", left)
	}
	if r.Means == nil {
		return
	}
	fmt.Fprintf(b, "\n| geometric mean of | metric | change | rows |\n|---|---|---:|---:|\n")
	for _, m := range r.Means {
		writeRow(b, []string{m.of(), m.Metric, change(m.Ratio), fmt.Sprint(m.Rows)})
	}
}

func writeRow(b *bufio.Writer, cells []string) {
	for _, c := range cells {
		fmt.Fprintf(b, "| %s ", escape(c))
	}
	fmt.Fprintln(b, "|")
}

func escape(s string) string { return results.EscapeMarkdown(s) }
