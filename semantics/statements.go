package semantics

import (
	"fmt"
	"io"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// WriteStatements lists what is checked, as Markdown: what of it is the same on
// every machine.
func WriteStatements(w io.Writer) error {
	for i, f := range Families {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if _, err := fmt.Fprintf(w, "## %s (`%s`)\n\n", f.Title, f.Name); err != nil {
			return err
		}
		text.Head(w, "l", "", "statement", "what the kernel answers", "source", "since Linux")
		for _, c := range f.Checks {
			expect := results.EscapeMarkdown(c.Expect)
			if c.Expect == "" {
				expect = "*recorded*"
			}
			for _, o := range c.Before {
				expect += fmt.Sprintf("; before %s: %s", o.Release, results.EscapeMarkdown(o.Expect))
			}
			text.Row(w, c.ID, results.EscapeMarkdown(c.Statement), expect, results.EscapeMarkdown(c.Source), c.Since)
		}
	}
	return nil
}
