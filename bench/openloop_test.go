package bench

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"ipcbench/results"
)

func rates(a Axes) (all []int) {
	for _, c := range a.Cells() {
		all = append(all, c.Rate)
	}
	return all
}

func TestRatesArePlannedForWorkloadsThatAreDue(t *testing.T) {
	a := Axes{Workloads: []string{"OpenLoop"}, Mechanisms: []string{"pipe"}, Sizes: []int{64}, Queues: []int{0}, Places: []string{"same"}}
	if got := rates(a); !slices.Equal(got, Rates) {
		t.Errorf("none asked for: %v, want %v", got, Rates)
	}
	a.Options = []results.Options{{Rate: 5}, {Wait: "poll", Rate: 7}}
	if got := rates(a); !slices.Equal(got, []int{5, 7}) {
		t.Errorf("asked for 5 and 7: %v", got)
	}
	a.Workloads = []string{"Stream"}
	if got := rates(a); !slices.Equal(got, []int{0, 0}) { // the usual one, and wait=poll
		t.Errorf("Stream has rates: %v", got)
	}
	if err := a.Check(); err == nil || !strings.Contains(err.Error(), "rate=5: none of the workloads stream takes it") {
		t.Error(err)
	}
	a.Workloads, a.Options = []string{"OpenLoop"}, []results.Options{{Rate: results.MaxRate + 1}}
	if err := a.Check(); err == nil || !strings.Contains(err.Error(), "want at most 10000000 messages a second") {
		t.Error(err)
	}
}

func TestOpenLoopRefusesWhatItCannotCarry(t *testing.T) {
	c := results.Cell{Workload: "OpenLoop", Mechanism: "pipe", Size: 16, Place: "same", Options: results.Options{Rate: 1000}}
	if err := OpenLoop.Admit(c); err != nil {
		t.Error(err)
	}
	c.Size = 15
	if err := OpenLoop.Admit(c); !errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "message size 15 < 16: what its messages must carry does not fit") {
		t.Error(err)
	}
	c.Size, c.Rate = 16, 0
	if err := OpenLoop.Admit(c); err == nil || !strings.Contains(err.Error(), "no rate") {
		t.Error(err)
	}
	if floors := FloorCells([]results.Cell{{Workload: "OpenLoop", Size: 64 << 10, Place: "same", Options: results.Options{Rate: 1}}}); len(floors) != 0 {
		t.Errorf("a rate is held against floors: %v", floors)
	}
}
