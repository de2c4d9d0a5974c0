package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"testing"

	"ipcbench/choose"
	"ipcbench/internal/need"
	"ipcbench/results"
)

// The first of every answer has the least median of the records of a run,
// which is found here in another way.
func TestAdviceAgreesWithRecords(t *testing.T) {
	need.Time(t)
	var out, console bytes.Buffer
	dir := t.TempDir()
	// Not pinned, so that a busy machine leaves most launches alone.
	status := command([]string{"run", "--workload", "pingpong,stream", "--mech", "pipe,seqpacket,sysvmsg", "--size", "64,4KiB",
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
	for _, a := range choose.All(results.Summarize(set.Records)) {
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
		first, least := "", 0.0
		for mech, t := range times {
			slices.Sort(t)
			if !bad[mech] && len(t) == 3 && (first == "" || t[1] < least) {
				first, least = mech, t[1]
			}
		}
		if got := a.Ranked[0]; got.Mechanism != first || float64(got.Cost.Time.Center) != least {
			t.Errorf("%+v: %s with %v ns, want %s with %v ns", a.Question, got.Mechanism, got.Cost.Time.Center, first, least)
		}
		compared++
	}
	if compared == 0 {
		t.Skipf("this machine is too busy to measure anything: %s", &console)
	}
}
