package main

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
	var b strings.Builder
	for _, t := range words.Topics {
		fmt.Fprintf(&b, "%s\n\n", t.Name)
		for _, w := range t.Words {
			text.Wrap(&b, "  "+w.Name+": ", "      ", strings.ReplaceAll(w.Meaning, "`", ""))
		}
		b.WriteByte('\n')
	}
	return &cobra.Command{Use: "words", Short: "What the words mean", Long: b.String()}
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
