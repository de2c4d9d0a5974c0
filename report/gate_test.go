package report

import (
	"testing"

	"ipcbench/compare"
	"ipcbench/results"
)

// TestReportHasTheRunsGate: a report does not pass what the gate of its runs, of 2 %
// as that of kernels, has failed.
func TestReportHasTheRunsGate(t *testing.T) {
	old, new := inTurn()
	for i := range 12 {
		old.Record(pipe, i+1, 5000+float64(i))
		new.Record(pipe, i+1, 5200+float64(i)) // 4 % more
	}
	for threshold, want := range map[float64]compare.Status{0: compare.Passed, 0.02: compare.Regressed} {
		var sets []*results.Set
		for _, s := range []*session{old, new} {
			sets = append(sets, &results.Set{Header: &results.Header{ID: s.Run, Threshold: threshold}, Records: s.Records})
		}
		r := New(sets, []*compare.Side{old.side(), new.side()})
		if got := r.comparisons[0]; got.Status() != want {
			t.Errorf("runs held to %v: status %v at a threshold of %v, want %v", threshold, got.Status(), got.Threshold, want)
		}
	}
}
