package results

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// FigureForms is what ReadFigures reads, for messages.
const FigureForms = "Go benchmark format, or lines such as `123.4 ns/op` or `lookup 5120 MB/s`"

// Figures is what a command printed in one execution. Of several lines with one name
// the figure is their median, since they are no launches of their own.
type Figures struct {
	Records  []Record // one a benchmark, under each configuration
	Repeated string   // the first name that several lines have, "" without any

	set *Set
}

// plainName is the name of a figure that has none.
const plainName = "command"

// inBenchFormat is a result of the Go benchmark format.
var inBenchFormat = newForm(`(?m)^Benchmark\S*[ \t]+[0-9]+[ \t]+\S+[ \t]+\S`)

// ReadFigures reads text in the Go benchmark format or, where it has no result of
// that, lines of a number and a unit behind an optional name. Other lines say nothing.
// It refuses a figure that is not a number. There may be no figure.
func ReadFigures(name string, text []byte) (*Figures, error) {
	if !inBenchFormat.MatchString(string(text)) {
		text = plainFigures(string(text))
	}
	f := &Figures{}
	var all []*printed
	of := map[benchmark]*printed{}
	lost := map[Cell]bool{} // no line of these is ok
	f.set = &Set{keep: func(r *Record) {
		b := benchmark{r.Cell, r.text}
		if s := of[b]; s == nil || s.record.Outcome != OK {
			of[b] = &printed{record: *r, values: map[string][]float64{}}
			all = append(all, of[b])
		}
		of[b].add(r)
		before, known := lost[r.Cell]
		lost[r.Cell] = r.Outcome != OK && (before || !known)
	}}
	if err := f.set.readBench(name, newLines(bytes.NewReader(text))); err != nil {
		return nil, err
	}
	if left := f.set.Left(); left != nil {
		return nil, errors.New(left[0])
	}
	for _, s := range all {
		if s.record.Outcome != OK && !lost[s.record.Cell] {
			continue
		}
		if s.repeated && f.Repeated == "" {
			f.Repeated = s.record.Cell.Name()
		}
		f.Records = append(f.Records, s.median())
	}
	return f, nil
}

// benchmark is what has one figure: a cell under a configuration.
type benchmark struct {
	cell Cell
	text *Configuration
}

// printed is what the lines of a benchmark have.
type printed struct {
	record   Record // the first
	units    []string
	values   map[string][]float64 // by unit
	repeated bool                 // one has several
}

func (s *printed) add(r *Record) {
	for unit := range r.AllUnits() {
		v, _ := r.Measured(unit)
		if s.values[unit] == nil {
			s.units = append(s.units, unit)
		} else {
			s.repeated = true
		}
		s.values[unit] = append(s.values[unit], v)
	}
}

// median is the record with the median in each unit.
func (s *printed) median() Record {
	r := s.record
	r.others, r.zeros = nil, nil
	for _, unit := range s.units {
		r.measure(unit, float64(MedianOf(s.values[unit]).Center))
	}
	return r
}

// measure gives a record of benchmark text a value.
func (r *Record) measure(unit string, v float64) {
	m := slices.IndexFunc(Metrics, func(m Metric) bool { return m.Unit == unit && m.Set != nil })
	switch {
	case m < 0 || r.Cell.Other != "":
		r.others = append(r.others, Measurement{v, unit})
	case v == 0:
		r.zeros = append(r.zeros, unit)
		fallthrough
	default:
		Metrics[m].Set(r, v)
	}
}

// plainFigures is text that has no result of the benchmark format as such results.
func plainFigures(text string) []byte {
	var out bytes.Buffer
	for line := range strings.Lines(text) {
		if name, value, unit, ok := plainFigure(line); ok {
			fmt.Fprintf(&out, "Benchmark%s 1 %s %s", name, value, unit)
		} else if strings.HasPrefix(line, "Unit ") {
			out.WriteString(strings.TrimSpace(line))
		}
		out.WriteByte('\n') // problems name the line
	}
	return out.Bytes()
}

// plainFigure reads "123.4 ns/op", "lookup 123.4 ns/op" and "mean time: 123.4 ms".
func plainFigure(line string) (name, value, unit string, ok bool) {
	f := strings.Fields(line)
	n := len(f)
	if n < 2 || f[0][0] == '#' {
		return "", "", "", false
	}
	value, unit = f[n-2], f[n-1]
	switch label, colon := strings.CutSuffix(strings.Join(f[:n-2], "_"), ":"); {
	case n == 2:
		name = plainName
	case n == 3 || colon:
		name = label
	}
	_, err := strconv.ParseFloat(value, 64)
	first, _ := utf8.DecodeRuneInString(unit)
	ok = err == nil && (unicode.IsLetter(first) || first == '%') && name != "" && len(name) <= maxName/2 && Quote(name) == name && Quote(unit) == unit
	return name, value, unit, ok
}

// Units are those of all records, in the order of the text.
func (f *Figures) Units() (all []string) {
	for i := range f.Records {
		for unit := range f.Records[i].AllUnits() {
			all = AddOnce(all, unit)
		}
	}
	return all
}

// Better reports which way a unit is better, as Set.Better does.
func (f *Figures) Better(unit string) string { return f.set.Better(unit) }

// TurnWriter writes the figures of one of two sides that took turns, as benchmark text.
// It states of each launch its number and its time, by which a comparison pairs them.
type TurnWriter struct {
	Run    string            // its ID, which ends in -a or -b
	Seed   uint64            // of the order of turns
	Host   *Host             // where the command ran, as far as it does not state that
	Better map[string]string // which way units are better, beyond what is known

	out *benchWriter
}

// NewTurnWriter writes to w after each launch. The comment says what was run.
func NewTurnWriter(w io.Writer, command string) *TurnWriter {
	t := &TurnWriter{out: newBenchWriter(w)}
	t.out.say(Setting{"command", command})
	return t
}

// Write writes the figures of the nth launch, which began at that time.
func (t *TurnWriter) Write(f *Figures, n int, at time.Time) error {
	for _, unit := range f.Units() {
		better := t.Better[unit]
		if better == "" {
			better = f.Better(unit)
		}
		if line := "Unit " + unit; better != "" && t.out.said[line] == "" {
			t.out.said[line] = better
			fmt.Fprintf(t.out.buf, "%s better=%s\n", line, better)
		}
	}
	for _, r := range f.Records {
		r.Run, r.Seed, r.Launch, r.Time, r.turn = t.Run, t.Seed, n, at, true
		r.text = r.text.under(t.Host)
		if err := t.out.write(&r, false); err != nil {
			return err
		}
	}
	return t.out.buf.Flush()
}

// under is the configuration with the facts of a host that it does not have.
func (c *Configuration) under(h *Host) *Configuration {
	all := Configuration{}
	if c != nil {
		all = *c
	}
	stated := all.Settings
	all.Settings = slices.Clone(stated)
	for _, s := range h.Settings() {
		if !slices.ContainsFunc(stated, func(known Setting) bool { return known.Key == s.Key }) {
			all.Settings = append(all.Settings, s)
		}
	}
	return &all
}
