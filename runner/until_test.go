package runner

import (
	"math"
	"testing"

	"ipcbench/results"
)

// On a machine that drifts a change is known long before either side is.
func TestChangeIsKnownBeforeItsSides(t *testing.T) {
	cell := results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}
	known := &Run{Until: 0.02, Sides: []*Side{{}, {}}}
	add := func(side, launch int, ns float64) {
		known.Sides[side].keep(results.Record{Schema: results.Schema, Cell: cell, Launch: launch, Attempt: 1, Outcome: results.OK, NsPerOp: ns})
	}
	if known.wide(cell) || known.more(cell) {
		t.Error("a cell that was not begun asks for more launches than the plan's")
	}
	for launch := 1; launch <= 13; launch++ {
		drift := 1000 * math.Exp(0.2*float64(launch%5))
		add(0, launch, drift)
		add(1, launch, drift*(1.1+0.001*float64(launch%3)))
		if wide := known.wide(cell); wide != (launch < 6) {
			t.Errorf("after %d launches: wide is %v", launch, wide)
		}
		// The first stage takes ten, and three more follow once it is narrow.
		if more := known.more(cell); more != (launch < 13) {
			t.Errorf("after %d launches: more is %v", launch, more)
		}
	}
	for _, side := range known.Sides {
		if alone := (Run{Until: 0.02, Sides: []*Side{side}}); !alone.wide(cell) {
			t.Error("a side is known on its own: there is no drift to see through")
		}
	}
	known.Sides[1].keep(results.Record{Schema: results.Schema, Cell: cell, Launch: 14, Attempt: 1, Outcome: results.Failed, Reason: "a message was lost"})
	if known.wide(cell) || known.more(cell) {
		t.Error("more launches are wanted of a cell that failed")
	}
}

// A cell of a run, too, has a first stage of ten launches and three more once
// its interval is narrow, and resuming the run changes nothing.
func TestUntilGoesBeyondTheFirstNarrowInterval(t *testing.T) {
	cell := results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}
	var records []results.Record
	known := &Run{Until: 0.02, Sides: []*Side{{}}}
	for launch := 1; launch <= 13; launch++ {
		r := results.Record{Schema: results.Schema, Cell: cell, Launch: launch, Attempt: 1, Outcome: results.OK, NsPerOp: 1000 + float64(launch%3)}
		records = append(records, r)
		known.Sides[0].keep(r)
		if more := known.more(cell); more != (launch < 13) {
			t.Errorf("after %d launches: more is %v", launch, more)
		}
		resumed := &Run{Until: 0.02, Sides: []*Side{{Earlier: earlierOf(true, records...)}}} // a plan without a cell only reads them
		if err := resumed.Execute(t.Context()); err != nil {
			t.Fatal(err)
		}
		if more := resumed.more(cell); more != (launch < 13) {
			t.Errorf("resumed after %d launches: more is %v", launch, more)
		}
	}
	if known.wide(cell) {
		t.Error("launches that differ by 0.1 % have an interval wider than 2 %")
	}
}
