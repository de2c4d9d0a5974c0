package results

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// Type is what the values of a column are.
type Type string

const (
	TextType   Type = "string"
	IntType    Type = "int64"
	UintType   Type = "uint64"
	FloatType  Type = "double"
	BoolType   Type = "boolean"
	MomentType Type = "timestamp" // UTC, to the millisecond
)

// TableColumn is one of the table that programs of others analyse, which has a row for
// each record. Names end with the unit.
type TableColumn struct {
	Name string
	Type Type
	Help string // one line

	// of is a string, int64, uint64, float64, bool or time.Time, as the Type says, or
	// nil where there is no value.
	of func(*Header, *Record) any
}

// Of is the column's value of a record, of a run with that header or, as nil, of a run
// without: a string, int64, uint64, float64, bool or time.Time, as the Type says. It is
// nil where there is no value. A string is harmless on a terminal: see Quote.
func (c *TableColumn) Of(h *Header, r *Record) any {
	switch v := c.of(h, r).(type) {
	case string:
		if v == "" {
			return nil
		}
		return Quote(v)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil
		}
		return v
	default:
		return v
	}
}

// TableColumns are those of the table: which launch it was and how it ended, Axes, Metrics,
// what it took, what the machine did meanwhile, and the host. A new column may stand
// anywhere: readers go by the name.
func TableColumns() []TableColumn {
	text := func(name, help string, of func(*Record) string) TableColumn {
		return TableColumn{name, TextType, help, func(_ *Header, r *Record) any { return of(r) }}
	}
	// number has no value at 0.
	number := func(name, help string, of func(*Record) int64) TableColumn {
		return TableColumn{name, IntType, help, func(_ *Header, r *Record) any { return unlessZero(of(r)) }}
	}
	counted := func(name, help string, of func(*Record) Count) TableColumn {
		return TableColumn{name, IntType, help, func(_ *Header, r *Record) any { return ifKnown(of(r)) }}
	}
	flag := func(name, help string, of func(*Record) bool) TableColumn {
		return TableColumn{name, BoolType, help, func(_ *Header, r *Record) any { return of(r) }}
	}
	all := []TableColumn{
		text("run", "ID of the run", func(r *Record) string { return r.Run }),
		{"label", TextType, "label of the run", func(h *Header, _ *Record) any {
			if h == nil {
				return nil
			}
			return h.Label
		}},
		{"time", MomentType, "when the launch began", func(_ *Header, r *Record) any {
			if r.Time.IsZero() {
				return nil
			}
			return r.Time
		}},
		text("cell", "name of the cell, with the axes below", func(r *Record) string { return r.Cell.Name() }),
		number("launch", "number of the launch in its cell, from 1", func(r *Record) int64 { return int64(r.Launch) }),
		number("attempt", "1, and more where an untrusted launch was tried again: each attempt has a row", func(r *Record) int64 { return int64(r.Attempt) }),
		text("outcome", "ok, skipped, failed or untrusted", func(r *Record) string { return string(r.Outcome) }),
		text("reason", "why it is not ok", func(r *Record) string { return r.Reason }),
		text("fault", "of a failed launch: check, death, hang or error", func(r *Record) string { return string(r.Fault) }),
		flag("unavailable", "of a skipped launch: the machine lacks the mechanism or the place, at any size", func(r *Record) bool { return r.Unavailable }),
		text("warnings", "what may spoil the numbers, each with its remedy, joined by semicolons", func(r *Record) string { return strings.Join(r.Warnings, "; ") }),
		flag("cached", "measured for an earlier run, and the same to the digit: counted instructions", func(r *Record) bool { return r.Cached }),
	}
	for i := range Axes {
		all = append(all, Axes[i].column())
	}
	all = append(all, text("operation", "what one operation is: a round trip, a message", func(r *Record) string { return r.Op }))
	for _, m := range Metrics {
		all = append(all, m.exported())
	}
	all = append(all,
		number("operations", "operations of the timed rounds", func(r *Record) int64 { return r.Ops }),
		number("elapsed_ns", "time of the timed rounds", func(r *Record) int64 { return r.ElapsedNs }),
		number("asked_ns", "measured time that was asked for", func(r *Record) int64 { return r.LaunchNs }),
		number("wall_ns", "the whole launch, from the end of the one before it", func(r *Record) int64 { return r.WallNs }))
	all = append(all, fields("overhead", "of the launch beside its rounds", func(r *Record) *Cost { return r.Overhead })...)
	all = append(all,
		counted("verified_messages", "messages whose checksum was compared, in a pass of its own", func(r *Record) Count { return r.Verified }),
		counted("interrupted_calls", "calls that a signal interrupted (EINTR)", func(r *Record) Count { return r.EINTR }),
		number("queue_given_bytes", "capacity that the kernel gave the first link", func(r *Record) int64 {
			if r.Given == nil {
				return 0
			}
			return int64(r.Given.Queue)
		}))
	all = append(all, fields("noise", "what the machine did during the launch", func(r *Record) *Noise { return r.Noise })...)
	all = append(all,
		TableColumn{"seed", UintType, "seed of the run", func(_ *Header, r *Record) any { return r.Seed }},
		TableColumn{"race_share", FloatType, "of a race of choose, the share by which another may be faster than its winner", func(_ *Header, r *Record) any {
			if r.Race == 0 {
				return nil
			}
			return r.Race
		}},
		text("isolation", "how kernel objects were private", func(r *Record) string { return r.Isolation }),
		text("transport", "of an external transport, its name and version", func(r *Record) string { return r.Transport }),
		text("built_on", "of the same, the mechanism that it stands on", func(r *Record) string { return r.BuiltOn }),
		text("program", "version of ipcbench", func(r *Record) string {
			if r.Host == nil {
				return ""
			}
			return r.Host.Program
		}))
	return append(all, hostColumns()...)
}

// unlessZero has no value at 0, where that is the absence of one.
func unlessZero(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

// ifKnown is a number that may be absent.
func ifKnown[T int64 | float64](v Optional[T]) any {
	if n, ok := v.Get(); ok {
		return n
	}
	return nil
}

// column is that of an axis. An option at its usual value has that value.
func (a *Axis) column() TableColumn {
	c := TableColumn{Name: a.Column, Type: TextType, Help: a.Help}
	if c.Name == "" {
		c.Name = a.Key
	}
	switch {
	case a.on != nil: // its values are 1 and 0
		c.Type = BoolType
		c.of = func(_ *Header, r *Record) any { return a.valueOf(r) != "0" }
	case a.Most > 0:
		c.Type = IntType
		c.of = func(_ *Header, r *Record) any {
			v := a.valueOf(r)
			n, err := strconv.Atoi(v)
			if a.bytes {
				n, err = ParseBytes(v)
			}
			if err != nil {
				return nil // none, or the kernel's own
			}
			return int64(n)
		}
	default:
		c.of = func(_ *Header, r *Record) any { return a.valueOf(r) }
	}
	return c
}

// valueOf is the value on the axis as a flag has it: the usual one too.
func (a *Axis) valueOf(r *Record) string {
	if v := a.Of(&r.Cell); v != "" {
		return v
	}
	return a.Usual()
}

// exported is the column of a metric.
func (m Metric) exported() TableColumn {
	help := m.Title
	if help == "" {
		help = m.Help
	}
	return TableColumn{m.Name, FloatType, help, func(_ *Header, r *Record) any {
		if v, ok := r.Measured(m.Unit); ok {
			return v
		}
		return nil
	}}
}

// fields are the columns of the numbers in a row of a record, by their names in it.
func fields[T any](prefix, help string, row func(*Record) *T) (all []TableColumn) {
	for _, f := range columnsOf(*new(T)) {
		c := TableColumn{Name: prefix + "_" + f.name, Type: IntType, Help: help}
		if reflect.TypeFor[T]().Field(f.field).Type.Kind() == reflect.Bool {
			c.Type = BoolType
		}
		c.of = func(_ *Header, r *Record) any {
			from := row(r)
			if from == nil {
				return nil
			}
			switch v := reflect.ValueOf(from).Elem().Field(f.field).Interface().(type) {
			case Count:
				return ifKnown(v)
			case int64:
				if f.null {
					return unlessZero(v)
				}
				return v
			case bool:
				return v
			default:
				panic(fmt.Sprintf("results: column %s is a %T", c.Name, v))
			}
		}
		all = append(all, c)
	}
	return all
}

// hostColumns are those of hostFields and guestFields.
func hostColumns() (all []TableColumn) {
	unit := map[string]string{"memory": "_bytes", "page-size": "_bytes"}
	name := func(key string) string { return strings.ReplaceAll(key, "-", "_") }
	for _, f := range hostFields {
		c := TableColumn{Name: "host_" + name(f.key) + unit[f.key], Type: IntType, Help: "of the machine, or of the guest that ran the suite"}
		if _, text := f.field(&Host{}).(*string); text {
			c.Type = TextType
		}
		c.of = func(_ *Header, r *Record) any {
			if r.Host == nil {
				return nil
			}
			switch p := f.field(r.Host).(type) {
			case *string:
				return *p
			case *int:
				return unlessZero(int64(*p))
			case *int64:
				return unlessZero(*p)
			default:
				panic(fmt.Sprintf("results: column %s is a %T", c.Name, p))
			}
		}
		all = append(all, c)
	}
	for _, f := range guestFields {
		all = append(all, TableColumn{"guest_" + strings.TrimPrefix(name(f.key), "guest_"), TextType, "of a guest that ipcbench booted", func(_ *Header, r *Record) any {
			if r.Host == nil || r.Host.Guest == nil {
				return nil
			}
			return *f.field(r.Host.Guest)
		}})
	}
	return all
}
