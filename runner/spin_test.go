package runner

import (
	"testing"

	"ipcbench/host"
	"ipcbench/results"
)

// Spinning processes are refused where they have fewer CPUs than they are, in
// every place alike, and others are not.
func TestSpinningNeedsACPUForEach(t *testing.T) {
	two := []host.CPU{{ID: 0, Core: 0}, {ID: 1, Core: 1}}
	for _, c := range []struct {
		workload, mech, place string
		peers                 int
		cpus                  []host.CPU
		want                  string
	}{
		{"PingPong", "shmspin", "same", 0, two, "shmspin: spinning processes 2 > 1 (place=same): each would use up the others' time slices, sched(7)"},
		{"PingPong", "shmspin", "cross", 0, two, ""},
		{"PingPong", "shmspin", "free", 0, two, ""},
		{"PingPong", "shmspin", "free", 0, two[:1], "shmspin: spinning processes 2 > 1 (sched_getaffinity(2)): each would use up the others' time slices, sched(7)"},
		{"Pipeline", "shmspin", "cross", 3, two, "shmspin: spinning processes 3 > 2 (place=cross): each would use up the others' time slices, sched(7)"},
		{"PingPong", "shmyield", "same", 0, two, ""},
		{"PingPong", "shmfutex", "same", 0, two[:1], ""},
	} {
		cell := results.Cell{Workload: c.workload, Mechanism: c.mech, Size: 64, Place: c.place, Peers: c.peers}
		got := ""
		if err := Admit(cell, c.cpus); err != nil {
			got = err.Error()
			if !Unsupported(err) {
				t.Errorf("%s: %v is no refusal", cell.Name(), err)
			}
		}
		if got != c.want {
			t.Errorf("%s on %d CPUs: %q, want %q", cell.Name(), len(c.cpus), got, c.want)
		}
	}
}
