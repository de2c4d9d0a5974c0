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
	Least int  // a name that may lose its middle, down to so many characters, 0: kept whole; of prose, the room for which columns drop
	Prose bool // text that continues below itself; only for the last column
}

// leastProse is the width below which prose stands below its row instead of
// beside it: lines of fewer characters hold two or three words.
const leastProse = 24

// Table writes rows below the heads of their columns, behind an indent and two
// spaces apart, no wider than a terminal: columns drop in their order, then names
// lose their middle, and prose takes the room that is left. Where that is too little
// prose stands below its row. It returns the heads of the columns that dropped. Rows
// are as long as columns; without a head there is no line for them.
func (s Screen) Table(w io.Writer, indent string, all []Column, rows [][]string) (dropped []string, err error) {
	if s.Columns == 0 {
		s.Columns = math.MaxInt
	}
	t := table{Screen: s, indent: indent, all: all, most: make([]int, len(all)), beside: true}
	for i, c := range all {
		t.kept = append(t.kept, i)
		t.most[i] = length(c.Head)
		for _, row := range rows {
			t.most[i] = max(t.most[i], length(row[i]))
			if c.Prose {
				for word := range strings.FieldsSeq(row[i]) {
					t.word = max(t.word, length(word))
				}
			}
		}
	}
	dropped = t.drop()
	whole := slices.Clone(t.most)
	if t.shorten(); t.needed() > s.Columns && t.beside {
		t.beside, t.most = false, whole
		t.shorten()
	}
	var b strings.Builder
	if slices.ContainsFunc(all, func(c Column) bool { return c.Head != "" }) {
		t.row(&b, nil)
	}
	for _, row := range rows {
		t.row(&b, row)
	}
	_, err = io.WriteString(w, b.String())
	return dropped, err
}

// A table is one that is being laid out.
type table struct {
	Screen
	indent string
	all    []Column
	kept   []int // columns, by index
	most   []int // the widths of columns
	word   int   // the width of the longest word of prose
	beside bool  // prose stands beside the other columns, where they leave room
}

// needed is how wide the table is at least.
func (t *table) needed() int {
	n := length(t.indent) - 2
	for _, i := range t.kept {
		switch c := t.all[i]; {
		case !c.Prose:
			n += 2 + t.most[i]
		case t.beside:
			n += 2 + min(t.most[i], max(c.Least, leastProse, t.word))
		}
	}
	return n
}

// drop leaves out columns until the table fits or none may go, and returns their
// heads, each once.
func (t *table) drop() (heads []string) {
	for t.needed() > t.Columns {
		worst := 0
		for _, i := range t.kept {
			worst = max(worst, t.all[i].Drop)
		}
		if worst == 0 {
			break
		}
		t.kept = slices.DeleteFunc(t.kept, func(i int) bool {
			gone := t.all[i].Drop == worst
			if gone && !slices.Contains(heads, t.all[i].Head) {
				heads = append(heads, t.all[i].Head)
			}
			return gone
		})
	}
	return heads
}

// shorten makes the widest names shorter until the table fits or none may be.
func (t *table) shorten() {
	for t.needed() > t.Columns {
		widest := -1
		for _, i := range t.kept {
			if least := t.all[i].Least; least > 0 && !t.all[i].Prose && t.most[i] > least && (widest < 0 || t.most[i] > t.most[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		t.most[widest]--
	}
}

// row writes one row, nil for the heads.
func (t *table) row(b *strings.Builder, row []string) {
	line := t.indent
	for _, i := range t.kept {
		cell := t.all[i].Head
		if row != nil {
			cell = row[i]
		}
		if !t.all[i].Prose {
			cell = Shorten(cell, t.most[i])
			pad := strings.Repeat(" ", t.most[i]-length(cell))
			if t.all[i].Right {
				cell = pad + cell
			} else {
				cell += pad
			}
			line += cell + "  "
			continue
		}
		if cell == "" || row == nil && !t.beside {
			continue
		}
		at := length(line)
		if !t.beside {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			at = length(t.indent) + 4
			line = strings.Repeat(" ", at)
		}
		lead := cell[:len(cell)-len(strings.TrimLeft(cell, " "))]
		WrapAt(b, t.Columns, line+lead, strings.Repeat(" ", at)+lead, cell)
		return
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
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
