package kernels

import (
	"errors"
	"testing"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// An instruction-counted guest refuses what its numbers would say nothing of,
// each by a rule; real time has no such rule.
func TestWhatIsCounted(t *testing.T) {
	cell := func(workload, mech string, size int, place string) results.Cell {
		return results.Cell{Workload: workload, Mechanism: mech, Size: size, Place: place}
	}
	for c, rule := range map[results.Cell]string{
		cell("PingPong", "pipe", 64, "same"):                            "",
		cell("Stream", "sysvmsg", maxCounted, "same"):                   "",
		cell(results.FloorWorkload, results.FloorCall, 1, "same"):       "",
		cell(results.FloorWorkload, results.FloorWake, 4, "same"):       "",
		cell("PingPong", "pipe", 64, "cross"):                           "one CPU",
		cell("PingPong", "pipe", maxCounted+1, "same"):                  "large messages",
		cell("PingPong", "shmspin", 64, "same"):                         "spinning",
		cell(results.FloorWorkload, results.FloorBounce, 64, "same"):    "spinning",
		cell(results.FloorWorkload, results.FloorCopy, 64, "same"):      "copies",
		cell(results.FloorWorkload, results.FloorCopies, 4<<10, "same"): "copies",
	} {
		err := ICount.admit(c)
		var refused *mechanisms.UnsupportedError
		if errors.As(err, &refused) != (rule != "") || rule != "" && (refused.Rule != rule || refused.Remedy == "") {
			t.Errorf("%s: %v, want the rule %q", c.Name(), err, rule)
		}
		if err := KVM.admit(c); err != nil {
			t.Errorf("%s in real time: %v", c.Name(), err)
		}
	}
}

// A cell whose processes the scheduler may let preempt has calm rounds, from which its
// path is counted; a round trip leaves the scheduler no choice, and real time has none.
func TestWhatHasAPath(t *testing.T) {
	for c, want := range map[results.Cell]bool{
		{Workload: "Stream", Mechanism: "pipe", Size: 64, Place: "same"}:                                         true,
		{Workload: "FanIn", Mechanism: "pipe", Size: 64, Place: "same", Peers: 4}:                                true,
		{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}:                                       false,
		{Workload: "Lifecycle", Mechanism: "pipe", Size: 64, Place: "same"}:                                      false,
		{Workload: results.FloorWorkload, Mechanism: results.FloorCall, Size: 1, Place: "same"}:                  false,
		{Workload: "OpenLoop", Mechanism: "pipe", Size: 64, Place: "same", Options: results.Options{Rate: 1000}}: false,
	} {
		if m := ICount.measurement(c, 0); m.Calm > 0 != want || m.Steady == want {
			t.Errorf("%s: calm rounds: %v, by its pace: %v, want calm ones: %v", c.Name(), m.Calm > 0, m.Steady, want)
		}
		if KVM.measurement(c, 0).Calm > 0 {
			t.Errorf("%s: calm rounds in real time", c.Name())
		}
	}
}
