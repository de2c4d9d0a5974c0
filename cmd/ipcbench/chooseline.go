package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"

	"ipcbench/results"
	"ipcbench/runner"
)

// raceLine is the line of a terminal that shows what is left of a race. Elsewhere
// nothing is shown.
type raceLine struct {
	out    io.Writer
	width  int // columns; 0: no terminal
	begin  time.Time
	budget time.Duration
}

func newRaceLine(out io.Writer, budget time.Duration) *raceLine {
	l := &raceLine{out: out, begin: time.Now(), budget: budget}
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		l.width = width(out)
	}
	return l
}

func (l *raceLine) show(h *runner.Heat) {
	if l.width > 0 {
		fmt.Fprintf(l.out, "\r%s\x1b[K", progressOf(h, time.Since(l.begin), l.budget, l.width-1))
	}
}

func (l *raceLine) clear() {
	if l.width > 0 {
		fmt.Fprint(l.out, "\r\x1b[K")
	}
}

// progressOf shows as many names as fit into so many columns.
func progressOf(h *runner.Heat, took, budget time.Duration, columns int) string {
	head := fmt.Sprintf("%d s of %d", int(took.Seconds()), int(budget.Seconds()))
	if len(h.Left) > 0 {
		head += ", " + h.Left[0].Place
	}
	head += fmt.Sprintf(", block %d: ", h.Blocks)
	tail := fmt.Sprintf(" left of %d", h.Of)
	names := ""
	for i, c := range h.Left {
		name, more := c.Mechanism, ""
		if i > 0 {
			name = ", " + name
		}
		if i+1 < len(h.Left) {
			more = fmt.Sprintf(" and %d more", len(h.Left)-i-1)
		}
		if utf8.RuneCountInString(head+names+name+more+tail) > columns {
			names += fmt.Sprintf(" and %d more", len(h.Left)-i)
			break
		}
		names += name
	}
	if names == "" {
		names = results.Plural(len(h.Left), "mechanism")
	}
	line := []rune(head + strings.TrimPrefix(names, " and ") + tail)
	return string(line[:max(0, min(len(line), columns))])
}
