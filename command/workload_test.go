package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ipcbench/bench"
	"ipcbench/internal/need"
	"ipcbench/internal/pagetext"
	"ipcbench/results"
)

// A new workload is one file: this one is registered here, and nowhere else.
func TestWorkloadIsOneFile(t *testing.T) {
	need.Time(t)
	before := bench.Workloads
	t.Cleanup(func() { bench.Workloads = before })
	bench.Workloads = []*bench.Workload{bench.PingPong, bench.Stream, bench.Notify, bench.Contend} // whatever else there is
	bench.Register(&bench.Workload{
		Name: "Echo", Summary: "one message there and back, and once more", Op: "double round trip", Payloads: 4,
		Takes: []string{"touch"}, Means: "a question that is asked twice", Order: 99, TwoWay: true, Against: results.WakeUp,
		Topology: bench.PingPong.Topology,
	})

	want(t, said(t, exitOK, "list"), "Echo", "one message there and back, and once more")
	want(t, said(t, exitOK, "list", "--format", "json"), `"name": "Echo"`)
	want(t, said(t, exitOK, "list", "--format", "markdown"), "| `Echo` |")
	want(t, unwrapped(said(t, exitOK, "run", "--help")), "contend, echo", "read, write; for pingpong, stream, echo")
	want(t, said(t, exitOK, "__complete", "run", "--workload", ""), "\necho\t")
	const cell = "Echo/mech=pipe/size=64/queue=default/place=same"
	want(t, said(t, exitOK, "run", "--dry-run", "--workload", "echo", "--mech", "pipe", "--size", "64", "--touch", "none,read"), cell+"\n", cell+"/touch=read")
	for preset, has := range map[string]bool{"quick": false, "default": false, "wide": false, "full": true} {
		if got := strings.Contains(said(t, exitOK, "run", "--dry-run", "--preset", preset), "Echo/mech=pipe/"); got != has {
			t.Errorf("preset %s has it: %v", preset, got)
		}
	}

	// Benchmark text has nothing of the workload but its name.
	dir := t.TempDir()
	var text strings.Builder
	for launch := range 8 {
		for i, mech := range []string{"pipe", "fifo"} {
			for _, size := range []string{"64", "4KiB"} {
				fmt.Fprintf(&text, "BenchmarkEcho/mech=%s/size=%s/queue=default/place=same 1000 %d ns/op %d B/s\n", mech, size, 4000+2000*i+launch, 1000000)
			}
		}
		fmt.Fprintf(&text, "BenchmarkNotify/mech=eventfd/size=1/queue=default/place=same 1000 %d ns/op\n", 3000+launch)
		fmt.Fprintf(&text, "BenchmarkFloor/mech=wake/size=4/queue=default/place=same 1000 %d ns/op\n", 2000+launch)
	}
	if err := os.WriteFile(filepath.Join(dir, "bench.txt"), []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	said(t, exitOK, "report", filepath.Join(dir, "bench.txt"), "--out", out)
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	html, err := pagetext.Unpacked([]byte(read("index.html")))
	if err != nil {
		t.Fatal(err)
	}
	page := string(html)
	want(t, page, "a question that is asked twice", `"two_way":["Echo"]`)
	want(t, read("latency-echo-same-default.svg"), "Echo round trip")
	want(t, read("summary.csv"), "Echo,pipe,64,,same")
	report := read("report.md")
	want(t, report, "### Echo, same CPU", "wake-ups")
	if strings.Index(report, "### Notify") > strings.Index(report, "### Echo") {
		t.Error("the order of workloads in the report is not theirs")
	}
}
