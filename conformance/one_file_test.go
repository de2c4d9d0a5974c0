package conformance_test

import (
	"slices"
	"testing"

	"ipcbench/bench"
	"ipcbench/internal/need"
	"ipcbench/internal/suggest"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// TestOneFileAddsAMechanism shows that what example_test.go registers is
// everywhere, with no other edit. That it keeps the contract is
// TestConformance/example.
func TestOneFileAddsAMechanism(t *testing.T) {
	need.Time(t)
	var names []string
	for _, m := range mechanisms.All() {
		names = append(names, m.Name)
	}
	if !slices.Contains(names, "example") {
		t.Fatalf("All() is %q", names)
	}
	full, err := bench.LookupPreset("full")
	if err != nil {
		t.Fatal(err)
	}
	plan := bench.NewPlan(full.Spans(), full.Launches, full.Time, true, 1)
	for _, w := range bench.Workloads {
		if !w.PlaysOn(mechanisms.Lookup("example")) {
			continue
		}
		axes := bench.Axes{Workloads: []string{w.Name}, Mechanisms: []string{"example"}, Peers: []int{4}, Places: []string{"same"}}
		if err := axes.Check(); err != nil {
			t.Errorf("axes of a command or benchmark: %v", err)
		}
		if !slices.ContainsFunc(plan.Cells, func(c results.Cell) bool { return c.Workload == w.Name && c.Mechanism == "example" }) {
			t.Errorf("the full preset has no cell of %s", w.Name)
		}
	}
}

// The family that the file states, and what people call it besides, are known
// wherever families are.
func TestOneFileStatesItsFamily(t *testing.T) {
	m := mechanisms.Lookup("example")
	family := m.Family.Mechanisms()
	if m.Family != mechanisms.UnixSockets || !slices.Contains(family, m) {
		t.Errorf("the family of example is %q, %d mechanisms", m.Family, len(family))
	}
	if near := suggest.Near("specimen", []string{"pipe", "example"}); !slices.Equal(near, []string{"example"}) {
		t.Errorf("specimen may mean %q, want example", near)
	}
}
