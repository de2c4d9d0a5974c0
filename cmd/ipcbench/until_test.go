package main

import (
	"math"
	"testing"

	"ipcbench/results"
)

// On a machine that drifts a change is known long before either arm is.
func TestContrastIsNarrowerThanItsArms(t *testing.T) {
	cell := results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}
	known := &contrast{until: 0.02, arms: [2]*precision{newPrecision(0.02, nil), newPrecision(0.02, nil)}}
	add := func(arm, launch int, ns float64) {
		known.arms[arm].add(results.Record{Schema: results.Schema, Cell: cell, Launch: launch, Attempt: 1, Outcome: results.OK, NsPerOp: ns})
	}
	if known.wide(cell) {
		t.Error("a cell that was not begun asks for more launches than the plan's")
	}
	for launch := 1; launch <= 10; launch++ {
		drift := 1000 * math.Exp(0.2*float64(launch%5))
		add(0, launch, drift)
		add(1, launch, drift*(1.1+0.001*float64(launch%3)))
		if wide := known.wide(cell); wide != (launch < 6) {
			t.Errorf("after %d launches: wide is %v", launch, wide)
		}
	}
	if !known.arms[0].wide(cell) || !known.arms[1].wide(cell) {
		t.Error("the arms are known by themselves: there is no drift to see through")
	}
	known.arms[1].add(results.Record{Schema: results.Schema, Cell: cell, Launch: 11, Attempt: 1, Outcome: results.Failed, Reason: "a message was lost"})
	if known.wide(cell) {
		t.Error("more launches are wanted of a cell that failed")
	}
}
