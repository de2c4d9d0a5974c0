package results

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"time"

	"golang.org/x/perf/benchfmt"
)

// WriteBench writes records in the Go benchmark format: a line for each
// launch that is ok, under its configuration, and a comment for each other
// one (see Comment). It is the smaller form: times, rounds, workers and
// histograms are only in records.jsonl.
func WriteBench(w io.Writer, records []Record) error {
	return writeBench(w, func(take func(*Record)) error {
		for i := range records {
			take(&records[i])
		}
		return nil
	})
}

// writeBench writes the records that each hands over, which it does twice: what
// becomes of a launch is known only at its last attempt.
func writeBench(w io.Writer, each func(take func(*Record)) error) error {
	last := attempts{}
	if err := each(last.add); err != nil {
		return err
	}
	out := newBenchWriter(w)
	if err := writeUnits(out.buf); err != nil {
		return err
	}
	var failed error
	err := each(func(r *Record) {
		failed = cmp.Or(failed, out.write(r, last.replaces(r.Cell, r.Launch, r.Attempt, r.Outcome)))
	})
	return cmp.Or(failed, err, out.buf.Flush())
}

// benchWriter writes records one after the other. What several have in common it
// writes once.
type benchWriter struct {
	buf    *bufio.Writer
	said   map[string]string // in comments, by key
	result bytes.Buffer      // the latest, with what changed of the configuration lines before it
	format *benchfmt.Writer  // writes it
}

func newBenchWriter(w io.Writer) *benchWriter {
	out := &benchWriter{buf: bufio.NewWriter(w), said: map[string]string{}}
	out.format = benchfmt.NewWriter(&out.result)
	return out
}

// say writes a comment, unless it says what stands there already.
func (w *benchWriter) say(s Setting) {
	if w.said[s.Key] != s.Value {
		w.buf.WriteString("# " + s.line())
		w.said[s.Key] = s.Value
	}
}

// write writes a record; again is whether the launch was run again.
func (w *benchWriter) write(r *Record, again bool) error {
	for _, s := range r.about() {
		w.say(s)
	}
	if again || r.Outcome != OK {
		if r.Outcome != OK {
			w.buf.WriteString(comment(r, again))
		}
		return nil
	}
	comments, lines := facts(r.settings())
	w.result.Reset()
	w.format.Write(r.benchmark(lines)) // into memory: no error
	text := w.result.Bytes()
	last := bytes.LastIndexByte(text[:len(text)-1], '\n') + 1
	w.buf.Write(text[:last])
	for _, key := range slices.Sorted(maps.Keys(w.said)) {
		of := func(s Setting) bool { return s.Key == key }
		switch {
		case !isFact(key) || slices.ContainsFunc(comments, of):
		case slices.ContainsFunc(lines, of):
			delete(w.said, key)
		default: // it is no longer known
			comments = append(comments, Setting{Key: key})
		}
	}
	for _, s := range comments {
		w.say(s)
	}
	_, err := w.buf.Write(text[last:])
	return err
}

// Comment is the line that stands for a record that is not ok:
// "# skip CELL: reason", "# failed CELL: reason" or
// "# untrusted CELL: reason". It ends with a newline.
func Comment(r Record) string { return comment(&r, false) }

// comment says "retried" of a launch that was run again: its outcome is that
// of the later attempt.
func comment(r *Record, again bool) string {
	verb := "retried"
	for v, outcome := range commentVerbs {
		if outcome == r.Outcome && !again {
			verb = v
		}
	}
	return fmt.Sprintf("# %s %s: %s\n", verb, r.Cell.Name(), Quote(r.Reason))
}

var commentVerbs = map[string]Outcome{"skip": Skipped, "failed": Failed, "untrusted": Untrusted}

// about returns which run the record is of, for comment lines.
func (r *Record) about() []Setting {
	s := []Setting{{"run", r.Run}, {"seed", strconv.FormatUint(r.Seed, 10)}}
	if r.turn {
		s = append(s, Setting{"launch", strconv.Itoa(r.Launch)}, Setting{"time", r.Time.Format(time.RFC3339Nano)})
	}
	if r.Host != nil {
		s = append(s, Setting{"program", r.Host.Program})
	}
	return s
}

// Benchmark is the record as a result of the Go benchmark format.
func (r *Record) Benchmark() *benchfmt.Result { return r.benchmark(r.settings()) }

// benchmark is the result under those settings.
func (r *Record) benchmark(settings []Setting) *benchfmt.Result {
	res := &benchfmt.Result{
		Config: config(settings),
		Name:   benchfmt.Name(r.Cell.Name()),
		Iters:  int(r.Ops),
	}
	if r.Cell.Other != "" {
		res.Name = benchfmt.Name(r.Cell.Other)
		if r.Cell.Package != "" && res.GetConfig("pkg") == "" {
			res.SetConfig("pkg", r.Cell.Package)
		}
	} else if r.text != nil && r.text.Procs != "" && r.text.Procs != "1" {
		res.Name = append(res.Name, "-"+r.text.Procs...)
	}
	for _, m := range append(r.Measurements(), r.others...) {
		res.Values = append(res.Values, benchfmt.Value{Value: m.Value, Unit: m.Unit})
	}
	for _, unit := range r.zeros {
		if !slices.ContainsFunc(res.Values, func(v benchfmt.Value) bool { return v.Unit == unit }) {
			res.Values = append(res.Values, benchfmt.Value{Unit: unit})
		}
	}
	return res
}

// BenchFilter is the expression of benchstat's -filter that picks the cells of
// c's workload, place, peers, queue and options, of every mechanism and size.
// Names of cells need no quotes: see ParseCell.
func (c Cell) BenchFilter() string {
	filter := fmt.Sprintf(".name:%s /place:%s /queue:%s", c.Workload, c.Place, FormatQueue(c.Queue))
	if c.Peers > 0 {
		filter += fmt.Sprintf(" /peers:%d", c.Peers)
	}
	for i := range Axes { // options at their usual value too, or benchstat pools cells that differ in them
		if a := &Axes[i]; !a.Always && a.Key != "peers" {
			filter += " /" + a.Key + ":" + cmp.Or(a.Of(&c), `""`)
		}
	}
	return filter
}
