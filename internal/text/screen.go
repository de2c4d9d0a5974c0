package text

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strings"
)

// Screen is what text is laid out for: a terminal, or a file. In a file a row of a
// table is a line, whole, so that programs find it; prose has 100 columns there.
type Screen struct {
	Columns int  // of the terminal, at least 60; 0: a file
	Color   bool // a terminal that shows colors, which NO_COLOR does not forbid
}

// A Mark is how a word stands out on a terminal with colors. No mark carries a
// fact that the word does not.
type Mark string

// The marks, as parameters of SGR (ECMA-48): the first eight colors follow the
// terminal's theme.
const (
	Plain  Mark = ""
	Strong Mark = "1"  // an answer, a heading
	Faint  Mark = "2"  // what is beside the point
	Bad    Mark = "31" // slower, failed
	Good   Mark = "32" // faster, ok
	Doubt  Mark = "33" // untrusted, can't tell, a warning
)

const (
	escape = "\x1b["
	reset  = escape + "0m"
)

// Paint is text with a mark, or text where the screen has no colors.
func (s Screen) Paint(m Mark, text string) string {
	if !s.Color || m == Plain || text == "" {
		return text
	}
	return escape + string(m) + "m" + text + reset
}

// Width is how many columns a line of text may take.
func (s Screen) Width() int { return cmp.Or(s.Columns, columns) }

// Wrap writes words in lines behind prefixes, as WrapAt does, as wide as the screen
// but of at most 100 columns: longer lines are hard to follow.
func (s Screen) Wrap(w io.Writer, first, rest, words string) error {
	return WrapAt(w, min(s.Width(), columns), first, rest, words)
}

// Short is a name that stands behind so many columns; where a terminal has no room
// for it its middle gives way.
func (s Screen) Short(behind int, name string) string {
	if s.Columns == 0 {
		return name
	}
	return Shorten(name, s.Columns-behind)
}

// A Column is one of Screen.Table.
type Column struct {
	Head  string
	Right bool // flush right: numbers
	Drop  int  // a table that is too wide loses the columns with the highest first, together; 0: kept
	Least int  // a name that may lose its middle, down to so many characters; 0: kept whole
	Prose bool // text that continues below itself; only for the last column
}

// leastProse is the width below which prose stands below its row instead of
// beside it: lines of fewer characters hold two or three words.
const leastProse = 24

// Table writes rows below the heads of their columns, behind an indent and two
// spaces apart, no wider than a terminal: columns drop in their order, then names
// lose their middle, and prose takes the room that is left. It returns the heads of
// the columns that dropped. Rows are as long as columns; without a head there is no
// line for them.
func (s Screen) Table(w io.Writer, indent string, all []Column, rows [][]string) (dropped []string, err error) {
	if s.Columns == 0 {
		s.Columns = math.MaxInt
	}
	kept := make([]int, len(all))
	for i := range kept {
		kept[i] = i
	}
	most := make([]int, len(all))
	for i, c := range all {
		most[i] = length(c.Head)
		for _, row := range rows {
			most[i] = max(most[i], length(row[i]))
		}
	}
	needed := func() int {
		n := length(indent) - 2
		for _, i := range kept {
			switch c := all[i]; {
			case c.Prose:
				n += 2 + min(most[i], leastProse)
			default:
				n += 2 + most[i]
			}
		}
		return n
	}
	for needed() > s.Width() {
		worst := 0
		for _, i := range kept {
			worst = max(worst, all[i].Drop)
		}
		if worst == 0 {
			break
		}
		kept = slices.DeleteFunc(kept, func(i int) bool {
			gone := all[i].Drop == worst
			if gone && !slices.Contains(dropped, all[i].Head) {
				dropped = append(dropped, all[i].Head)
			}
			return gone
		})
	}
	for needed() > s.Width() {
		widest := -1
		for _, i := range kept {
			if all[i].Least > 0 && most[i] > all[i].Least && (widest < 0 || most[i] > most[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		most[widest] = max(all[widest].Least, most[widest]-(needed()-s.Width()))
	}
	var b strings.Builder
	if slices.ContainsFunc(all, func(c Column) bool { return c.Head != "" }) {
		s.row(&b, indent, all, kept, most, nil)
	}
	for _, row := range rows {
		s.row(&b, indent, all, kept, most, row)
	}
	_, err = io.WriteString(w, b.String())
	return dropped, err
}

// Fits reports whether Table, behind an indent of two, would drop nothing, shorten
// nothing and continue nothing.
func (s Screen) Fits(all []Column, rows [][]string) bool {
	if s.Columns == 0 {
		return true
	}
	heads := make([]string, len(all))
	for i, c := range all {
		heads[i] = c.Head
	}
	return Width(append([][]string{heads}, rows...)) <= s.Columns
}

// row writes one row, nil for the heads.
func (s Screen) row(b *strings.Builder, indent string, all []Column, kept, most []int, row []string) {
	line := indent
	for _, i := range kept {
		cell := all[i].Head
		if row != nil {
			cell = row[i]
		}
		if all[i].Prose {
			at := length(line)
			if s.Width()-at < min(most[i], leastProse) {
				if b.WriteString(strings.TrimRight(line, " ") + "\n"); cell == "" || row == nil {
					return
				}
				at = length(indent) + 4
				line = strings.Repeat(" ", at)
			}
			if cell != "" {
				lead := cell[:len(cell)-len(strings.TrimLeft(cell, " "))]
				WrapAt(b, s.Width(), line+lead, strings.Repeat(" ", at)+lead, cell)
				return
			}
			continue
		}
		cell = Shorten(cell, most[i])
		pad := strings.Repeat(" ", most[i]-length(cell))
		if all[i].Right {
			line += pad + cell + "  "
		} else {
			line += cell + pad + "  "
		}
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}

// Dropped is the note below a table that lost columns, which names them and where
// all are; "" where none was lost.
func Dropped(heads []string, where string) string {
	if len(heads) == 0 {
		return ""
	}
	return fmt.Sprintf("left out for lack of room: %s; %s has all", strings.Join(heads, ", "), where)
}

// Shorten is s in at most n columns: where it takes more its middle gives way to an
// ellipsis. A mark of the whole of it stays, others go.
func Shorten(s string, n int) string {
	if length(s) <= n || n < 3 {
		return s
	}
	begin, end := "", ""
	if marked, ok := strings.CutSuffix(s, reset); ok && strings.HasPrefix(s, escape) {
		begin, end = marked[:strings.IndexByte(marked, 'm')+1], reset
	}
	r := slices.Collect(seen(s))
	head := n / 2
	return begin + string(r[:head]) + "…" + string(r[len(r)-(n-1-head):]) + end
}

// seen are the characters of s that a terminal shows: no marks.
func seen(s string) iter.Seq[rune] {
	return func(yield func(rune) bool) {
		in := false
		for _, r := range s {
			switch {
			case r == '\x1b':
				in = true
			case in:
				in = r != 'm'
			case !yield(r):
				return
			}
		}
	}
}

// length is how many columns s takes on a terminal.
func length(s string) (n int) {
	for range seen(s) {
		n++
	}
	return n
}
