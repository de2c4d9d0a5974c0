package command

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"ipcbench/internal/text"
	"ipcbench/internal/words"
)

// newWords is a help topic: it has nothing to run.
func newWords() *cobra.Command {
	c := &cobra.Command{Use: "words", Short: "What the words mean"}
	c.SetHelpFunc(func(c *cobra.Command, _ []string) {
		out := c.OutOrStdout()
		s := screen(out)
		for i, t := range words.Topics {
			if i > 0 {
				fmt.Fprintln(out)
			}
			fmt.Fprintf(out, "%s\n\n", s.Paint(text.Strong, t.Name))
			for _, w := range t.Words {
				s.Wrap(out, "  "+w.Name+": ", "      ", strings.ReplaceAll(w.Meaning, "`", ""))
			}
		}
	})
	return c
}

// writeWords writes the table as Markdown.
func writeWords(w io.Writer) error {
	var b strings.Builder
	for i, t := range words.Topics {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "## %s\n\n", t.Name)
		text.Head(&b, "l", "word", "meaning")
		for _, w := range t.Words {
			text.Row(&b, w.Name, w.Meaning)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
