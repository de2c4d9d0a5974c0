package main

import (
	"math"
	"testing"

	"ipcbench/results"
)

// On a machine that drifts a change is known long before either side is.
func TestContrastIsNarrowerThanItsArms(t *testing.T) {
	cell := results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}
	known := &contrast{until: 0.02, sides: [2]*precision{newPrecision(0.02, nil), newPrecision(0.02, nil)}}
	add := func(side, launch int, ns float64) {
		known.sides[side].add(results.Record{Schema: results.Schema, Cell: cell, Launch: launch, Attempt: 1, Outcome: results.OK, NsPerOp: ns})
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
	if !known.sides[0].wide(cell) || !known.sides[1].wide(cell) {
		t.Error("the sides are known by themselves: there is no drift to see through")
	}
	known.sides[1].add(results.Record{Schema: results.Schema, Cell: cell, Launch: 14, Attempt: 1, Outcome: results.Failed, Reason: "a message was lost"})
	if known.wide(cell) || known.more(cell) {
		t.Error("more launches are wanted of a cell that failed")
	}
}

// A cell of a run, too, has a first stage of ten launches and three more once
// its interval is narrow, and resuming the run changes nothing.
func TestPrecisionGoesBeyondTheFirstNarrowInterval(t *testing.T) {
	cell := results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}
	var records []results.Record
	known := newPrecision(0.02, nil)
	for launch := 1; launch <= 13; launch++ {
		r := results.Record{Schema: results.Schema, Cell: cell, Launch: launch, Attempt: 1, Outcome: results.OK, NsPerOp: 1000 + float64(launch%3)}
		records = append(records, r)
		known.add(r)
		if more := known.more(cell); more != (launch < 13) {
			t.Errorf("after %d launches: more is %v", launch, more)
		}
		if resumed := newPrecision(0.02, records).more(cell); resumed != (launch < 13) {
			t.Errorf("resumed after %d launches: more is %v", launch, resumed)
		}
	}
	if known.wide(cell) {
		t.Error("launches that differ by 0.1 % have an interval wider than 2 %")
	}
}
