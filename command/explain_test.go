package command

import (
	"encoding/json"
	"math"
	"testing"

	"ipcbench/explain"
	"ipcbench/internal/need"
)

// The time of a round trip that was measured here is divided: its parts add up to it.
// On a machine that other processes keep busy no launch may give a number.
func TestExplainTimeHere(t *testing.T) {
	need.Time(t)
	for _, mech := range []string{"pipe", "sysvshm", "eventfd"} {
		end := ends(t, commandLine("explain", mech, "--time", "--format", "json"))
		if end.status == exitUntrusted {
			t.Skip(end.stderr)
		}
		var out explain.Time
		if err := json.Unmarshal([]byte(end.stdout), &out); end.status != exitOK || err != nil {
			t.Fatalf("%s: exit status %d, %v: %s", mech, end.status, err, end.stderr)
		}
		sum := 0.0
		for _, p := range out.Parts {
			sum += float64(p.Time.Center)
			if p.Name == "wake-ups" && p.Count <= 0 {
				t.Errorf("%s: a round trip without a wake-up: %+v", mech, p)
			}
		}
		if measured := float64(out.Measured.Center); measured <= 0 || math.Abs(sum-measured) > 1e-9*measured {
			t.Errorf("%s: the parts are %v ns, measured %v ns", mech, sum, measured)
		}
	}
}
