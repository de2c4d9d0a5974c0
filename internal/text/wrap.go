// Package text lays text out for a terminal.
package text

import (
	"fmt"
	"io"
	"strings"
)

// columns that text for a terminal may take.
const columns = 100

// Wrap writes words of text in lines of at most 100 columns, the first line
// behind the prefix first, the others behind rest. A longer word stands alone.
func Wrap(w io.Writer, first, rest, text string) error { return WrapAt(w, columns, first, rest, text) }

// WrapAt is Wrap for another number of columns.
func WrapAt(w io.Writer, columns int, first, rest, text string) error {
	var b strings.Builder
	line := first
	for i, word := range strings.Fields(text) {
		switch {
		case i == 0:
		case length(line)+1+length(word) > columns:
			b.WriteString(line + "\n")
			line = rest
		default:
			line += " "
		}
		line += word
	}
	_, err := fmt.Fprintf(w, "%s%s\n", b.String(), line)
	return err
}
