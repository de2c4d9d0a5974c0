package results

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/perf/benchfmt"
)

// readBench reads text in the Go benchmark format. benchfmt parses the
// results; benchText, between it and the file, reads the comments.
func (s *Set) readBench(file string, in *lines) error {
	text := &benchText{set: s, file: file, in: in, about: map[string]string{}, launches: map[Cell]*int{}, cells: map[nameIn]named{}, units: map[string]string{}}
	var rec Record // one for all: they are kept elsewhere
	for r := benchfmt.NewReader(text, file); ; {
		if !r.Scan() {
			s.units = r.Units()
			return errors.Unwrap(r.Err()) // Read adds the file
		}
		switch res := r.Result().(type) {
		case *benchfmt.SyntaxError:
			s.leaveOut(file, in.n, res.Msg, text.latest)
		case *benchfmt.Result:
			if text.failed(res) {
				continue
			}
			var err error
			if rec, err = text.record(res); err != nil {
				s.leaveOut(file, in.n, err.Error(), text.latest)
				continue
			}
			text.test.result()
			if s.digest && rec.Cell.Other == "" {
				if err := rec.plain().check(); err != nil {
					s.leaveOut(file, in.n, err.Error(), text.latest)
					s.keep(&rec)
					continue
				}
			}
			s.add(&rec)
		}
	}
}

// benchText is the text as benchfmt gets to see it: one line a Read, in which
// a line that it would stumble over is empty, and before which stand lines for
// what failed. Records that are comments go to the set as they pass.
type benchText struct {
	set      *Set
	file     string
	in       *lines
	line     []byte            // the latest, and what stands before it
	latest   []byte            // of it, the latest
	rest     []byte            // of it, not yet read
	ended    bool              // the file has
	about    map[string]string // what the comments say of the run
	seed     uint64            // of it
	turn     int               // the launch that they state; 0: none
	began    time.Time         // when that began
	launches map[Cell]*int     // the text has no numbers of launches: lines are counted
	cells    map[nameIn]named  // names that were read before: they come again with each launch
	others   []Measurement     // of the latest result, in units that are not the suite's
	units    map[string]string // that results had: their suiteUnit
	zeros    []string          // of the latest result: units of the suite's in which 0 was printed
	config   []benchfmt.Config // of the latest result
	under    *configured       // what it says
	known    map[string]*configured
	test     goTest
	failures []benchFailure // lines for them were handed on, and have not come back
}

// nameIn is a benchmark's name under a configuration.
type nameIn struct {
	name  string
	under *configured
}

// named is the cell of a name, what a launch of it was measured under, and how
// many have been read.
type named struct {
	cell     Cell
	text     *Configuration
	launches *int
}

func (t *benchText) Read(p []byte) (int, error) {
	for len(t.rest) == 0 {
		line, err := t.in.next()
		if err == io.EOF && !t.ended {
			t.ended = true
			t.line = t.line[:0]
			failures, pkg := t.test.end()
			t.warnCut(failures, pkg)
			t.report(failures, pkg)
			t.rest = t.line
			continue
		}
		if err == errTorn {
			if err = nil; !t.whole(line) {
				t.set.warnTorn(t.file, t.in.n)
				line = nil
			}
		}
		if !utf8.Valid(line) {
			line = bytes.ToValidUTF8(line, []byte("\uFFFD")) // as encoding/json does
		}
		if err == nil && len(line) > maxBenchLine {
			err = errLongLine
		}
		switch {
		case err == errLongLine:
			t.set.leaveOut(t.file, t.in.n, err.Error(), line)
			line = nil
		case err != nil:
			return 0, err
		case isConflict(line):
			return 0, fmt.Errorf("line %d is left of a merge that failed: %s: keep one of the two versions", t.in.n, excerpt(line))
		}
		t.set.hidden.see(line, t.in.n)
		t.line = t.line[:0]
		line = t.pass(line)
		before := len(t.line)
		t.line = append(append(t.line, line...), '\n')
		t.rest, t.latest = t.line, t.line[before:len(t.line)-1]
	}
	n := copy(p, t.rest)
	t.rest = t.rest[n:]
	return n, nil
}

// whole reports whether a last line without an end can be used: one that does not
// begin like a record, and a result whose last unit is one that is known, so that no
// part of it is missing.
func (t *benchText) whole(line []byte) bool {
	if !bytes.HasPrefix(line, []byte("Benchmark")) {
		return !bytes.HasPrefix(line, []byte("#")) && !bytes.HasPrefix([]byte("Benchmark"), line)
	}
	fields := bytes.Fields(line)
	unit := string(fields[len(fields)-1])
	_, known := t.units[unit]
	return len(fields) >= 4 && len(fields)%2 == 0 && (known || suiteUnit(unit) != "" || benchfmt.UnitMetadataMap(nil).GetBetter(unit) != 0)
}

// pass returns what of a line is for benchfmt.
func (t *benchText) pass(line []byte) []byte {
	switch {
	case bytes.HasPrefix(line, []byte("# ")):
		return t.comment(line[2:])
	case bytes.HasPrefix(line, []byte("Benchmark")):
		// go test prints a name, runs it, and then prints its numbers: a
		// comment printed meanwhile is on the line of the name.
		if name, c, ok := bytes.Cut(line, []byte("\t# ")); ok && !bytes.ContainsAny(bytes.TrimSpace(name), " \t") {
			return t.comment(c)
		}
	}
	failures, pkg := t.test.see(line, t.in.peek)
	if bytes.HasPrefix(line, []byte("--- FAIL")) || bytes.HasPrefix(line, []byte("FAIL\t")) {
		t.set.warn("%s:%d: go test reports a failure: %s", Quote(t.file), t.in.n, Quote(string(line)))
	} else if !bytes.HasPrefix(line, []byte("Benchmark")) {
		t.warnCut(failures, pkg)
	}
	t.report(failures, pkg)
	for _, p := range prints {
		if bytes.HasPrefix(line, []byte(p)) {
			return nil
		}
	}
	if failures != nil && bytes.HasPrefix(line, []byte("Benchmark")) {
		return nil // it has no numbers
	}
	return line
}

// warnCut warns of a failure that is known by where the next package begins.
func (t *benchText) warnCut(failures []benchFailure, pkg *Failure) {
	if failures != nil || pkg != nil {
		t.set.warn("%s:%d: go test reports a failure, and no end of the package", Quote(t.file), t.in.n)
	}
}

// report hands on a line for each failure, before the latest line.
func (t *benchText) report(failures []benchFailure, pkg *Failure) {
	for _, f := range failures {
		t.line = append(t.line, f.line()...)
		t.failures = append(t.failures, f)
	}
	if pkg != nil {
		t.failPackage(*pkg)
	}
}

func (t *benchText) failPackage(f Failure) {
	if len(t.set.Failures) < maxProblems {
		f.File, f.Line = t.file, t.in.n
		t.set.Failures = append(t.set.Failures, f)
	}
}

// failed hands on the record of a benchmark that failed, if res is the line
// that stands for it.
func (t *benchText) failed(res *benchfmt.Result) bool {
	if len(t.failures) == 0 || len(res.Values) != 1 || res.Values[0].Unit != failMark {
		return false
	}
	f := t.failures[0]
	t.failures = t.failures[1:]
	n, err := t.cell(res)
	if err != nil || n.cell.Other != "" && t.set.keep == nil {
		t.failPackage(Failure{Package: res.GetConfig("pkg"), Reason: f.name + ": " + f.reason})
		return true
	}
	rec := t.launch(n.cell, *n.launches+1)
	rec.Outcome, rec.Reason = Failed, f.reason
	rec.text, rec.Host, rec.Isolation = n.text, t.under.host, res.GetConfig("isolation")
	if n.text.Procs == "1" {
		// go test names what fails in its first round without its
		// GOMAXPROCS: it fails at every number.
		rec.text = t.under.with("")
	}
	if err := rec.checkFields(); err != nil {
		t.failPackage(Failure{Package: res.GetConfig("pkg"), Reason: f.name + ": " + f.reason})
		return true
	}
	*n.launches++
	t.set.add(&rec)
	return true
}

// comment reads "run: ID" and its like and "skip CELL: reason" and its like. It
// returns a fact of the host as the configuration line that earlier versions wrote.
func (t *benchText) comment(line []byte) []byte {
	key, value, ok := strings.Cut(string(line)+" ", ": ") // "virt:" says that it is no longer known
	if ok && isFact(key) {
		return line
	}
	value = strings.TrimSuffix(value, " ")
	if !ok {
		return nil
	}
	if slices.Contains(about, key) {
		switch t.about[key] = value; key {
		case "run":
			t.turn, t.began = 0, time.Time{}
		case "seed":
			t.seed, _ = strconv.ParseUint(value, 10, 64)
		case "launch":
			t.turn, _ = strconv.Atoi(value) // not a number: not known
		case "time":
			t.began, _ = time.Parse(time.RFC3339Nano, value)
		}
		return nil
	}
	verb, name, _ := strings.Cut(key, " ")
	outcome, ok := commentVerbs[verb]
	if !ok {
		return nil
	}
	cell, err := ParseCell(name)
	launches := t.count(cell)
	rec := t.launch(cell, *launches+1)
	rec.Outcome, rec.Reason = outcome, value
	if err == nil {
		err = rec.check()
	}
	if err != nil {
		t.set.leaveOut(t.file, t.in.n, err.Error(), line)
		return nil
	}
	*launches++
	if outcome == Failed {
		t.test.explain("Benchmark" + name)
	}
	t.set.add(&rec)
	return nil
}

// count returns where the launches of a cell are counted, together with those
// that were given another capacity.
func (t *benchText) count(cell Cell) *int {
	cell = cell.Asked()
	if t.launches[cell] == nil {
		t.launches[cell] = new(int)
	}
	return t.launches[cell]
}

// launch begins the record of a launch of cell, the nth unless the text numbers it.
func (t *benchText) launch(cell Cell, n int) Record {
	if t.turn > 0 {
		n = t.turn
	}
	return Record{Schema: Schema, Run: t.about["run"], Time: t.began, Cell: cell, Launch: n, Attempt: 1, Seed: t.seed}
}

// record turns a result back into the record it was written from, as far as
// the text has it.
func (t *benchText) record(res *benchfmt.Result) (Record, error) {
	cell, err := t.cell(res)
	if err != nil {
		return Record{}, err
	}
	rec := t.launch(cell.cell, *cell.launches+1)
	rec.Outcome, rec.Ops = OK, int64(res.Iters)
	rec.Isolation = res.GetConfig("isolation")
	rec.Host, rec.text = t.under.host, cell.text
	t.others, t.zeros = t.others[:0], t.zeros[:0]
	for i, v := range res.Values {
		value, unit := v.Value, v.Unit
		if v.OrigUnit != "" {
			value, unit = v.OrigValue, v.OrigUnit
		}
		if slices.ContainsFunc(res.Values[:i], func(w benchfmt.Value) bool { return w.Unit == v.Unit && w.OrigUnit == v.OrigUnit }) {
			return rec, fmt.Errorf("two values in %s", Quote(unit))
		}
		own, known := t.units[unit]
		if !known {
			own = suiteUnit(unit)
			t.units[unit] = own
		}
		switch {
		case math.IsNaN(value) || math.IsInf(value, 0):
			return rec, fmt.Errorf("%v %s: want a number", value, Quote(unit))
		case own != "":
			// Nothing that is measured comes near 2^53, from which on a
			// float64 is not exact, and an int64 has room for it.
			if value, unit = inUnit(value, unit, own), own; value < 0 || value > 1<<53 {
				return rec, fmt.Errorf("%v %s: want a number from 0 to 2^53", value, Quote(unit))
			}
		}
		m := slices.IndexFunc(Metrics, func(m Metric) bool { return m.Unit == unit && m.Set != nil })
		if m < 0 || cell.cell.Other != "" { // the rules for a record's own numbers are the suite's
			if k := slices.IndexFunc(t.others, func(o Measurement) bool { return o.Unit == unit }); k >= 0 {
				t.others[k].Value = value // the suite prints MB/s, which is rounded, before B/s
			} else {
				t.others = append(t.others, Measurement{value, unit})
			}
			continue
		}
		Metrics[m].Set(&rec, value)
		if value == 0 {
			t.zeros = append(t.zeros, unit)
		}
	}
	rec.others, rec.zeros = t.others, t.zeros
	if t.set.keep == nil {
		rec.zeros = nil // records.jsonl has no place for them
	}
	if rec.Latency != nil {
		rec.Latency.Trim(rec.Ops) // no more operations were timed one by one
	}
	if err := rec.checkFields(); err != nil {
		return rec, err
	}
	*cell.launches++
	return rec, nil
}

// plain is the record without what records.jsonl has no place for.
func (r *Record) plain() *Record {
	p := *r
	p.others, p.zeros = nil, nil
	return &p
}

func (t *benchText) cell(res *benchfmt.Result) (named, error) {
	t.configure(res)
	if n, ok := t.cells[nameIn{string(res.Name), t.under}]; ok {
		return n, nil
	}
	name, procs := cutProcs(res.Name)
	c, err := ParseCell(name)
	if err != nil {
		var ok bool
		if c, ok = otherCell(res); !ok || t.set.keep == nil {
			return named{}, err
		}
		procs = "" // its name has it
	}
	n := named{c, t.under.with(procs), t.count(c)}
	t.cells[nameIn{string(res.Name), t.under}] = n
	return n, nil
}

// maxName bounds a name of someone else's, in bytes: it must fit a table.
const maxName = 512

// otherCell names a benchmark of someone else's, in characters that show. go test
// escapes all others.
func otherCell(res *benchfmt.Result) (Cell, bool) {
	c := Cell{Package: res.GetConfig("pkg"), Other: string(res.Name)}
	name := c.Name()
	return c, c.Other != "" && !strings.ContainsRune(name, utf8.RuneError) && len(name) <= maxName && Quote(name) == name
}

// cutProcs cuts off the "-GOMAXPROCS" that go test appends unless it is 1.
func cutProcs(name benchfmt.Name) (cell, procs string) {
	_, parts := name.Parts()
	if n := len(parts); n > 0 && parts[n-1][0] == '-' {
		return string(name[:len(name)-len(parts[n-1])]), string(parts[n-1][1:])
	}
	return string(name), "1"
}
