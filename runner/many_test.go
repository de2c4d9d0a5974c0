package runner

import (
	"testing"

	"ipcbench/bench"
	"ipcbench/host"
)

// Every cell of a plan is admitted or refused on a machine of 256 CPUs, and all places
// are to be had. TestManyCPUs of package host bounds the work of each cell.
func TestPlanOnManyCPUs(t *testing.T) {
	var cpus []host.CPU
	for id := range 256 { // 2 sockets × 64 cores × 2 threads
		cpus = append(cpus, host.CPU{ID: id, Core: id / 2 * 2, Socket: id / 128, Node: id / 128})
	}
	usual, err := bench.LookupPreset("default")
	if err != nil {
		t.Fatal(err)
	}
	blocks := usual.Spans()
	for i := range blocks {
		blocks[i].Places = []string{"free", "same", "smt", "cross", "socket"}
	}
	plan := bench.NewPlan(blocks, usual.Launches, usual.Time, false, 1)
	admitted := map[string]int{}
	for _, c := range plan.Cells {
		if Admit(c, cpus) != nil {
			continue
		}
		if says := Departures(c, cpus); says != "" && c.Place != "smt" { // which has 2 CPUs wherever
			t.Errorf("%s: %s", c.Name(), says)
		}
		admitted[c.Place]++
	}
	t.Logf("%d cells, admitted by place: %v", len(plan.Cells), admitted)
	for _, place := range blocks[0].Places {
		if admitted[place] == 0 {
			t.Errorf("no cell of place %s is admitted", place)
		}
	}
}
