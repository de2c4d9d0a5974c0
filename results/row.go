package results

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// A column is a field of a struct, by its name in JSON. In a record of schema 2
// a struct is a row: an array of its fields.
type column struct {
	name  string
	field int
	null  bool // its 0 is the absence of a value, and null in a row
}

// layout is the columns of the rows of a file, by the key that they stand
// under. A file says which it has, so that a later version can add one.
type layout map[string][]column

// allColumns are those that this version writes.
var allColumns = layout{
	"latency": columnsOf(Latency{}), "rounds": columnsOf(Round{}), "workers": columnsOf(Worker{}), "links": columnsOf(Link{}),
	"given": columnsOf(Given{}), "overhead": columnsOf(Cost{}), "noise": columnsOf(Noise{}),
}

func columnsOf(row any) (all []column) {
	t := reflect.TypeOf(row)
	for i := range t.NumField() {
		name, tag, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		all = append(all, column{name, i, tag == "omitempty" && t.Field(i).Type.Kind() != reflect.Bool})
	}
	return all
}

func namesOf(columns []column) (names []string) {
	for _, c := range columns {
		names = append(names, c.name)
	}
	return names
}

// names is the layout as a file has it.
func (l layout) names() map[string][]string {
	out := map[string][]string{}
	for table, columns := range l {
		out[table] = namesOf(columns)
	}
	return out
}

// newLayout finds the columns of those names, each of which must be known and
// named once.
func newLayout(names map[string][]string) (layout, error) {
	l := layout{}
	for table, of := range names {
		for i, name := range of {
			at := slices.IndexFunc(allColumns[table], func(c column) bool { return c.name == name })
			if at < 0 || slices.Contains(of[:i], name) {
				return nil, fmt.Errorf("column %s of %s: want each of %v at most once", Quote(name), Quote(table), namesOf(allColumns[table]))
			}
			l[table] = append(l[table], allColumns[table][at])
		}
	}
	return l, nil
}

// appendRow is v as a row of the table; nothing where it is nil.
func appendRow[T any](table string, v *T, err *error) json.RawMessage {
	if v == nil {
		return nil
	}
	to := json.RawMessage{'['}
	of := reflect.ValueOf(v).Elem()
	for i, c := range allColumns[table] {
		if i > 0 {
			to = append(to, ',')
		}
		field := of.Field(c.field)
		if c.null && field.IsZero() {
			to = append(to, "null"...)
			continue
		}
		value, e := json.Marshal(field.Interface())
		if e != nil {
			*err = fmt.Errorf("%s.%s: %w", table, c.name, e)
		}
		to = append(to, value...)
	}
	return append(to, ']')
}

// readRow reads what appendRow writes.
func readRow[T any](table string, raw json.RawMessage, l layout, err *error) *T {
	if raw == nil || string(raw) == "null" || *err != nil {
		return nil
	}
	v := new(T)
	*err = l.read(table, raw, v)
	return v
}

// read reads a row into the struct that v points to.
func (l layout) read(table string, raw []byte, v any) error {
	columns := l[table]
	of := reflect.ValueOf(v).Elem()
	n := 0
	err := elements(raw, func(value []byte) error {
		if n++; n > len(columns) {
			return nil
		}
		c := columns[n-1]
		if err := setValue(of.Field(c.field).Addr().Interface(), value); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		return nil
	})
	if err == nil && n != len(columns) {
		err = fmt.Errorf("a row of %d values: want %d: %v", n, len(columns), namesOf(columns))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", table, err)
	}
	return nil
}

// elements calls each with the elements of an array, which must be JSON. That
// and setValue read a record in a third of the time that encoding/json takes,
// which looks at every byte several times.
func elements(array []byte, each func([]byte) error) error {
	if array = bytes.TrimSpace(array); array[0] != '[' {
		return fmt.Errorf("%.20s: want an array", array)
	}
	depth, begin, quoted := 0, 1, false
	for i := 0; i < len(array); i++ {
		switch c := array[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
		case c == '}' || c == ']':
			depth--
		}
		if !quoted && (depth == 1 && array[i] == ',' || depth == 0) {
			if value := bytes.TrimSpace(array[begin:i]); len(value) > 0 {
				if err := each(value); err != nil {
					return err
				}
			}
			begin = i + 1
		}
	}
	return nil
}

// setValue reads a JSON value into what v points to: whole numbers, which most
// are, by itself.
func setValue(v any, value []byte) error {
	n, err := strconv.ParseInt(string(value), 10, 64)
	whole := err == nil && value[0] != '+'
	switch v := v.(type) {
	case *int64:
		if whole {
			*v = n
			return nil
		}
	case *int:
		if whole && int64(int(n)) == n {
			*v = int(n)
			return nil
		}
	case *Count:
		if whole {
			*v = Known(n)
			return nil
		}
	}
	return json.Unmarshal(value, v)
}

// maxRows is more than a record has of rounds, workers or links.
const maxRows = 10_000

// appendRows is a list of rows. A number n stands for n more that are equal to
// the row before it: 16 senders have 16 links, and mostly equal ones.
func appendRows[T any](table string, all []T, err *error) (to json.RawMessage) {
	if all == nil {
		return nil
	}
	if len(all) > maxRows {
		*err = fmt.Errorf("%d %s: want at most %d", len(all), table, maxRows)
	}
	to = json.RawMessage{'['}
	var before []byte
	repeats := 0
	again := func() {
		if repeats > 0 {
			to = append(strconv.AppendInt(to, int64(repeats), 10), ',')
		}
		repeats = 0
	}
	for i := range all {
		row := appendRow(table, &all[i], err)
		if bytes.Equal(row, before) {
			repeats++
			continue
		}
		again()
		to = append(append(to, row...), ',')
		before = row
	}
	again()
	return append(bytes.TrimSuffix(to, []byte{','}), ']')
}

// readRows reads what appendRows writes.
func readRows[T any](table string, raw json.RawMessage, l layout, err *error) (all []T) {
	if raw == nil || *err != nil {
		return nil
	}
	all = []T{}
	*err = elements(raw, func(row []byte) error {
		var n int
		if row[0] == '[' {
			all = append(all, *new(T))
			return l.read(table, row, &all[len(all)-1])
		}
		if err := setValue(&n, row); err != nil || len(all) == 0 || n < 1 || n > maxRows-len(all) {
			return fmt.Errorf("%s: a row stands %.20s times more: want one before it, and at most %d in all", table, row, maxRows)
		}
		for range n {
			all = append(all, all[len(all)-1])
		}
		return nil
	})
	return all
}
