package compare

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"golang.org/x/perf/benchproc"

	"ipcbench/results"
)

// Input is the files of one side: run directories, records or benchmark text.
type Input struct {
	Name  string
	Paths []string
}

// Query says what of the inputs is compared.
type Query struct {
	Metrics []string                                  // units of the benchmark format
	Filter  string                                    // as benchstat's: "*" is everything
	Open    func(path string) (*results.Input, error) // opens a file, once; nil: results.OpenInput
	By      string                                    // a key whose values are the sides, in place of the inputs: "kernel", "mech@(pipe fifo)"
}

// Loaded is the sides that were read, the base first, and what was odd about
// their files.
type Loaded struct {
	Sides    []*Side
	Warnings []string
}

// QueryError is a query that cannot be understood.
type QueryError struct{ Err error }

func (e *QueryError) Error() string { return e.Err.Error() }
func (e *QueryError) Unwrap() error { return e.Err }

// Load reads the inputs. An error that is no *QueryError means that a file
// could not be read.
func Load(inputs []Input, q Query) (*Loaded, error) {
	l, better, err := readSides(inputs, q)
	if err != nil {
		return l, err
	}
	for i, m := range q.Metrics {
		if better[i] == "" {
			return nil, &QueryError{fmt.Errorf("--metric %q: want one of %s, or a unit of which the files say `Unit %[1]s better=lower` or =higher",
				results.Quote(m), strings.Join(results.Units(), ", "))}
		}
	}
	for _, s := range l.Sides {
		s.better = better
	}
	return l, nil
}

// readSides makes the sides, and finds which way each metric is better; "" is not
// known.
func readSides(inputs []Input, q Query) (l *Loaded, better []string, err error) {
	better = make([]string, len(q.Metrics))
	if q.By != "" {
		l, err = loadBy(inputs, q, better)
		return l, better, err
	}
	l = &Loaded{Sides: make([]*Side, len(inputs))}
	warnings, errs := make([][]string, len(inputs)), make([]error, len(inputs))
	ways := make([][]string, len(inputs))
	var wg sync.WaitGroup
	for i, in := range inputs {
		wg.Go(func() {
			side := NewSide(in.Name, q.Metrics)
			l.Sides[i] = side
			ways[i] = make([]string, len(q.Metrics))
			warnings[i], errs[i] = in.read(q, ways[i], func(r *results.Record, p picked) { side.add(r, p.cell, p.metrics) }, func(f results.Failure) { side.Fail(f) }, side.next)
		})
	}
	wg.Wait()
	for _, w := range warnings {
		l.Warnings = append(l.Warnings, w...)
	}
	for _, w := range ways {
		for m := range better {
			better[m] = cmp.Or(better[m], w[m])
		}
	}
	return l, better, errors.Join(errs...)
}

// loadBy makes a side of each value of the key.
func loadBy(inputs []Input, q Query, better []string) (*Loaded, error) {
	l := &Loaded{}
	sides := map[benchproc.Key]*Side{}
	var keys []benchproc.Key
	values := map[benchproc.Key]results.Cell{} // of the axis alone
	all := Input{}
	for _, in := range inputs {
		all.Paths = append(all.Paths, in.Paths...)
	}
	var err error
	unknown := 0
	var failures []results.Failure // any side might have had what is missing
	l.Warnings, err = all.read(q, better, func(r *results.Record, p picked) {
		if p.unknown {
			unknown++
			return
		}
		s := sides[p.side]
		if s == nil {
			s = NewSide(p.side.StringValues(), q.Metrics)
			sides[p.side] = s
			keys = append(keys, p.side)
			values[p.side] = alone(r.Cell, ByKey(q.By))
		}
		s.add(r, p.cell, p.metrics)
	}, func(f results.Failure) { failures = append(failures, f) }, func(set *results.Set) {
		for _, s := range sides {
			s.Next()
			s.Of(set.Header)
		}
	})
	if unknown > 0 {
		l.Warnings = append(l.Warnings, fmt.Sprintf("%d records do not say their %s and were left out", unknown, results.Quote(ByKey(q.By))))
	}
	benchproc.SortKeys(keys)
	if axis := results.LookupAxis(q.By); axis != nil { // launches come in random order
		slices.SortStableFunc(keys, func(a, b benchproc.Key) int { return results.CompareCells(values[a], values[b]) })
	}
	for _, k := range keys {
		sides[k].Fail(failures...)
		l.Sides = append(l.Sides, sides[k])
	}
	return l, err
}

// alone is a cell that has nothing but the value of the axis of that key.
func alone(c results.Cell, key string) results.Cell {
	for i := range results.Axes {
		if a := &results.Axes[i]; a.Key != key {
			a.Clear(&c)
		}
	}
	return c
}

// Select hands the records of all inputs that the query's filter takes to keep, which
// does not hold them. Benchmarks that are no cells are not among them.
func Select(inputs []Input, q Query, keep func(*results.Record)) (warnings []string, err error) {
	others, q := 0, Query{Metrics: DefaultMetrics, Filter: q.Filter, Open: q.Open}
	for _, in := range inputs {
		odd, err := in.read(q, make([]string, len(q.Metrics)), func(r *results.Record, _ picked) {
			if r.Cell.Other != "" {
				others++
			} else {
				keep(r)
			}
		}, func(results.Failure) {}, func(*results.Set) {})
		if warnings = append(warnings, odd...); err != nil {
			return warnings, err
		}
	}
	if others > 0 {
		warnings = append(warnings, fmt.Sprintf("%d results of other benchmarks, which have no axes, were left out", others))
	}
	return warnings, nil
}

// read hands the records that the query takes to add, the failures of packages
// that it takes to fail, and calls next after each file. It notes in better
// which way the metrics are, as far as the files state it.
func (in Input) read(q Query, better []string, add func(*results.Record, picked), fail func(results.Failure), next func(*results.Set)) (warnings []string, err error) {
	pick := func(r *results.Record, path string) picked {
		return picked{ok: true, cell: r.Cell, metrics: ^uint64(0)}
	}
	if q.Filter != "*" || q.By != "" {
		p, err := newPicker(q)
		if err != nil {
			return nil, &QueryError{err}
		}
		pick = p.pick
	}
	for _, path := range in.Paths {
		taken := map[string]bool{} // packages of which the query takes a record, or none
		set, err := q.scan(path, func(r *results.Record) {
			p := pick(r, path)
			if pkg := packageOf(r); p.ok || !taken[pkg] {
				taken[pkg] = p.ok
			}
			if p.ok {
				add(r, p)
			}
		})
		if err != nil {
			return warnings, err
		}
		for _, f := range set.Failures {
			if ok, known := taken[f.Package]; ok || !known && (q.Filter == "*" || f.Package == "" ||
				pick(&results.Record{Cell: results.Cell{Package: f.Package, Other: "package"}}, path).ok) {
				fail(f)
			}
		}
		warnings = append(warnings, set.Odd()...)
		for i, m := range q.Metrics {
			better[i] = cmp.Or(better[i], set.Better(m))
		}
		next(set)
	}
	return warnings, nil
}

// scan reads a file.
func (q Query) scan(path string, keep func(*results.Record)) (*results.Set, error) {
	open := q.Open
	if open == nil {
		open = func(path string) (*results.Input, error) { return results.OpenInput(context.Background(), path) }
	}
	in, err := open(path)
	if err != nil {
		return nil, err
	}
	return in.Scan(keep)
}

// packageOf is the Go package that a record of benchmark text is of.
func packageOf(r *results.Record) string {
	if r.Cell.Package != "" || r.Text() == nil {
		return r.Cell.Package
	}
	return r.Text().Package
}
