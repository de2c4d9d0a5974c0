package results

import (
	"slices"
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

// shellWords renders args so that a shell reads them back.
func shellWords(args []string) string {
	out := make([]string, len(args))
	for i, a := range args {
		out[i] = Quote(a)
		if a == "" || strings.ContainsAny(a, " \t\n\"'\\$&|;<>()*?[]#~`!{}") {
			out[i] = "'" + strings.ReplaceAll(out[i], "'", `'\''`) + "'"
		}
	}
	return strings.Join(out, " ")
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// seeds returns the seeds of the header or, without one, of the records.
func seeds(set *Set) []uint64 {
	if set.Header != nil {
		return []uint64{set.Header.Seed}
	}
	var out []uint64
	for i := range set.Records {
		if seed := set.Records[i].Seed; !slices.Contains(out, seed) {
			out = append(out, seed)
		}
	}
	return out
}
