package report

import (
	"regexp"
	"slices"
	"testing"

	"ipcbench/plots"
	"ipcbench/results"
)

// records of a small run: two mechanisms, two places, three sizes.
func records() (all []results.Record) {
	for _, workload := range []string{"PingPong", "Stream"} {
		for m, mech := range []string{"fifo", "pipe"} {
			for p, place := range []string{"cross", "same"} {
				for _, size := range []int{64, 4 << 10, 64 << 10} {
					for launch := range 6 {
						ns := 5000 + float64(size)/10 + 100*float64(m) - 1000*float64(p) + 10*float64(launch)
						all = append(all, results.Record{
							Schema: results.Schema, Launch: launch + 1, Attempt: 1, Outcome: results.OK,
							Cell:    results.Cell{Workload: workload, Mechanism: mech, Size: size, Place: place},
							NsPerOp: ns, BytesPerSec: float64(size) / ns * 1e9, CPUNsPerOp: results.Known(ns), Voluntary: results.Known(2.0), Involuntary: results.Known(0.0),
						})
					}
				}
			}
		}
	}
	return all
}

func TestCharts(t *testing.T) {
	all := records()
	zero := all[0]
	zero.Cell.Mechanism, zero.BytesPerSec, zero.Cell.Workload = "sysvshm", 0, "Stream"
	skipped := all[0]
	skipped.Cell.Mechanism, skipped.Outcome, skipped.Reason = "sysvmsg", results.Skipped, "size 64 > 8"
	charts := Charts(results.Summarize(append(all, zero, skipped)))
	var ids []string
	for _, c := range charts {
		if !regexp.MustCompile(`^[a-z0-9-]+$`).MatchString(c.ID) || slices.Contains(ids, c.ID) {
			t.Errorf("ID %q is not one, or not unique", c.ID)
		}
		ids = append(ids, c.ID)
		if len(c.Lines) == 0 {
			t.Errorf("%s is empty", c.ID)
		}
		for _, l := range c.Lines {
			if !slices.IsSortedFunc(l.Points, func(a, b plots.Point) int { return int(a.X - b.X) }) && c.Kind == plots.Lines {
				t.Errorf("%s, %s: points are not in order", c.ID, l.Name)
			}
			for _, p := range l.Points {
				if c.X.Log && p.X <= 0 || c.Y.Log && p.Y <= 0 {
					t.Errorf("%s, %s: %+v has no logarithm", c.ID, l.Name, p)
				}
			}
		}
	}
	for _, want := range []string{"throughput-stream-same-default", "latency-pingpong-cross-default", "place-stream-default-4kib", "switches-pingpong-default-64"} {
		if !slices.Contains(ids, want) {
			t.Errorf("there is no %s among %q", want, ids)
		}
	}
	find := func(id string) plots.Chart { return charts[slices.Index(ids, id)] }
	if m := find("throughput-stream-cross-default").Missing; len(m) != 1 || m[0].Line != "sysvshm" {
		t.Errorf("a 0 is missing as %+v", m)
	}
	if m := find("latency-pingpong-cross-default").Missing; len(m) != 1 || m[0].Reason != "skipped: size 64 > 8" || m[0].X != 64 {
		t.Errorf("what was skipped is missing as %+v", m)
	}
	if p := find("place-pingpong-default-64").Lines[0].Points; len(p) != 2 || p[1].Y != 1 || p[1].X != 5131.4 {
		t.Errorf("dots %+v", p)
	}
}
