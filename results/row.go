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
func (l layout) read(table string, raw json.RawMessage, v any) error {
	var values []json.RawMessage
	if err := json.Unmarshal(raw, &values); err != nil {
		return fmt.Errorf("%s: %w", table, err)
	}
	columns := l[table]
	if len(values) != len(columns) {
		return fmt.Errorf("%s has a row of %d values: want %d: %v", table, len(values), len(columns), namesOf(columns))
	}
	of := reflect.ValueOf(v).Elem()
	for i, c := range columns {
		if err := json.Unmarshal(values[i], of.Field(c.field).Addr().Interface()); err != nil {
			return fmt.Errorf("%s.%s: %w", table, c.name, err)
		}
	}
	return nil
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
	var rows []json.RawMessage
	if *err = json.Unmarshal(raw, &rows); *err != nil {
		return nil
	}
	all = make([]T, 0, len(rows))
	for _, row := range rows {
		n, e := strconv.Atoi(string(row))
		switch {
		case e != nil:
			var v T
			if *err = l.read(table, row, &v); *err != nil {
				return nil
			}
			all = append(all, v)
		case len(all) == 0 || n < 1 || n > maxRows:
			*err = fmt.Errorf("%s has a row that stands %d times more: want one before it, and at most %d", table, n, maxRows)
			return nil
		default:
			for range n {
				all = append(all, all[len(all)-1])
			}
		}
		if len(all) > maxRows {
			*err = fmt.Errorf("%s has more than %d rows", table, maxRows)
			return nil
		}
	}
	return all
}
