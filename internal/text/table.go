package text

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Align writes rows of text, the first of them the head. The first column
// is flush left, the others are flush right, two spaces between and before.
func Align(w io.Writer, rows [][]string) error {
	widths := widths(rows)
	var b strings.Builder
	for _, row := range rows {
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				b.WriteString("  " + cell + pad)
			} else {
				b.WriteString("  " + pad + cell)
			}
		}
		b.WriteByte('\n')
	}
	_, err := fmt.Fprint(w, b.String())
	return err
}

// Width is how many columns of a terminal Align takes for rows.
func Width(rows [][]string) (n int) {
	for _, w := range widths(rows) {
		n += 2 + w
	}
	return n
}

func widths(rows [][]string) (all []int) {
	for _, row := range rows {
		for i, cell := range row {
			if i == len(all) {
				all = append(all, 0)
			}
			all[i] = max(all[i], utf8.RuneCountInString(cell))
		}
	}
	return all
}
