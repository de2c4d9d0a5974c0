package advise

import (
	"bufio"
	"io"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// WriteText writes advice for a terminal, 100 columns wide: answers to one
// question, in several places. The sentences of about, which hold for all of
// it, join what the data can't tell.
func WriteText(w io.Writer, list []Advice, about []string) error {
	return write(text.Form{Writer: bufio.NewWriter(w)}, list, about)
}

// WriteMarkdown writes what WriteText does, as Markdown.
func WriteMarkdown(w io.Writer, list []Advice, about []string) error {
	return write(text.Form{Writer: bufio.NewWriter(w), Markdown: true}, list, about)
}

func write(f text.Form, list []Advice, about []string) error {
	title, heading, neighbour, align := "%s\n", "\n%s\n", "\n  at %s: %s\n", "l"
	if f.Markdown {
		title, heading, neighbour, align = "# %s\n", "\n## %s\n\n", "\nAt %s: %s\n", "lrrrrrrl"
	}
	paragraph := func(s string) {
		if f.Markdown {
			f.Printf("%s\n", f.Escape(s))
		} else {
			text.Wrap(f, "  ", "  ", s)
		}
	}
	for i, a := range list {
		if i == 0 {
			f.Printf(title, f.Escape(a.title()))
		}
		f.Printf(heading, f.Escape(a.where()))
		paragraph(a.Verdict)
		f.Table("    ", align, a.table())
		if s := a.toSave(); s != "" {
			f.Printf("\n")
			paragraph(s)
		}
		for _, n := range a.Neighbours {
			f.Printf(neighbour, results.FormatBytes(n.Size), f.Escape(n.Verdict))
			f.Table("    ", align, n.table())
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
	return f.Flush()
}
