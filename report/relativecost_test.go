package report

import (
	"slices"
	"testing"

	"ipcbench/plots"
	"ipcbench/results"
)

// TestRelativeCostCharts draws multiples of floors, and none where there is no floor.
func TestRelativeCostCharts(t *testing.T) {
	all := append(eventful(), floors()...)
	for _, r := range all {
		if r.Cell.Size == 64<<10 { // a second size of long messages
			r.Cell.Size, r.NsPerOp = 256<<10, 4*r.NsPerOp
			all = append(all, r)
		}
	}
	p := NewPage(&results.Set{Records: all})
	copies := p.chart(t, "copies-stream-same-default")
	if len(copies.Lines) != 2 || len(copies.Lines[0].Points) != 2 {
		t.Fatalf("%+v", copies.Lines)
	}
	// fifo, 64 KiB: 10578.6 ns and so on against 1800 ns and so on.
	if at := copies.Lines[0].Points[0]; at.X != 64<<10 || at.Y < 5.85 || at.Y > 5.89 || at.Lo >= at.Y || at.Hi <= at.Y {
		t.Errorf("%+v, want 5.87 copies with an interval", at)
	}
	if wakeups := p.chart(t, "wakeups-pingpong-same-default"); wakeups.Y.Unit != plots.Times {
		t.Errorf("%+v", wakeups.Y)
	}
	for _, c := range p.Charts {
		if c.ID == "wakeups-pingpong-cross-default" {
			t.Errorf("%s: no wake-up was measured there", c.ID)
		}
	}
	for _, c := range Charts(results.Summarize(eventful())) {
		if slices.Contains([]string{"copies", "wakeups"}, c.Family) {
			t.Errorf("%s: without a floor", c.ID)
		}
	}
	for _, c := range p.Cells {
		if c.has(floorKey) != (c.Outcome == results.OK && c.Workload != results.FloorWorkload && (c.Place == "same" || c.Workload != "PingPong")) {
			t.Errorf("%s, %s: vs floor %+v", c.Name, c.Outcome, c.Numbers[floorKey])
		}
	}
}
