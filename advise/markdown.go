package advise

import (
	"bufio"
	"fmt"
	"io"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// WriteMarkdown writes what WriteText does, as Markdown.
func WriteMarkdown(w io.Writer, list []Advice, about []string) error {
	b := bufio.NewWriter(w)
	for i, a := range list {
		if i == 0 {
			fmt.Fprintf(b, "# %s\n", results.EscapeMarkdown(a.title()))
		}
		fmt.Fprintf(b, "\n## %s\n\n%s\n", results.EscapeMarkdown(a.where()), results.EscapeMarkdown(a.Verdict))
		markdownTable(b, a.table())
		if s := a.toSave(); s != "" {
			fmt.Fprintf(b, "\n%s\n", results.EscapeMarkdown(s))
		}
		for _, n := range a.Neighbours {
			fmt.Fprintf(b, "\nAt %s: %s\n", results.FormatBytes(n.Size), results.EscapeMarkdown(n.Verdict))
			markdownTable(b, n.table())
		}
	}
	for i, f := range recommended(list) {
		if i == 0 {
			fmt.Fprint(b, "\n## Beware\n\n")
		}
		for _, c := range f.Cautions {
			fmt.Fprintf(b, "- %s: %s\n", f.Mechanism, results.EscapeMarkdown(caution(c)))
		}
	}
	markdownList(b, "Left out", sentences(list, leftOut))
	markdownList(b, "What this data can't tell", append(sentences(list, cantTell), about...))
	return b.Flush()
}

func markdownTable(b *bufio.Writer, rows [][]string) {
	if rows != nil {
		fmt.Fprintln(b)
		text.Markdown(b, "lrrrrrrl", rows)
	}
}

func markdownList(b *bufio.Writer, head string, lines []string) {
	if len(lines) > 0 {
		fmt.Fprintf(b, "\n## %s\n\n", head)
	}
	for _, s := range lines {
		fmt.Fprintf(b, "- %s\n", results.EscapeMarkdown(s))
	}
}
