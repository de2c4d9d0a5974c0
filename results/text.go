package results

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"golang.org/x/perf/benchunit"
)

// FormatTime renders nanoseconds: "5.210µs". NaN was not measured: "–".
func FormatTime(ns float64) string {
	switch {
	case math.IsNaN(ns):
		return "–"
	case ns == 0:
		return "0ns"
	}
	v, unit := benchunit.Tidy(ns, "ns")
	return benchunit.Scale(v, benchunit.ClassOf(unit)) + "s"
}

// FormatRate renders bytes per second: "1.395GiB/s". NaN was not measured: "–".
func FormatRate(perSecond float64) string {
	if math.IsNaN(perSecond) {
		return "–"
	}
	return benchunit.Scale(perSecond, benchunit.ClassOf("B/s")) + "B/s"
}

// InBytes is a size that says so: "64 B", "4KiB".
func InBytes(n int) string {
	if text := FormatBytes(n); text != strconv.Itoa(n) {
		return text
	}
	return strconv.Itoa(n) + " B"
}

// maxQuoted is how many bytes Quote keeps, so that no reason and no host
// string can make a line that a reader of the benchmark format gives up on.
const maxQuoted = 4 << 10

// Quote makes s harmless on a terminal and in a line-oriented file: whatever
// is not graphic (control characters, line ends, bidirectional and zero-width
// marks, bytes that are not UTF-8) becomes a Go escape such as \x1b or
// \u202e, and what follows the first 4 KiB becomes "…". Any other string
// comes back unchanged. Every string that came out of a file goes through it
// before it is shown.
func Quote(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		if b.Len() >= maxQuoted {
			return b.String() + "…"
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if strconv.IsGraphic(r) && (r != utf8.RuneError || n > 1) {
			b.WriteString(s[i : i+n])
		} else {
			q := strconv.QuoteToGraphic(s[i : i+n])
			b.WriteString(q[1 : len(q)-1])
		}
		i += n
	}
	return b.String()
}

// EscapeMarkdown makes s plain text in Markdown, wherever it stands in a line,
// and harmless on a terminal: no markup, no HTML, no cell of a table ends early.
func EscapeMarkdown(s string) string {
	s = mdEscapes.Replace(Quote(s))
	if s != "" && strings.ContainsRune("#+-=", rune(s[0])) {
		s = `\` + s // would begin a heading, a list or an underline
	}
	return s
}

var mdEscapes = strings.NewReplacer(
	`&`, `&amp;`, `<`, `&lt;`, `>`, `&gt;`,
	`\`, `\\`, "`", "\\`", `*`, `\*`, `_`, `\_`, `[`, `\[`, `]`, `\]`, `|`, `\|`, `~`, `\~`,
)

// form is a regular expression that is compiled when it is first needed: every
// worker of a launch has this package in it, and matches nothing.
type form struct {
	expr    string
	compile func() *regexp.Regexp
}

func newForm(expr string) form {
	return form{expr, sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })}
}

func (f form) MatchString(s string) bool { return f.compile().MatchString(s) }

func (f form) String() string { return f.expr }
