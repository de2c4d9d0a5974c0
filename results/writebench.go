package results

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"

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
	buf := bufio.NewWriter(w)
	if err := writeUnits(buf); err != nil {
		return err
	}
	out := benchfmt.NewWriter(buf)
	said := map[string]string{}
	say := func(s Setting) {
		if said[s.Key] != s.Value {
			buf.WriteString("# " + s.line())
			said[s.Key] = s.Value
		}
	}
	var failed error
	err := each(func(r *Record) {
		for _, s := range r.about() {
			say(s)
		}
		again := last.replaces(r.Cell, r.Launch, r.Attempt, r.Outcome)
		switch {
		case r.Outcome != OK:
			buf.WriteString(comment(r, again))
		case !again:
			res := r.Benchmark()
			comments, lines := facts(r.settings())
			res.Config = config(lines)
			for _, key := range slices.Sorted(maps.Keys(said)) { // what is no longer known
				if isFact(key) && !slices.ContainsFunc(comments, func(s Setting) bool { return s.Key == key }) {
					comments = append(comments, Setting{Key: key})
				}
			}
			for _, s := range comments {
				say(s)
			}
			failed = cmp.Or(failed, out.Write(res))
		}
	})
	return cmp.Or(failed, err, buf.Flush())
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
	if r.Host != nil {
		s = append(s, Setting{"program", r.Host.Program})
	}
	return s
}

// Benchmark is the record as a result of the Go benchmark format.
func (r *Record) Benchmark() *benchfmt.Result {
	res := &benchfmt.Result{
		Config: config(r.settings()),
		Name:   benchfmt.Name(r.Cell.Name()),
		Iters:  int(r.Ops),
	}
	if r.Cell.Other != "" {
		res.Name = benchfmt.Name(r.Cell.Other)
		if r.Cell.Package != "" {
			res.SetConfig("pkg", r.Cell.Package)
		}
	}
	for _, m := range r.Measurements() {
		res.Values = append(res.Values, benchfmt.Value{Value: m.Value, Unit: m.Unit})
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
