package compare

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"ipcbench/results"
)

// A cell is held to the threshold of the last pattern that it matches, and the row
// states the threshold where it is not that of the report.
func TestThresholdsOfCells(t *testing.T) {
	old, new := inTurn()
	for _, c := range []results.Cell{pipe, fifo, msg, fan} {
		old.Launches(c, 10, 5000, 0.01)
		new.Launches(c, 10, 5000*1.15, 0.01)
	}
	r := compare(old, new, func(o *Options) {
		o.Thresholds = []results.Threshold{{Cells: "PingPong", Share: 0.30}, {Cells: "*/mech=fifo", Share: 0.10}, {Cells: "*/mech=sysvmsg", Share: 0.05}}
	})
	for c, want := range map[results.Cell]struct {
		verdict   Verdict
		threshold float64
	}{pipe: {Same, 0.30}, fifo: {Slower, 0.10}, msg: {Slower, 0}, fan: {Slower, 0}} {
		if row := r.row(t, c, "ns/op"); row.Verdict != want.verdict || row.Threshold != want.threshold {
			t.Errorf("%s: %s, threshold %v, want %+v", c.Name(), row.Verdict, row.Threshold, want)
		}
	}
	text, err := json.Marshal(r)
	if err != nil || strings.Count(string(text), `"threshold":0.3`) == 0 || strings.Count(string(text), `"threshold":`) >= 1+len(r.Rows) {
		t.Errorf("JSON has %d thresholds of %d rows, %v", strings.Count(string(text), `"threshold":`), len(r.Rows), err)
	}
	if r.Threshold != 0.05 || r.Status() != Regressed {
		t.Errorf("threshold %v, status %v", r.Threshold, r.Status())
	}
	// What a row needs to be shown is counted from its own threshold.
	if d := float64(r.Gate.Worst); math.IsNaN(d) || d < 0.30 {
		t.Errorf("the gate finds a change of %v in a cell whose threshold is 0.3", d)
	}
}
