package choose

import (
	"bufio"
	"io"
	"math"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// WriteText writes advice for a terminal of so many columns: answers to one
// question, in several places. The sentences of about, which hold for all of it,
// join what the data can't tell.
func WriteText(w io.Writer, list []Advice, about []string, columns int) error {
	return write(text.Form{Writer: bufio.NewWriter(w), Columns: columns}, list, about)
}

// WriteMarkdown writes what WriteText does, as Markdown.
func WriteMarkdown(w io.Writer, list []Advice, about []string) error {
	return write(text.Form{Writer: bufio.NewWriter(w), Markdown: true}, list, about)
}

func write(f text.Form, list []Advice, about []string) error {
	title, heading, neighbour := "%s\n", "\n%s\n", "\n  at %s:\n"
	width := f.Columns - 2
	if f.Markdown {
		title, heading, neighbour, width = "# %s\n", "\n## %s\n\n", "\nAt %s:\n\n", math.MaxInt
	}
	ranking := func(a Advice) {
		f.Paragraph("  ", a.Sentence+".")
		rows, align := a.table(width)
		f.Table("  ", align, rows)
		if s := a.toCome(); s != "" {
			f.Printf("\n")
			f.Paragraph("  ", s+".")
		}
	}
	for i, a := range list {
		if i == 0 {
			f.Printf(title, f.Escape(a.title()))
		}
		f.Printf(heading, f.Escape(a.where()))
		ranking(a)
		if s := a.toSave(); s != "" {
			f.Printf("\n")
			f.Paragraph("  ", s+".")
		}
		for _, n := range a.Neighbours {
			f.Printf(neighbour, results.FormatBytes(n.Size))
			ranking(n)
		}
	}
	for i, fact := range recommended(list) {
		name := fact.Mechanism + ": "
		if i == 0 && f.Markdown {
			f.Printf(heading, "Beware")
		} else if i == 0 {
			f.Printf(heading, "Beware (`ipcbench explain MECHANISM` shows more)")
		}
		if !f.Markdown {
			f.Printf("  %s\n", fact.Mechanism)
			name = ""
		}
		for _, c := range fact.Cautions {
			f.Item(name + caution(c))
		}
	}
	listed := func(head string, lines []string) {
		for i, s := range lines {
			if i == 0 {
				f.Printf(heading, head)
			}
			f.Item(s)
		}
	}
	listed("Left out", sentences(list, leftOut))
	listed("What this data can't tell", append(sentences(list, cantTell), about...))
	for _, a := range list {
		if a.Next != "" && len(a.Ranked) > 0 {
			f.Printf(heading, "Next")
			f.Item("`" + a.Next + "` gives it more time")
		}
	}
	return f.Flush()
}
