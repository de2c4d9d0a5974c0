package results

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/perf/benchfmt"
)

// readBench reads text in the Go benchmark format. benchfmt parses the
// results; benchText, between it and the file, reads the comments.
func (s *Set) readBench(file string, in *lines) error {
	text := &benchText{set: s, file: file, in: in, about: map[string]string{}, launches: map[Cell]*int{}, cells: map[string]named{}}
	var host *Host
	var rec Record // one for all: they are kept elsewhere
	for r := benchfmt.NewReader(text, file); ; {
		if !r.Scan() {
			s.units = r.Units()
			return errors.Unwrap(r.Err()) // Read adds the file
		}
		switch res := r.Result().(type) {
		case *benchfmt.SyntaxError:
			s.leaveOut(file, res.Line, res.Msg)
		case *benchfmt.Result:
			_, line := res.Pos()
			var err error
			if rec, err = text.record(res); err != nil {
				s.leaveOut(file, line, err.Error())
				continue
			}
			host = shareHost(&rec, host)
			s.add(&rec)
		}
	}
}

// benchText is the text as benchfmt gets to see it: one line a Read, in which
// a line that it would stumble over is empty. Records that are comments go to
// the set as they pass.
type benchText struct {
	set      *Set
	file     string
	in       *lines
	line     []byte            // the latest
	rest     []byte            // of it, not yet read
	about    map[string]string // what the comments say of the run
	seed     uint64            // of it
	launches map[Cell]*int     // the text has no numbers of launches: lines are counted
	cells    map[string]named  // names that were read before: they come again with each launch
	others   []Metric          // of the latest result, in units that are not the suite's
	config   []benchfmt.Config // of the latest result
	known    *Host             // what it says
}

// named is the cell of a name, and how many launches of it have been read.
type named struct {
	cell     Cell
	launches *int
}

func (t *benchText) Read(p []byte) (int, error) {
	if len(t.rest) == 0 {
		line, err := t.in.next()
		if !utf8.Valid(line) {
			line = bytes.ToValidUTF8(line, []byte("\uFFFD")) // as encoding/json does
		}
		if err == nil && len(line) > maxBenchLine {
			err = errLongLine
		}
		if err != nil {
			if err := t.set.passOver(t.file, t.in.n, err); err != nil {
				return 0, err
			}
			line = nil
		}
		t.line = append(append(t.line[:0], t.pass(line)...), '\n')
		t.rest = t.line
	}
	n := copy(p, t.rest)
	t.rest = t.rest[n:]
	return n, nil
}

// pass returns what of a line is for benchfmt.
func (t *benchText) pass(line []byte) []byte {
	switch {
	case bytes.HasPrefix(line, []byte("# ")):
		t.comment(string(line[2:]))
		return nil
	case bytes.HasPrefix(line, []byte("Benchmark")):
		// go test prints a name, runs it, and then prints its numbers: a
		// comment printed meanwhile is on the line of the name.
		if name, c, ok := bytes.Cut(line, []byte("\t# ")); ok && !bytes.ContainsAny(bytes.TrimSpace(name), " \t") {
			t.comment(string(c))
			return nil
		}
	case bytes.HasPrefix(line, []byte("--- FAIL")), bytes.HasPrefix(line, []byte("FAIL\t")):
		t.set.warn("%s:%d: go test reports a failure: %s", Quote(t.file), t.in.n, Quote(string(line)))
	}
	return line
}

// comment reads "run: ID" and its like and "skip CELL: reason" and its like.
func (t *benchText) comment(s string) {
	key, value, ok := strings.Cut(s, ": ")
	if !ok {
		return
	}
	if slices.Contains(about, key) {
		t.about[key] = value
		t.seed, _ = strconv.ParseUint(t.about["seed"], 10, 64)
		return
	}
	verb, name, _ := strings.Cut(key, " ")
	outcome, ok := commentVerbs[verb]
	if !ok {
		return
	}
	cell, err := ParseCell(name)
	launches := t.count(cell)
	rec := t.launch(cell, *launches+1)
	rec.Outcome, rec.Reason = outcome, value
	if err == nil {
		err = rec.check()
	}
	if err != nil {
		t.set.leaveOut(t.file, t.in.n, err.Error())
		return
	}
	*launches++
	t.set.add(&rec)
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

// launch begins the record of a launch of cell.
func (t *benchText) launch(cell Cell, n int) Record {
	return Record{Schema: Schema, Run: t.about["run"], Cell: cell, Launch: n, Attempt: 1, Seed: t.seed}
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
	rec.Host = t.host(res)
	t.others = t.others[:0]
	for _, v := range res.Values {
		value, unit := v.Value, v.Unit
		if v.OrigUnit != "" && v.Unit != "B/s" { // B/s also where the text has MB/s
			value, unit = v.OrigValue, v.OrigUnit
		}
		// Nothing that is measured comes near 2^53, from which on a
		// float64 is not exact, and an int64 has room for it.
		if math.IsNaN(value) || value < 0 || value > 1<<53 {
			return rec, fmt.Errorf("%v %s: want a number from 0 to 2^53", value, Quote(unit))
		}
		if i := slices.IndexFunc(metrics, func(m metric) bool { return m.unit == unit }); i >= 0 {
			metrics[i].set(&rec, value)
		} else if cell.cell.Other != "" {
			t.others = append(t.others, Metric{value, unit})
		}
	}
	rec.others = t.others
	if rec.Latency != nil && cell.cell.Other == "" {
		rec.Latency.Trim(rec.Ops) // no more operations were timed one by one
	}
	if err := rec.checkFields(); err != nil {
		return rec, err
	}
	*cell.launches++
	return rec, nil
}

func (t *benchText) cell(res *benchfmt.Result) (named, error) {
	if n, ok := t.cells[string(res.Name)]; ok && n.cell.Other == "" {
		return n, nil
	}
	c, err := ParseCell(cellName(res.Name))
	if err != nil {
		var ok bool
		if c, ok = otherCell(res); !ok || t.set.keep == nil {
			return named{}, err
		}
	}
	n := named{c, t.count(c)}
	t.cells[string(res.Name)] = n
	return n, nil
}

// maxName bounds a name of someone else's, in bytes: it must fit a table.
const maxName = 512

// otherCell names a benchmark of someone else's: one that does not look like a
// cell, in characters that show. go test escapes all others.
func otherCell(res *benchfmt.Result) (Cell, bool) {
	c := Cell{Package: res.GetConfig("pkg"), Other: string(res.Name)}
	name := c.Name()
	return c, !strings.Contains(name, "/mech=") && !strings.ContainsRune(name, utf8.RuneError) && len(name) <= maxName && Quote(name) == name
}

// cellName is the name without the "-GOMAXPROCS" that go test appends.
func cellName(name benchfmt.Name) string {
	_, parts := name.Parts()
	if n := len(parts); n > 0 && parts[n-1][0] == '-' {
		return string(name[:len(name)-len(parts[n-1])])
	}
	return string(name)
}

// host returns what the configuration says of the host, nil for nothing. It
// changes seldom, and parsing it costs as much as the line.
func (t *benchText) host(res *benchfmt.Result) *Host {
	same := slices.EqualFunc(t.config, res.Config, func(a, b benchfmt.Config) bool {
		return a.Key == b.Key && bytes.Equal(a.Value, b.Value)
	})
	if program := t.about["program"]; !same || t.known != nil && t.known.Program != program {
		t.config = res.Clone().Config
		t.known = parseHost(res.Config, program)
	}
	return t.known
}

func parseHost(config []benchfmt.Config, program string) *Host {
	var h Host
	known := false
	for _, c := range config {
		known = h.set(c.Key, string(c.Value)) || known
	}
	if !known {
		return nil
	}
	h.Program = program
	return &h
}
