package runner

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

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

// Two processes that spin and have been moved to one CPU let each other run.
func TestSpinningOnOneCPUAfterAll(t *testing.T) {
	s := startSession(t, Options{})
	l, err := s.Open(results.Cell{Workload: "PingPong", Mechanism: "shmspin", Size: 64, Place: "cross"})
	if Unsupported(err) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	var one unix.CPUSet
	one.Set(l.Workers[0].CPUs[0])
	for _, w := range l.Workers {
		if err := unix.SchedSetaffinity(w.PID, &one); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Round(Timed, 2500, time.Millisecond); err != nil { // 20 s of time slices
		t.Error(err)
	}
	if _, err := l.Close(); err != nil {
		t.Error(err)
	}
}
