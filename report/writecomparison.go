package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"ipcbench/compare"
	"ipcbench/internal/text"
)

// ComparisonFormats are the forms of WriteComparisons.
var ComparisonFormats = []string{"text", "markdown", "json", "junit", "ktap", "kcidb"}

// WriteComparisons writes reports in one of ComparisonFormats. In text and in
// Markdown a summary lists only the rows that are neither the same nor undecided.
func WriteComparisons(w io.Writer, format string, reports []*compare.Report, summary bool) error {
	if write := map[string]func(io.Writer, []*compare.Report) error{"json": writeJSON, "junit": writeJUnit, "ktap": writeKTAP, "kcidb": writeKCIDB}[format]; write != nil {
		return write(w, reports)
	}
	f := text.Form{Writer: bufio.NewWriter(w), Markdown: format == "markdown"}
	for i, r := range reports {
		if i > 0 {
			f.Printf("\n")
		}
		writeComparison(f, r, summary)
	}
	return f.Flush()
}

func writeComparison(f text.Form, r *compare.Report, summary bool) {
	old, new := f.Escape(about(r.Old)), f.Escape(about(r.New))
	line, end := "%s\n", ""
	if f.Markdown {
		f.Printf("## Comparison: %s\n\n- old: %s\n- new: %s\n", counts(r), old, new)
		line, end = "- %s\n", "."
	} else {
		f.Printf("old  %s\nnew  %s\n", old, new)
	}
	comparisonWarnings(f, r.Warnings)
	if len(r.Rows) > 0 {
		f.Printf("\n%s\n%s\n", f.Escape(scope(r)), f.Escape(variation(r)))
		rows, left := comparedTable(r, summary)
		f.Table("", "llrrrrrrrl", rows)
		if left > 0 {
			f.Printf("\n%d rows with the verdict same or can't tell are left out%s\n", left, end)
		}
		f.Table("", "llr", meansTable(r))
	}
	if len(r.Outcomes)+len(r.Incomparable) > 0 {
		f.Printf("\n")
	}
	for _, c := range r.Outcomes {
		f.Printf(line, f.Escape(outcome(c)))
	}
	for _, c := range r.Incomparable {
		f.Printf(line, f.Escape(fmt.Sprintf("not comparable: %s, %s: %s", c.Name, c.Metric, strings.Join(c.Warnings, ", "))))
	}
	if len(r.NotCompared) > 0 {
		f.Printf("\n")
	}
	for _, s := range r.NotCompared {
		f.Printf(line, f.Escape("not compared: "+s))
	}
	if r.NeverOK > 0 {
		f.Printf("\nCells without a number on either side: %d%s\n", r.NeverOK, end)
	}
	if !f.Markdown {
		f.Printf("\n%s\n", counts(r))
	}
}

func comparisonWarnings(f text.Form, warnings []compare.Warning) {
	for i, w := range warnings {
		what, why, remedy := f.Escape(w.What), f.Escape(w.Why), f.Escape(w.Remedy)
		switch {
		case !f.Markdown && w.Refuses:
			what = "NOT COMPARABLE: " + what
		case !f.Markdown:
			what = "warning: " + what
		case w.Refuses:
			what = "**not comparable**: " + what
		}
		if !f.Markdown {
			f.Printf("\n%s\n  why:    %s\n  remedy: %s\n", what, why, remedy)
			continue
		}
		if i == 0 {
			f.Printf("\n")
			text.Head(f, "l", "warning", "why", "remedy")
		}
		text.Row(f, what, why, remedy)
	}
}
