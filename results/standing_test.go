package results

import "testing"

// The gravest that any cell came to decides, and floors where nothing else was
// measured.
func TestStandingOf(t *testing.T) {
	cell := func(workload string, outcome Outcome) Summary {
		return Summary{Cell: Cell{Workload: workload, Mechanism: "x", Size: 1, Place: "same"}, Outcome: outcome}
	}
	damaged := cell("Stream", Failed)
	damaged.Check = "message 4711 was lost"
	for _, tt := range []struct {
		name  string
		cells []Summary
		want  Standing
		why   string
	}{
		{"one is ok", []Summary{cell("Stream", OK), cell("PingPong", Skipped)}, Measured, ""},
		{"none is ok", []Summary{cell("Stream", Skipped), cell(FloorWorkload, OK)}, Unavailable, "nothing that was asked for is available here"},
		{"nothing", nil, Unavailable, "nothing that was asked for is available here"},
		{"a floor alone", []Summary{cell(FloorWorkload, OK)}, Measured, ""},
		{"untrusted", []Summary{cell("Stream", OK), cell("PingPong", Untrusted)}, SomeUntrusted, "1 cells are untrusted"},
		{"failed", []Summary{cell("Stream", Untrusted), cell("PingPong", Failed), cell("FanIn", Failed)}, SomeFailed, "2 cells failed"},
		{"a check", []Summary{cell("PingPong", Failed), damaged}, CheckFailed, damaged.Cell.Name() + ": message 4711 was lost"},
	} {
		if got, why := StandingOf(tt.cells); got != tt.want || why != tt.why {
			t.Errorf("%s: %d, %q; want %d, %q", tt.name, got, why, tt.want, tt.why)
		}
	}
}
