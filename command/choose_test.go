package command

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"ipcbench/choose"
	"ipcbench/internal/need"
	"ipcbench/results"
)

// The first of every answer has the median that its records have, and no other has
// launches that are all faster than all of its.
func TestAdviceAgreesWithRecords(t *testing.T) {
	need.Time(t)
	var out, console bytes.Buffer
	dir := t.TempDir()
	// Not pinned, so that a busy machine leaves most launches alone.
	status := execute([]string{"run", "--workload", "pingpong,stream", "--mech", "pipe,seqpacket,sysvmsg", "--size", "64,4KiB",
		"--place", "free", "--launches", "3", "--time", "2ms", "--out", dir}, &out, &console)
	if status != exitOK && status != exitUntrusted {
		t.Fatalf("run: exit status %d\n%s", status, &console)
	}
	runs, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(runs) != 1 {
		t.Fatalf("runs %q, %v", runs, err)
	}
	set, err := results.Read(runs[0])
	if err != nil {
		t.Fatal(err)
	}
	fits := map[string]bool{"pipe parent-child": true, "seqpacket parent-child": true, "seqpacket boundaries": true,
		"sysvmsg parent-child": true, "sysvmsg unrelated": true, "sysvmsg boundaries": true}
	compared := 0
	for _, a := range choose.All(results.Summarize(set.Records), choose.Needs[:2]...) {
		if len(a.Ranked) == 0 {
			continue
		}
		type launch struct {
			mech   string
			number int
		}
		last := map[launch]results.Record{} // attempts of a launch follow each other
		for _, r := range set.Records {
			if r.Cell.Workload == map[string]string{"rpc": "PingPong", "stream": "Stream"}[a.Pattern] && r.Cell.Size == a.Size {
				last[launch{r.Cell.Mechanism, r.Launch}] = r
			}
		}
		times := map[string][]float64{}
		bad := map[string]bool{}
		for l, r := range last {
			times[l.mech] = append(times[l.mech], r.NsPerOp)
			bad[l.mech] = bad[l.mech] || r.Outcome != results.OK || a.Unrelated && !fits[l.mech+" unrelated"] || a.Boundaries && !fits[l.mech+" boundaries"]
		}
		leader := a.Ranked[0]
		its := times[leader.Mechanism]
		slices.Sort(its)
		if bad[leader.Mechanism] || len(its) != 3 || float64(leader.Cost.Time.Center) != its[1] {
			t.Errorf("%+v: %s with %v ns, of launches %v", a.Question, leader.Mechanism, leader.Cost.Time.Center, its)
		}
		for mech, other := range times {
			slices.Sort(other)
			if !bad[mech] && len(other) == 3 && other[2] < its[0] {
				t.Errorf("%+v: %s leads with launches %v, and %s has %v", a.Question, leader.Mechanism, its, mech, other)
			}
		}
		compared++
	}
	if compared == 0 {
		t.Skipf("this machine is too busy to measure anything: %s", &console)
	}
}
