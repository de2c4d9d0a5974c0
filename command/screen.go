package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"ipcbench/internal/text"
)

// screen is what out shows: a terminal with its width, or a file. A terminal has
// colors unless NO_COLOR (https://no-color.org) or TERM=dumb forbids them; --color
// decides over both.
func screen(out io.Writer) (s text.Screen) {
	if w, ok := out.(*checkedWriter); ok {
		out = w.to
	}
	f, ok := out.(*os.File)
	if ok && term.IsTerminal(int(f.Fd())) {
		s.Columns = 80 // of one that does not know
		if n, _, err := term.GetSize(int(f.Fd())); err == nil && n > 0 {
			s.Columns = max(n, 60)
		}
		s.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	switch coloring {
	case "always":
		s.Color = true
	case "never":
		s.Color = false
	}
	return s
}

// colorFlag is when there are colors.
type colorFlag string

var (
	coloring   colorFlag = "auto"
	colorTimes           = []string{"auto", "always", "never"}
)

func (f *colorFlag) String() string { return string(*f) }
func (f *colorFlag) Type() string   { return "WHEN" }

func (f *colorFlag) Set(s string) error {
	if !slices.Contains(colorTimes, s) {
		return errors.New(strings.Join(colorTimes, ", "))
	}
	*f = colorFlag(s)
	return nil
}

// tell writes a message behind its kind, as in "warning:": a line in a file, and
// wrapped on a terminal.
func tell(out io.Writer, m text.Mark, kind, message string) {
	s := screen(out)
	if s.Columns == 0 {
		fmt.Fprintln(out, s.Paint(m, kind), message)
		return
	}
	s.Wrap(out, s.Paint(m, kind)+" ", "  ", message)
}

// warn writes a warning to standard error.
func warn(c *cobra.Command, what string) { tell(c.ErrOrStderr(), text.Doubt, "warning:", what) }
