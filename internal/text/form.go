package text

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"ipcbench/results"
)

// Form writes for a terminal or as Markdown. Errors come with Flush.
type Form struct {
	*bufio.Writer
	Markdown bool
	Columns  int // of the terminal; 0: 100
}

func (f Form) Printf(format string, args ...any) { fmt.Fprintf(f, format, args...) }

// Escape makes s plain text in the form.
func (f Form) Escape(s string) string {
	if f.Markdown {
		return results.EscapeMarkdown(s)
	}
	return s
}

// Table writes rows, the first of them the head, behind an empty line; nothing
// where there are none. The indent is the terminal's.
func (f Form) Table(indent, align string, rows [][]string) {
	if rows == nil {
		return
	}
	f.Printf("\n")
	if f.Markdown {
		Markdown(f, align, rows)
	} else {
		Table(f, indent, align, rows)
	}
}

// Item writes an item of a list.
func (f Form) Item(s string) {
	if f.Markdown {
		f.Printf("- %s\n", f.Escape(s))
	} else {
		f.wrap("  - ", "    ", s)
	}
}

// Paragraph writes a paragraph, which may have code between backticks. The indent
// is the terminal's.
func (f Form) Paragraph(indent, s string) {
	if f.Markdown {
		f.Printf("%s\n", strings.ReplaceAll(f.Escape(s), "\\`", "`"))
	} else {
		f.wrap(indent, indent, s)
	}
}

func (f Form) wrap(first, rest, s string) { WrapAt(f, cmp.Or(f.Columns, columns), first, rest, s) }

// WriteJSON writes v as JSON that people can read.
func WriteJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
