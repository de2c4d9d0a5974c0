package runner

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	"ipcbench/bench"
	"ipcbench/results"
)

// A launch costs the run the same in a plan of ten cells and of thousands: it
// is measured once, shown once, handed on once, and what the run allocates
// for it does not grow with the plan.
func TestCostOfALaunchDoesNotGrow(t *testing.T) {
	const passes = 4
	cost := func(cells int) (allocs, bytes float64) {
		plan := bench.Plan{Launches: passes, Time: time.Millisecond, Seed: 1}
		for i := range cells {
			plan.Cells = append(plan.Cells, results.Cell{Workload: "Stream", Mechanism: "x", Size: i + 1, Place: "same"})
		}
		var measured, shown, sunk int
		run := Run{Plan: plan, Progress: func(int, results.Cell, int) { shown++ }, Sides: []*Side{{
			Measure: func(c results.Cell, m Measurement) (results.Record, int) {
				measured++
				return results.Record{Cell: c, Outcome: results.OK}, 1
			},
			Sink: func(results.Record) error { sunk++; return nil },
		}}}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if err := run.Execute(context.Background()); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		launches := passes * cells
		if got, want := fmt.Sprint(measured, shown, sunk), fmt.Sprint(launches, launches, launches); got != want {
			t.Errorf("%d cells: measured, shown and handed on %s times, want %s", cells, got, want)
		}
		return float64(after.Mallocs-before.Mallocs) / float64(launches), float64(after.TotalAlloc-before.TotalAlloc) / float64(launches)
	}
	few, fewBytes := cost(10)
	many, manyBytes := cost(5000)
	t.Logf("allocations a launch: %.2f, %.0f bytes in 10 cells; %.2f, %.0f bytes in 5,000", few, fewBytes, many, manyBytes)
	// Maps and slices that double may have just done so.
	if many > few+1 || manyBytes > 2*fewBytes+256 {
		t.Errorf("a launch of 5,000 cells costs %.2f allocations and %.0f bytes, one of 10 cells %.2f and %.0f", many, manyBytes, few, fewBytes)
	}
}
