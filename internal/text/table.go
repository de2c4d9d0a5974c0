package text

import (
	"fmt"
	"io"
	"strings"

	"ipcbench/results"
)

// Table writes rows of text in columns, behind an indent and two spaces apart.
// align has a letter a column, l for flush left and r for flush right; its last
// letter stands for all columns that follow.
func Table(w io.Writer, indent, align string, rows [][]string) error {
	widths := widths(rows)
	var b strings.Builder
	for _, row := range rows {
		line := indent
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-length(cell))
			if side(align, i) == 'r' {
				cell = pad + cell
			} else {
				cell += pad
			}
			line += cell + "  "
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func side(align string, column int) byte { return align[min(column, len(align)-1)] }

// Width is how many columns of a terminal Table takes for rows behind an indent of
// two.
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
			all[i] = max(all[i], length(cell))
		}
	}
	return all
}

// Rows is a table with a row for each of all.
func Rows[T any](head []string, all []T, row func(T) []string) [][]string {
	rows := [][]string{head}
	for _, x := range all {
		rows = append(rows, row(x))
	}
	return rows
}

// Markdown writes rows as a table in Markdown, the first of them the head. It
// escapes every cell. The sides of align are those of Table.
func Markdown(w io.Writer, align string, rows [][]string) error {
	var b strings.Builder
	for i, row := range rows {
		if i == 0 {
			Head(&b, align, row...)
			continue
		}
		cells := make([]any, len(row))
		for k, cell := range row {
			cells[k] = results.EscapeMarkdown(cell)
		}
		Row(&b, cells...)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// Head begins a table in Markdown that is written row by row. Neither Head nor Row
// escapes what it is given.
func Head(w io.Writer, align string, names ...string) {
	line, rule := "|", "|"
	for i, name := range names {
		line += strings.TrimRight(" "+name, " ") + " |"
		rule += map[byte]string{'l': "---|", 'r': "---:|"}[side(align, i)]
	}
	fmt.Fprintf(w, "%s\n%s\n", line, rule)
}

// Row writes a row of a table in Markdown, each cell as fmt.Sprint has it.
func Row(w io.Writer, cells ...any) {
	line := "|"
	for _, cell := range cells {
		line += fmt.Sprintf(" %v |", cell)
	}
	fmt.Fprintln(w, line)
}
