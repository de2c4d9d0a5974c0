package host

import (
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// tree is where facts are read from. Its paths are absolute, as a reader of
// the machine would type them; an answer that cannot be had is "".
type tree struct{ fs.FS }

// once is the same tree, whose files are read once each.
func (t tree) once() tree { return tree{readOnce{t.FS, map[string][]byte{}}} }

type readOnce struct {
	fs.FS
	read map[string][]byte
}

func (o readOnce) ReadFile(name string) ([]byte, error) {
	if b, ok := o.read[name]; ok {
		return b, nil
	}
	b, err := fs.ReadFile(o.FS, name)
	if err == nil {
		o.read[name] = b
	}
	return b, err
}

func (t tree) raw(name string) string {
	b, err := fs.ReadFile(t.FS, strings.TrimPrefix(name, "/"))
	if err != nil {
		return ""
	}
	return string(b)
}

func (t tree) text(name string) string { return oneLine(t.raw(name)) }

func (t tree) number(name string) (n int64, ok bool) {
	n, err := strconv.ParseInt(t.text(name), 10, 64)
	return n, err == nil
}

func (t tree) exists(name string) bool {
	_, err := fs.Lstat(t.FS, strings.TrimPrefix(name, "/"))
	return err == nil
}

// link returns where a symbolic link points, as in "pid:[4026531836]".
func (t tree) link(name string) string {
	s, err := fs.ReadLink(t.FS, strings.TrimPrefix(name, "/"))
	if err != nil {
		return ""
	}
	return s
}

// glob returns the matching paths in order of names.
func (t tree) glob(pattern string) []string {
	names, _ := fs.Glob(t.FS, strings.TrimPrefix(pattern, "/")) // the only error is a bad pattern
	for i := range names {
		names[i] = "/" + names[i]
	}
	return names
}

// field returns the value of the first "key: value" line of a file.
func (t tree) field(name, key string) string { return fieldOf(t.raw(name), key) }

func fieldOf(text, key string) string {
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == key {
			return oneLine(v)
		}
	}
	return ""
}

// oneLine makes s fit for a line of its own: whatever does not print is a space.
func oneLine(s string) string {
	gap := func(r rune) bool { return unicode.IsSpace(r) || !unicode.IsPrint(r) }
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(s, "?"), gap), " ")
}

// distinct joins the different values in their first order; "" is no value.
func distinct(values []string) string {
	var seen []string
	for _, v := range values {
		if v != "" && !slices.Contains(seen, v) {
			seen = append(seen, v)
		}
	}
	return strings.Join(seen, ", ")
}
