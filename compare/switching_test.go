package compare

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"ipcbench/results"
)

var stream = results.Cell{Workload: "Stream", Mechanism: "socketpair", Size: 64, Place: "same"}

// boots adds n launches of a cell whose instructions were counted: a path, what a
// switch takes (0: not known), and how often the processes switch, each of which
// changes a little from boot to boot.
func (s *session) boots(c results.Cell, n int, path, takes, rate float64) {
	for i := range n {
		r := s.Record(c, i+1, 1)
		off := 1 + 0.0005*float64(i%3)
		r.PathInsns, r.SwitchInsns = path*off, takes*off
		r.InsnsPerOp = path*off + takes*off*rate*off
		r.NsPerOp, r.ElapsedNs, r.BytesPerSec, r.Latency = 0, 0, 0, nil
		r.Voluntary, r.Involuntary = results.Known(rate*off/2), results.Known(rate*off/2)
	}
}

// What the scheduler does to a cell is no regression of its path, and a longer path is
// one however seldom its processes switch.
func TestSwitchesStandAside(t *testing.T) {
	for name, c := range map[string]struct {
		path, takes, rate float64 // of new; old has 5000, 3000 and 0.14
		boots             int
		status            Status
		verdicts          map[string]Verdict
		says              string
	}{
		"nothing":       {5000, 3000, 0.14, 6, Passed, map[string]Verdict{pathUnit: Same, switchUnit: Same, rateUnit: Same}, ""},
		"more switches": {5000, 3000, 0.48, 6, Passed, map[string]Verdict{pathUnit: Same, switchUnit: Same, rateUnit: More}, "Stream/socketpair/size=64/place=same switches 0.48 times an operation, and 0.14 times before: this alone adds 1021 instructions to each."},
		"fewer":         {5000, 3000, 0.01, 6, Passed, map[string]Verdict{pathUnit: Same, switchUnit: Same, rateUnit: Less}, "saves 390 instructions of each"},
		"dearer":        {5000, 3500, 0.14, 6, Passed, map[string]Verdict{pathUnit: Same, switchUnit: More, rateUnit: Same}, "A switch takes 3502 instructions in Stream/socketpair/size=64/place=same, and took 3002 before."},
		"longer path":   {5250, 3000, 0.0, 6, Regressed, map[string]Verdict{pathUnit: Slower}, ""},
		"few boots":     {5250, 3000, 0.48, 3, Undecided, map[string]Verdict{pathUnit: Unjudged, switchUnit: Same, rateUnit: CantTell}, ""},
	} {
		old, new := inTurn()
		old.boots(stream, c.boots, 5000, 3000, 0.14)
		new.boots(stream, c.boots, c.path, c.takes, c.rate)
		r := compare(old, new, func(o *Options) { o.Threshold = 0.02 })
		said := ""
		for i := range r.Rows {
			row := &r.Rows[i]
			said += row.Says
			if want, known := c.verdicts[row.Metric]; row.Metric == counted || known && row.Verdict != want {
				t.Errorf("%s: %s is %s (%s), want %s", name, row.Metric, row.Verdict, row.Why, want)
			}
			if row.Aside != (row.Metric != pathUnit) {
				t.Errorf("%s: %s aside: %v", name, row.Metric, row.Aside)
			}
		}
		if r.Status() != c.status || r.Gate.Cells > 1 {
			t.Errorf("%s: status %v over %d cells, want %v", name, r.Status(), r.Gate.Cells, c.status)
		}
		if !strings.Contains(said, c.says) || c.says == "" && strings.Contains(said, "before") && c.status == Passed {
			t.Errorf("%s: %q, want %q", name, said, c.says)
		}
	}
}

// Where no boot switches often enough, the path is known and what a switch takes is
// not: the row of the rate states it.
func TestSwitchesTooFewToCost(t *testing.T) {
	old, new := inTurn()
	old.boots(stream, 6, 5000, 0, 0.002)
	new.boots(stream, 6, 5000, 0, 0.004)
	r := compare(old, new)
	if row := r.row(t, stream, rateUnit); row.Verdict != Same || row.Why != "too few to know what one takes" || row.Says != "" {
		t.Errorf("%s (%s) %q", row.Verdict, row.Why, row.Says)
	}
	if len(r.Rows) != 2 || r.Status() != Passed {
		t.Errorf("%d rows, status %v", len(r.Rows), r.Status())
	}
}

// Records without a path, of an earlier version or of a round trip, are compared by
// all instructions, with the switches beside them.
func TestInstructionsWithoutPath(t *testing.T) {
	old, new := inTurn()
	old.boots(pipe, 6, 0, 3000, 4)
	new.boots(pipe, 6, 0, 3100, 4)
	old.boots(stream, 6, 0, 3000, 0.14)
	new.boots(stream, 6, 5000, 3000, 0.14)
	r := compare(old, new, func(o *Options) { o.Threshold = 0.02 })
	if row := r.row(t, pipe, counted); row.Verdict != Slower || row.Switches == nil || row.Switches.Old < 3.9 || row.Switches.New > 4.1 {
		t.Errorf("%s, %+v", row.Verdict, row.Switches)
	}
	r.row(t, stream, counted) // one side has no path
	if len(r.Rows) != 2 || len(r.Incomparable) != 0 {
		t.Errorf("%d rows, %v", len(r.Rows), r.Incomparable)
	}
}

// A series has no step where a cell hardly switches, by whatever factor it does less
// hardly in the next kernel.
func TestFewSwitchesAreNoStep(t *testing.T) {
	rates := []float64{0.0002, 0.0031, 0.0009, 0.14}
	sides := make([]*session, len(rates))
	for i := range rates {
		sides[i] = newSession(fmt.Sprint(i), uint64(i), time.Duration(i)*time.Minute)
		sides[i].boots(stream, 6, 5000, 3000, rates[i])
	}
	var reports []*Report
	for _, side := range sides[1:] {
		reports = append(reports, compare(sides[0], side, func(o *Options) { o.Threshold = 0.02 }))
	}
	for _, row := range NewSeries(reports).Cells[0].Rows {
		for i, v := range row.Values {
			if want := row.Metric == rateUnit && i == 3; v.Stepped != want {
				t.Errorf("%s of side %d: %v after %v, step %v", row.Metric, i, v.Center, row.Values[max(0, i-1)].Center, v.Stepped)
			}
		}
	}
}
