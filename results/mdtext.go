package results

import (
	"strings"
)

// EscapeMarkdown makes s plain text in Markdown, harmless on a terminal too.
func EscapeMarkdown(s string) string { return escape(s) }

// escape makes s plain text in Markdown, wherever it stands in a line: no
// markup, no HTML, no cell of a table ends early.
func escape(s string) string {
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

// fence writes text as it is, between fences that nothing in it can close.
func (m *markdown) fence(text string) {
	mark := "```"
	for strings.Contains(text, mark) {
		mark += "`"
	}
	m.printf("%stext\n", mark)
	for line := range strings.Lines(strings.TrimRight(text, "\n")) {
		m.printf("%s\n", strings.TrimRight(Quote(strings.TrimSuffix(line, "\n")), " "))
	}
	m.printf("%s\n", mark)
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
