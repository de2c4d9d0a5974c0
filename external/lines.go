package external

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Version is that of the protocol.
const Version = 1

// maxLine bounds a line of the protocol, in bytes: a list of latencies has some
// thousand pairs.
const maxLine = 1 << 20

// line is one of the protocol, docs/protocol.md.
type line struct {
	word   string
	fields map[string]string
	text   string // of error and unsupported
}

// parseLine reads a line without its end.
func parseLine(s string) (l line, err error) {
	word, rest, _ := strings.Cut(s, " ")
	l.word = word
	if word == "error" || word == "unsupported" {
		l.text = strings.TrimSpace(results.Quote(rest))
		return l, nil
	}
	l.fields = map[string]string{}
	for _, field := range strings.Fields(rest) {
		key, value, ok := strings.Cut(field, "=")
		if !ok || key == "" {
			return l, fmt.Errorf("field %q has no value", short(field))
		}
		if _, twice := l.fields[key]; twice {
			return l, fmt.Errorf("field %q comes twice", short(key))
		}
		l.fields[key] = value
	}
	return l, nil
}

// short is the beginning of what a program sent, fit for a message.
func short(s string) string { return results.Quote(s[:min(len(s), 60)]) }

// number reads a field as a number that is not negative.
func (l line) number(key string) (int64, error) {
	n, err := strconv.ParseInt(l.fields[key], 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s: field %s is %q: want a number", l.word, key, short(l.fields[key]))
	}
	return n, nil
}

// list reads a field of n values, in that base of digits.
func (l line) list(key string, n, base int) (all []uint64, err error) {
	values := strings.Split(l.fields[key], ",")
	if len(values) != n {
		return nil, fmt.Errorf("%s: field %s is %q: want %s", l.word, key, short(l.fields[key]), results.Plural(n, "value"))
	}
	for _, text := range values {
		v, err := strconv.ParseUint(text, base, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: field %s has %q: want a number in base %d", l.word, key, short(text), base)
		}
		all = append(all, v)
	}
	return all, nil
}

// talk is the control descriptor of a program.
type talk struct {
	f   *os.File
	r   *bufio.Reader
	due string // the word that it heard last, or waits for
}

func newTalk(f *os.File) *talk { return &talk{f: f, r: bufio.NewReaderSize(f, 64<<10)} }

// say sends a line.
func (t *talk) say(format string, args ...any) error {
	_, err := fmt.Fprintf(t.f, format+"\n", args...)
	return err
}

// hear waits for a line with that word, at most until the deadline. What the program
// sends in its place is an error: a *mechanisms.UnsupportedError for unsupported, a
// *SaidError for error, a *ProtocolError for all else.
func (t *talk) hear(want string, deadline time.Time) (line, error) {
	t.due = want
	t.f.SetReadDeadline(deadline)
	text, err := t.line()
	if err != nil {
		return line{}, err
	}
	l, err := parseLine(text)
	switch {
	case err != nil:
		return l, &ProtocolError{fmt.Sprintf("%s: %v", short(l.word), err)}
	case l.word == "unsupported" && want != "armed" && want != "done":
		return l, &mechanisms.UnsupportedError{What: l.text}
	case l.word == "error":
		return l, &SaidError{l.text}
	case l.word != want:
		return l, &ProtocolError{fmt.Sprintf("it sent %q where %q was due", short(text), want)}
	}
	return l, nil
}

func (t *talk) line() (string, error) {
	var text []byte
	for {
		part, err := t.r.ReadSlice('\n')
		text = append(text, part...)
		switch {
		case len(text) > maxLine:
			return "", &ProtocolError{"a line is longer than " + results.FormatBytes(maxLine)}
		case err == nil:
			return string(text[:len(text)-1]), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			if err == io.EOF && len(text) > 0 {
				err = &ProtocolError{fmt.Sprintf("its last line has no end: %q", short(string(text)))}
			}
			return "", err
		}
	}
}

// SaidError is what a program reported by an error line.
type SaidError struct{ Text string }

func (e *SaidError) Error() string { return "it reports: " + e.Text }

// ProtocolError is a program that does not keep to the protocol.
type ProtocolError struct{ What string }

func (e *ProtocolError) Error() string {
	return "it does not keep to the protocol: " + e.What + ": see docs/protocol.md"
}
