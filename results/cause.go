package results

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// Texts that are refused as a whole: what is read of them would mislead.
var (
	errUTF16    = errors.New("the text is UTF-16: convert it to UTF-8, as with iconv -f UTF-16 -t UTF-8")
	errTestJSON = errors.New("the text is what \"go test -json\" prints: give what \"go test -bench\" prints without -json")
)

// refuse is why a text that begins so is refused; nil where it is not.
func refuse(head []byte) error {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	switch {
	case bytes.HasPrefix(head, []byte("\xFF\xFE")), bytes.HasPrefix(head, []byte("\xFE\xFF")),
		len(head) >= 4 && (head[0] == 0) == (head[2] == 0) && (head[1] == 0) == (head[3] == 0) && (head[0] == 0) != (head[1] == 0):
		return errUTF16
	case bytes.HasPrefix(line, []byte("{")) && bytes.Contains(line, []byte(`"Action":"`)):
		return errTestJSON
	}
	return nil
}

// isConflict reports whether a line is what a version control system leaves where
// a merge failed: of the two versions around it one is wrong.
func isConflict(line []byte) bool {
	for _, mark := range []string{"<<<<<<< ", ">>>>>>> "} {
		if bytes.HasPrefix(line, []byte(mark)) {
			return true
		}
	}
	return false
}

// benchAfter finds a result in a line that begins with something else: the time
// that a CI system puts before each line, indentation, a color.
var benchAfter = newForm(`Benchmark\S*[ \t]+[0-9]+[ \t]+[0-9.]+ \S`)

// prefixed is the results that text before them hides.
type prefixed struct {
	n, line int
	text    string // before the first
}

func (p *prefixed) see(line []byte, n int) {
	if i := bytes.Index(line, []byte("Benchmark")); i > 0 && benchAfter.MatchString(string(line[i:])) {
		if p.n++; p.n == 1 {
			p.line, p.text = n, excerpt(line[:i])
		}
	}
}

// warning is "" where there are none.
func (p *prefixed) warning(file string) string {
	if p.n == 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d: text before \"Benchmark\" (\"%s\") hides %s: give the output as go test printed it",
		Quote(file), p.line, p.text, Plural(p.n, "result"))
}

// Nothing gives the cause where the set has no record that a report shows; it is
// "" where it has one.
func (s *Set) Nothing() string {
	at := Quote(s.file) + ": "
	switch {
	case s.kept > 0:
		return ""
	case s.others > 0:
		return at + fmt.Sprintf("%s of other benchmarks, and none of a cell: compare OLD NEW shows these", Plural(s.others, "result"))
	case s.hidden.n > 0:
		return s.hidden.warning(s.file)
	case len(s.Problems) > 0:
		return at + fmt.Sprintf("no record: no line can be used, as line %d: %s", s.Problems[0].Line, s.Problems[0].Reason)
	case s.lines == 0:
		return at + "no records: it is empty"
	case s.json:
		return at + "no records"
	}
	return at + "no records: no line begins with \"Benchmark\" and has a number with a unit, as \"go test -bench\" prints it"
}

// excerpt is the beginning of a text, fit to be shown.
func excerpt(text []byte) string {
	const most = 80
	if len(text) > most {
		return Quote(string(bytes.ToValidUTF8(text[:most], nil))) + "…"
	}
	return Quote(string(text))
}

// Plural counts: "1 cell", "2 cells", "2 launches".
func Plural(n int, what string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(what, "ch"):
		what += "es"
	default:
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

// Some names the first four of many, joined by a word such as " and ", and counts
// the rest. Each is harmless on a terminal.
func Some(list []string, join string) string {
	const most = 4
	var shown []string
	for _, v := range list[:min(most, len(list))] {
		shown = append(shown, Quote(v))
	}
	if more := len(list) - most; more > 0 {
		shown = append(shown, fmt.Sprintf("%d others", more))
	}
	return strings.Join(shown, join)
}
