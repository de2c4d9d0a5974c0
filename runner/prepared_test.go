package runner

import (
	"testing"
	"time"

	"ipcbench/results"
)

// The launch that comes next may be the one that was told of, another, or one
// that cannot be had: each gives what it would have given by itself.
func TestNextLaunchStartsMeanwhile(t *testing.T) {
	unknown := results.Cell{Workload: "PingPong", Mechanism: "pigeon", Size: 64, Place: "same"}
	fifo := pipePong
	fifo.Mechanism = "fifo"
	for shared, name := range isolated {
		t.Run(name, func(t *testing.T) {
			s := startSession(t, Options{Shared: shared})
			seen := map[int]bool{}
			for _, turn := range []struct {
				cell results.Cell
				next *results.Cell
				want results.Outcome
			}{
				{pipePong, &fifo, results.OK},
				{fifo, &pipePong, results.OK},    // as was told
				{fifo, &unknown, results.OK},     // another than was told
				{unknown, &fifo, results.Failed}, // its own error
				{pipePong, &pipePong, results.OK},
				{pipePong, &fifo, results.OK}, // ends with the session
			} {
				rec, _ := s.Measure(turn.cell, Measurement{Time: 5 * time.Millisecond, Ops: 50, Exact: true, Next: turn.next})
				if rec.Outcome != turn.want && rec.Outcome != results.Untrusted || rec.Cell != turn.cell {
					t.Fatalf("%s: %s %s, want %s", turn.cell.Name(), rec.Outcome, rec.Reason, turn.want)
				}
				for _, w := range rec.Workers {
					if seen[w.PID] {
						t.Errorf("%s: process %d played an earlier launch too", turn.cell.Name(), w.PID)
					}
					seen[w.PID] = true
				}
			}
		})
	}
}
