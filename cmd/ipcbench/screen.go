package main

import (
	"io"
	"os"

	"golang.org/x/term"

	"ipcbench/internal/text"
)

// screen is what out shows: a terminal with its width, with colors unless NO_COLOR
// (https://no-color.org) or TERM=dumb forbids them; or a file.
func screen(out io.Writer) (s text.Screen) {
	if w, ok := out.(*checkedWriter); ok {
		out = w.to
	}
	f, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return s
	}
	if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
		s.Columns = max(n, 60)
	}
	s.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	return s
}

// width is that of a terminal, in columns; 110 where out is none.
func width(out io.Writer) int {
	if s := screen(out); s.Columns > 0 {
		return s.Columns
	}
	return 110
}
