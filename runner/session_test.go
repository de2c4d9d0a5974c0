package runner

import (
	"testing"
	"time"

	"ipcbench/results"
)

// The launch that comes next may be the one that was announced, another, or one
// that is impossible: each gives what it would have given alone.
func TestNextLaunchStartsMeanwhile(t *testing.T) {
	unknown := results.Cell{Workload: "PingPong", Mechanism: "pigeon", Size: 64, Place: "same"}
	fifo := pipePong
	fifo.Mechanism = "fifo"
	for shared, name := range isolated {
		t.Run(name, func(t *testing.T) {
			s := startSession(t, Options{Shared: shared})
			seen := map[int]bool{}
			for _, launch := range []struct {
				cell results.Cell
				next *results.Cell
				want results.Outcome
			}{
				{pipePong, &fifo, results.OK},
				{fifo, &pipePong, results.OK},    // as announced
				{fifo, &unknown, results.OK},     // another than announced
				{unknown, &fifo, results.Failed}, // its own error
				{pipePong, &pipePong, results.OK},
				{pipePong, &fifo, results.OK}, // ends with the session
			} {
				rec, _ := s.Measure(launch.cell, Measurement{Time: 5 * time.Millisecond, Ops: 50, Exact: true, Next: launch.next})
				if rec.Outcome != launch.want && rec.Outcome != results.Untrusted || rec.Cell != launch.cell {
					t.Fatalf("%s: %s %s, want %s", launch.cell.Name(), rec.Outcome, rec.Reason, launch.want)
				}
				for _, w := range rec.Workers {
					if seen[w.PID] {
						t.Errorf("%s: process %d played an earlier launch too", launch.cell.Name(), w.PID)
					}
					seen[w.PID] = true
				}
			}
		})
	}
}
