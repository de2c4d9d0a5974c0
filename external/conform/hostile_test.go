package conform

import (
	"crypto/rand"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"ipcbench/external"
	"ipcbench/internal/need"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// A program that means harm fails its launch with a line that names what it did, in
// bounded time, and neither it nor a child of it is left: with a PID namespace for each
// part, and without. Only IPCBENCH_LONG plays the bomb: it has thousands of processes run.
func TestHostile(t *testing.T) {
	need.Time(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for sin, want := range map[string]string{
		"bombs":          `it has \d+ processes and threads, more than 256, and was killed$`,
		"flood":          `it wrote more than 1MiB to its standard output and error, and was killed`,
		"closes control": `it closed its control descriptor$`,
		"stops":          `it sent no "\w+" in time \(state T\)$`,
		"version":        `it speaks version "7" of the protocol, this ipcbench version 1: build it with the kit of this ipcbench$`,
	} {
		if sin == "bombs" && !need.Long() {
			continue
		}
		for _, shared := range []bool{false, true} {
			mode := map[bool]string{false: "private", true: "shared"}[shared]
			name := "hostile" + strings.ReplaceAll(sin, " ", "") + mode
			token := rand.Text()
			d := &external.Declaration{Name: name, Framing: "stream", Descriptors: "pipe", Senders: "many", PeerDeath: "error",
				Program: mechanisms.Program{Command: []string{self, "rogue", sin, token}, Ends: "pipe"}}
			d.Sizes.Least, d.Sizes.Most = 64, 64
			if mechanisms.Lookup(name) == nil { // -count 2
				d.Register()
			}
			t.Run(sin+"/"+mode, func(t *testing.T) {
				t.Parallel()
				timeout := time.Minute
				if sin == "stops" {
					timeout = 20 * time.Second // which passes
				}
				co, err := runner.Start(runner.Options{Timeout: timeout, Shared: shared})
				if err != nil {
					t.Fatal(err)
				}
				defer co.Close()
				begun := time.Now()
				b := &bed{Coordinator: co, d: d}
				rec, _ := co.Measure(b.cell("PingPong", 64), runner.Measurement{Ops: operations, Exact: true, Time: expected})
				if took := time.Since(begun); took > 4*time.Minute { // only what hangs misses it
					t.Errorf("it took %v", took)
				}
				if rec.Outcome != results.Failed || strings.Contains(rec.Reason, "\n") || !regexp.MustCompile(want).MatchString(rec.Reason) {
					t.Errorf("%s, %s\nwant %s", rec.Outcome, rec.Reason, want)
				}
				if all := with(token); len(all) > 0 {
					t.Errorf("%d processes are left", len(all))
				}
			})
		}
	}
}
