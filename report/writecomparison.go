package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"ipcbench/compare"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// ComparisonFormats are the forms of WriteComparisons.
var ComparisonFormats = []string{"text", "markdown", "json", "junit", "ktap", "kcidb"}

// WriteComparisons writes reports in one of ComparisonFormats. In text and in
// Markdown a summary lists only the rows that are neither the same nor undecided.
func WriteComparisons(w io.Writer, format string, reports []*compare.Report, summary bool) error {
	switch format {
	case "json":
		return writeJSON(w, reports)
	case "junit":
		return writeJUnit(w, reports)
	case "ktap":
		return writeKTAP(w, reports)
	case "kcidb":
		return writeKCIDB(w, reports)
	}
	b := bufio.NewWriter(w)
	for i, r := range reports {
		if i > 0 {
			fmt.Fprintln(b)
		}
		if format == "markdown" {
			comparisonMarkdown(b, r, summary)
		} else {
			comparisonText(b, r, summary)
		}
	}
	return b.Flush()
}

func comparisonText(b *bufio.Writer, r *compare.Report, summary bool) {
	fmt.Fprintf(b, "old  %s\nnew  %s\n", about(r.Old), about(r.New))
	for _, w := range r.Warnings {
		mark := "warning"
		if w.Refuses {
			mark = "NOT COMPARABLE"
		}
		fmt.Fprintf(b, "\n%s: %s\n  why:    %s\n  remedy: %s\n", mark, w.What, w.Why, w.Remedy)
	}
	if len(r.Rows) > 0 {
		fmt.Fprintf(b, "\n%s\n%s\n", scope(r), variation(r))
		rows, left := comparedTable(r, summary)
		if rows != nil {
			fmt.Fprintln(b)
			text.Table(b, "", "llrrrrrrrl", rows)
		}
		if left > 0 {
			fmt.Fprintf(b, "%d rows with the verdict same or can't tell are left out\n", left)
		}
		if means := meansTable(r); means != nil {
			fmt.Fprintln(b)
			text.Table(b, "", "llr", means)
		}
	}
	if len(r.Outcomes) > 0 {
		fmt.Fprintln(b)
	}
	for _, c := range r.Outcomes {
		fmt.Fprintln(b, outcome(c))
	}
	for _, c := range r.Incomparable {
		fmt.Fprintf(b, "not comparable: %s, %s: %s\n", c.Name, c.Metric, strings.Join(c.Warnings, ", "))
	}
	if r.NeverOK > 0 {
		fmt.Fprintf(b, "\ncells without a number on either side: %d\n", r.NeverOK)
	}
	fmt.Fprintf(b, "\n%s\n", counts(r))
}

// comparisonMarkdown is comparisonText for a review.
func comparisonMarkdown(b *bufio.Writer, r *compare.Report, summary bool) {
	escape := results.EscapeMarkdown
	fmt.Fprintf(b, "## Comparison: %s\n\n- old: %s\n- new: %s\n", counts(r), escape(about(r.Old)), escape(about(r.New)))
	if len(r.Warnings) > 0 {
		fmt.Fprintln(b)
		text.Head(b, "l", "warning", "why", "remedy")
	}
	for _, w := range r.Warnings {
		what := escape(w.What)
		if w.Refuses {
			what = "**not comparable**: " + what
		}
		text.Row(b, what, escape(w.Why), escape(w.Remedy))
	}
	if len(r.Rows) > 0 {
		fmt.Fprintf(b, "\n%s\n%s\n\n", escape(scope(r)), escape(variation(r)))
		rows, left := comparedTable(r, summary)
		text.Markdown(b, "llrrrrrrrl", rows)
		if left > 0 {
			fmt.Fprintf(b, "\n%d rows with the verdict same or can't tell are left out.\n", left)
		}
		if means := meansTable(r); means != nil {
			fmt.Fprintln(b)
			text.Markdown(b, "llr", means)
		}
	}
	if len(r.Outcomes)+len(r.Incomparable) > 0 {
		fmt.Fprintln(b)
	}
	for _, c := range r.Outcomes {
		fmt.Fprintf(b, "- %s\n", escape(outcome(c)))
	}
	for _, c := range r.Incomparable {
		fmt.Fprintf(b, "- not comparable: %s, %s: %s\n", c.Name, c.Metric, escape(strings.Join(c.Warnings, ", ")))
	}
	if r.NeverOK > 0 {
		fmt.Fprintf(b, "\nCells without a number on either side: %d.\n", r.NeverOK)
	}
}
