package runner

import (
	"iter"

	"ipcbench/results"
)

// Earlier is what a run that goes on keeps of its earlier records: of each cell at
// most three, however many launches it has, or all where widths of intervals count.
type Earlier struct {
	whole bool
	tried map[launchOf]int // the last attempt at each launch that is untrusted
	kept  []results.Record
	cells map[results.Cell]*keptOf
}

// keptOf is where the records of a cell are in Earlier.kept, counted from 1; 0: there
// is none.
type keptOf struct {
	ok      int // the last launch that is ok
	settled int // the first that was skipped or failed
	usual   int // the first whose links have the capacity that the cell asks for
}

// NewEarlier keeps whole records, without their rounds, where a run goes on until
// intervals are narrow enough.
func NewEarlier(whole bool) *Earlier {
	return &Earlier{whole: whole, tried: map[launchOf]int{}, cells: map[results.Cell]*keptOf{}}
}

// Add adds a record, of which it keeps a copy where it counts.
func (e *Earlier) Add(r *results.Record) {
	c := e.cells[r.Cell.Asked()]
	if c == nil {
		c = &keptOf{}
		e.cells[r.Cell.Asked()] = c
	}
	if r.Outcome == results.Untrusted {
		at := launchOf{r.Cell.Asked(), r.Launch}
		e.tried[at] = max(e.tried[at], r.Attempt)
	}
	if e.whole {
		e.keep(r)
		return
	}
	at := 0 // where it is kept
	switch {
	case r.Outcome == results.OK && c.ok > 0 && c.ok != c.usual && r.Launch > e.kept[c.ok-1].Launch:
		at = c.ok // in the place of the one before
		e.kept[at-1] = light(r)
	case r.Outcome == results.OK && (c.ok == 0 || r.Launch > e.kept[c.ok-1].Launch):
		at = e.keep(r)
		c.ok = at
	case c.settled == 0 && (r.Outcome == results.Skipped || r.Outcome == results.Failed):
		at = e.keep(r)
		c.settled = at
	}
	if c.usual == 0 && r.Cell.Given == "" && r.Capacity() != "" {
		if at == 0 {
			at = e.keep(r)
		}
		c.usual = at
	}
}

func (e *Earlier) keep(r *results.Record) int {
	e.kept = append(e.kept, light(r))
	return len(e.kept)
}

// light is the record without what a run that goes on does not ask for.
func light(r *results.Record) results.Record {
	l := *r
	l.Latency, l.Rounds, l.Workers, l.Warnings, l.Overhead, l.Noise = nil, nil, nil, nil, nil, nil
	return l
}

// attempts is how many attempts at a launch there were that are untrusted.
func (e *Earlier) attempts(at launchOf) int {
	if e == nil {
		return 0
	}
	return e.tried[at]
}

// All are the records that were kept, in an order in which a cell's usual capacity is
// that of the first.
func (e *Earlier) All() iter.Seq[results.Record] {
	return func(yield func(results.Record) bool) {
		if e == nil {
			return
		}
		if !e.whole {
			for _, c := range e.cells {
				if c.usual > 0 && !yield(e.kept[c.usual-1]) {
					return
				}
			}
		}
		for _, r := range e.kept {
			if !yield(r) {
				return
			}
		}
	}
}
