package advise

import (
	"bufio"
	"fmt"
	"io"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// WriteText writes advice for a terminal, 100 columns wide: answers to one
// question, in several places. The sentences of about, which hold for all of
// it, join what the data can't tell.
func WriteText(w io.Writer, list []Advice, about []string) error {
	b := bufio.NewWriter(w)
	for i, a := range list {
		if i == 0 {
			fmt.Fprintln(b, a.title())
		}
		fmt.Fprintf(b, "\n%s\n", a.where())
		text.Wrap(b, "  ", "  ", a.Verdict)
		textTable(b, a.table())
		if s := a.toSave(); s != "" {
			fmt.Fprintln(b)
			text.Wrap(b, "  ", "  ", s)
		}
		for _, n := range a.Neighbours {
			fmt.Fprintf(b, "\n  at %s: %s\n", results.FormatBytes(n.Size), n.Verdict)
			textTable(b, n.table())
		}
	}
	for i, f := range recommended(list) {
		if i == 0 {
			fmt.Fprintln(b, "\nBeware (`ipcbench explain MECHANISM` shows more)")
		}
		fmt.Fprintf(b, "  %s\n", f.Mechanism)
		for _, c := range f.Cautions {
			text.Wrap(b, "  - ", "    ", caution(c))
		}
	}
	textList(b, "Left out", sentences(list, leftOut))
	textList(b, "What this data can't tell", append(sentences(list, cantTell), about...))
	return b.Flush()
}

func textTable(b *bufio.Writer, rows [][]string) {
	if rows != nil {
		fmt.Fprintln(b)
		text.Table(b, "    ", "l", rows)
	}
}

func textList(b *bufio.Writer, head string, lines []string) {
	if len(lines) > 0 {
		fmt.Fprintf(b, "\n%s\n", head)
	}
	for _, s := range lines {
		text.Wrap(b, "  - ", "    ", s)
	}
}
