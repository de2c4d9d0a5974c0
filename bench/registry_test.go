package bench

import (
	"slices"
	"strings"
	"testing"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// What reports say of a workload is in its entry.
func TestWorkloadsSayWhatReportsNeed(t *testing.T) {
	for i, w := range Workloads {
		if w.Means == "" || len(w.Means) > 90 || w.Order < 1 || i > 0 && w.Order <= Workloads[i-1].Order {
			t.Errorf("%s: order %d, %q", w.Name, w.Order, w.Means)
		}
		if got := results.WorkloadOf(results.Cell{Workload: w.Name}); got.Means != w.Means || got.Order != w.Order || got.TwoWay != w.TwoWay || got.Against != w.Against {
			t.Errorf("%s: reports have %+v", w.Name, got)
		}
	}
	for workload, want := range map[string]string{"Burst": "", "Duplex": "", "Lifecycle": results.Calls, "Pairs": results.Copies, "Compete": results.Copies, "Notify": results.WakeUps} {
		if _, unit := results.FloorOf(results.Cell{Workload: workload, Mechanism: "pipe", Size: 64 << 10, Place: "same"}); unit != want {
			t.Errorf("%s in %q, want %q", workload, unit, want)
		}
	}
}

// A workload registers itself once, under a name and an order of its own, and is
// then wherever it says.
func TestWorkloadIsRegisteredOnce(t *testing.T) {
	before := Workloads
	defer func() { Workloads = before }()
	Register(&Workload{Name: "Echo", Order: 99, First: true, Payloads: 1, Topology: Stream.Topology})
	if !slices.Contains(First(), "Echo") {
		t.Errorf("workloads of a plan of axes alone: %v", First())
	}
	for preset, want := range map[string]bool{"quick": false, "default": false, "wide": false, "full": true} {
		if got := slices.ContainsFunc(plan(t, preset, 1).Cells, func(c results.Cell) bool { return c.Workload == "Echo" }); got != want {
			t.Errorf("preset %s has it: %v", preset, got)
		}
	}
	for _, again := range []*Workload{{Name: "Echo", Order: 100}, {Name: "Other", Order: 1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s, order %d: registered", again.Name, again.Order)
				}
			}()
			Register(again)
		}()
	}
}

// Each rule has a name of its own, and something to ask for instead.
func TestRulesHaveNamesAndRemedies(t *testing.T) {
	seen := map[string]bool{}
	for _, r := range Rules {
		if r.Name == "" || r.Remedy == "" || seen[r.Name] || strings.HasSuffix(r.Remedy, ".") {
			t.Errorf("rule %q: remedy %q", r.Name, r.Remedy)
		}
		seen[r.Name] = true
	}
}

// Options of words are what the mechanisms know under these names.
func TestWordsAreThoseOfMechanisms(t *testing.T) {
	if got := results.LookupAxis("wait").Names()[1:]; !slices.Equal(got, mechanisms.Waits) {
		t.Errorf("wait: %v, and mechanisms wait by %v", got, mechanisms.Waits)
	}
	known := results.LookupAxis("memory").Names()
	for _, m := range mechanisms.All() {
		for _, kind := range m.Memories {
			if !slices.Contains(known, kind) {
				t.Errorf("%s has memory %s, which no plan can ask for: %v", m.Name, kind, known)
			}
		}
	}
}
