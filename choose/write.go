package choose

import (
	"bufio"
	"io"
	"slices"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// WriteText writes advice for a screen: answers to one question, in several places.
// The sentences of about, which hold for all of it, join what the data can't tell.
func WriteText(w io.Writer, list []Advice, about []string, screen text.Screen) error {
	return write(text.Form{Writer: bufio.NewWriter(w), Columns: screen.Columns}, screen, list, about)
}

// WriteMarkdown writes what WriteText does, as Markdown.
func WriteMarkdown(w io.Writer, list []Advice, about []string) error {
	return write(text.Form{Writer: bufio.NewWriter(w), Markdown: true}, text.Screen{}, list, about)
}

func write(f text.Form, screen text.Screen, list []Advice, about []string) error {
	heading, neighbour := "\n%s\n", "\n  at %s:\n"
	if f.Markdown {
		heading, neighbour = "\n## %s\n\n", "\nAt %s:\n\n"
	}
	ranking := func(a Advice) {
		f.Paragraph("  ", screen.Paint(text.Strong, a.Sentence+"."))
		if heads, rows := a.table(screen); rows != nil {
			f.Printf("\n")
			writeTable(f, screen, heads, rows)
		}
		if s := a.toCome(); s != "" {
			f.Printf("\n")
			f.Paragraph("  ", s+".")
		}
	}
	for i, a := range list {
		if i == 0 {
			writeTitle(f, screen, a.title())
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

func writeTitle(f text.Form, screen text.Screen, title string) {
	if f.Markdown {
		f.Printf("# %s\n", f.Escape(title))
		return
	}
	screen.Wrap(f, "", "  ", title)
}

func writeTable(f text.Form, screen text.Screen, heads []text.Column, rows [][]string) {
	if !f.Markdown {
		dropped, _ := screen.Table(f, "  ", heads, rows) // errors come with Flush
		if note := text.Dropped(dropped, "--format markdown"); note != "" {
			screen.Wrap(f, "  ", "  ", note)
		}
		return
	}
	names, align := []string{}, ""
	for _, h := range heads {
		names = append(names, h.Head)
		align += map[bool]string{true: "r", false: "l"}[h.Right]
	}
	text.Markdown(f, align, slices.Insert(rows, 0, names))
}
