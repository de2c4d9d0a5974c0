package ipcbench_test

import (
	"slices"
	"testing"

	"ipcbench/mechanisms"
	_ "ipcbench/mechanisms/all"
	"ipcbench/plots"
	"ipcbench/report"
	"ipcbench/results"
)

// A mechanism that is registered has a look in its family's hue, on the page too. The
// rest of what one file adds is in conformance/one_file_test.go: every process of that
// package is its test binary. To initialise what draws charts took half of their start.
func TestARegisteredMechanismHasALook(t *testing.T) {
	specimen := *mechanisms.Lookup("seqpacket")
	specimen.Name, specimen.Called = "specimen", nil
	m := mechanisms.Register(specimen)
	if err := mechanisms.Misregistered(); err != nil {
		t.Fatal(err)
	}
	record := results.Record{Schema: results.Schema, Launch: 1, Attempt: 1, Outcome: results.OK, NsPerOp: 1000,
		Cell: results.Cell{Workload: "PingPong", Mechanism: m.Name, Size: 64, Place: "same"}}
	page := report.NewPage(&results.Set{Records: []results.Record{record}})
	look := plots.LookOf(m.Name)
	if !slices.Equal(page.Looks, []plots.Look{look}) || look.Color != plots.LookOf("seqpacket").Color {
		t.Errorf("%s looks like %v, on the page %v, seqpacket like %v", m.Name, look, page.Looks, plots.LookOf("seqpacket"))
	}
	// With more mechanisms than shapes some of a family look alike; neighbours never do.
	family := m.Family.Mechanisms()
	at := slices.Index(family, m)
	for _, other := range family[max(0, at-1):min(len(family), at+2)] {
		if other != m && plots.LookOf(other.Name) == look {
			t.Errorf("%s looks like %s", other.Name, m.Name)
		}
	}
}
