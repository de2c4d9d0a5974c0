//go:build !race

package runner

import (
	"slices"
	"testing"

	"ipcbench/internal/need"
	"ipcbench/results"
)

// Instructions are what the harness costs without the noise of a machine: they
// come out the same every time, and say how short the way into the kernel is.
func TestInstructions(t *testing.T) {
	need.Time(t)
	s := startSession(t, Options{})
	for _, c := range []struct {
		cell results.Cell
		most []float64 // by part
	}{
		{results.Cell{Workload: "Stream", Mechanism: "pipe", Size: 64, Place: "same"}, []float64{120, 120}},
		{results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}, []float64{240, 240}},
		{results.Cell{Workload: "Stream", Mechanism: "sysvshm", Size: 64, Place: "same"}, []float64{240, 240}},
		{results.Cell{Workload: "Stream", Mechanism: "sysvmsg", Size: 64, Place: "same"}, []float64{140, 220}},
	} {
		first, err := s.Instructions(c.cell)
		skipRefused(t, err)
		again, err := s.Instructions(c.cell)
		skipRefused(t, err)
		if !slices.Equal(first, again) {
			t.Errorf("%s: %v instructions, and then %v", c.cell.Name(), first, again)
		}
		for part, n := range first {
			if n < 20 || n > c.most[part] {
				t.Errorf("%s: part %d executes %v instructions in an operation, want at most %v", c.cell.Name(), part, n, c.most[part])
			}
		}
	}
}
