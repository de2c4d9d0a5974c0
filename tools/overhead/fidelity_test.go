package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ipcbench/bench"
	"ipcbench/internal/golden"
	"ipcbench/internal/need"
	"ipcbench/results"
	"ipcbench/runner"
)

func TestMain(m *testing.M) {
	runner.Init()
	os.Exit(m.Run())
}

// Every mechanism and floor that is held against C has a twin, which plays its
// rounds and ends with its input.
func TestTwins(t *testing.T) {
	need.Time(t)
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("gcc is not installed; on Debian: apt-get install gcc libc6-dev")
	}
	twins, err := compile()
	if err != nil {
		t.Fatal(err)
	}
	defer twins.remove()
	coordinator, err := runner.Start(runner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer coordinator.Close()
	f := &fidelity{coordinator: coordinator, twins: twins, launches: 6, round: time.Millisecond}
	seen := map[string]bool{}
	for _, c := range paceCells() {
		if c.Place != "same" && c.Mechanism != results.FloorBounce || c.Size > 4<<10 || seen[c.Workload+c.Mechanism] {
			continue
		}
		seen[c.Workload+c.Mechanism] = true
		ns, ratio, err := f.paceLaunch(c)
		if runner.Unsupported(err) {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.Name(), err)
			continue
		}
		for program, v := range append(ns, ratio...) {
			if v <= 0 || math.IsInf(v, 0) || math.IsNaN(v) {
				t.Errorf("%s: number %d is %v", c.Name(), program, v)
			}
		}
	}
	// Floors of goroutines have no twin in C, which has no Go scheduler.
	if want := 2*len(bench.Core) + len(bench.Floors) - len(bench.AskedFloors()) - 1; len(seen) < want {
		t.Errorf("%d kinds of cells have twins, want %d", len(seen), want)
	}
}

// A twin that dies is an error that names the cell, and leaves no process.
func TestTwinThatDies(t *testing.T) {
	twin := &twin{cell: results.Cell{Workload: "Stream", Mechanism: "pipe", Size: 64, Place: "same"}}
	twin.cmd = exec.Command("false")
	in, err := twin.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	twin.in = in
	out, err := twin.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	twin.out = bufio.NewReader(out)
	if err := twin.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := twin.round(10); err == nil || !strings.Contains(err.Error(), "Stream/mech=pipe/size=64") {
		t.Errorf("a twin that died gives %v", err)
	}
	if twin.cmd.ProcessState == nil {
		t.Error("it has not been waited for")
	}
}

// The verdict goes by the interval.
func TestVerdicts(t *testing.T) {
	for want, i := range map[string]results.Estimate{
		"met":       {Center: 1.01, Lo: 0.99, Hi: 1.05},
		"undecided": {Center: 1.01, Lo: 0.99, Hi: 1.06},
		"not met":   {Center: 1.09, Lo: 1.06, Hi: 1.2},
	} {
		if got := (Bound{Most: 1.05, Ratio: i}).Verdict(); got != want {
			t.Errorf("%v within 1.05: %s, want %s", i, got, want)
		}
	}
}

// Programs take turns such that a drift cancels: B takes twice as long as A while
// the machine slows down all the time.
func TestTakeTurns(t *testing.T) {
	clock := 100.0
	at := func(cost float64) program {
		return func(n int) (time.Duration, error) {
			clock *= 1.01
			return time.Duration(clock * cost * float64(n)), nil
		}
	}
	ns, ratio, err := takeTurns([]program{at(1), at(2)}, 1000)
	if err != nil || math.Abs(ratio[1]-0.5) > 0.006 || ratio[0] != 1 || ns[1] <= ns[0] {
		t.Errorf("times %v, ratios %v, error %v; want 1 to 2", ns, ratio, err)
	}
}

func TestGeometric(t *testing.T) {
	got := geometric([][]float64{{1, 1, 1, 1, 1, 1}, {4, 4, 4, 4, 4, 4}})
	if math.Abs(float64(got.Center-2)) > 1e-9 || math.Abs(float64(got.Lo-2)) > 1e-9 || math.Abs(float64(got.Hi-2)) > 1e-9 {
		t.Errorf("geometric mean of 1 and 4: %v", got)
	}
	// Noise widens the interval, and one launch that was disturbed does not move it.
	noisy := []float64{0.9, 0.95, 1, 1, 1.05, 50}
	if got := geometric([][]float64{noisy, noisy}); got.Center != 1 || got.Lo >= 1 || got.Hi <= 1 || got.Lo < 0.9 || got.Hi > 10 {
		t.Errorf("of noise: %v", got)
	}
}

func TestPage(t *testing.T) {
	cell := results.Cell{Workload: "Stream", Mechanism: "pipe", Size: 64, Place: "same"}
	f := Fidelity{
		Date: "2026-01-02", Compiler: "gcc 12.2.0, -O2", Launches: 20,
		Host:         &results.Host{Kernel: "Linux 6.18.44", CPU: "a processor", Topology: "2 CPUs", Go: "go1.26.8"},
		Pace:         []Pace{{cell, 1050, 1000, results.Estimate{Center: 1.05, Lo: 1.03, Hi: 1.07}, results.Estimate{Center: 0.92, Lo: 0.9, Hi: 0.95}, []float64{1.05, 1.05, 1.05, 1.05, 1.05, 1.05}}},
		Instructions: []Instructions{{Cell: cell, Engine: 168, C: 60}},
		Stamps:       []Stamps{{cell, 1050, results.Estimate{Center: 1.01, Lo: 1, Hi: 1.02}}},
		Same:         []Same{{cell, results.Estimate{Center: 1050, Lo: 1040, Hi: 1060}, results.Estimate{Center: 1050, Lo: 1040, Hi: 1060}, results.Estimate{Center: 1, Lo: 0.99, Hi: 1.01}}},
		Against: []Against{
			{Command: "perf bench sched pipe", Cell: cell, Peer: results.Estimate{Center: 1000, Lo: 900, Hi: 1100}, Engine: results.Estimate{Center: 1050, Lo: 1040, Hi: 1060}, Ratio: results.Estimate{Center: 1.05, Lo: 1, Hi: 1.1}, Differs: []string{"It checks nothing."}},
			{Command: "stress-ng --pipe 1", Missing: "stress-ng", Cell: cell},
		},
	}
	var page bytes.Buffer
	if err := f.render(&page); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "page.md", page.Bytes())
}

// The page that is shown is what the program makes of the measurement.
func TestPageIsUpToDate(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("../..", dataFile))
	if err != nil {
		t.Fatal(err)
	}
	var f Fidelity
	if err := json.Unmarshal(data, &f); err != nil {
		t.Fatal(err)
	}
	var page bytes.Buffer
	if err := f.render(&page); err != nil {
		t.Fatal(err)
	}
	if shown, err := os.ReadFile(filepath.Join("../..", pageFile)); err != nil || !bytes.Equal(shown, page.Bytes()) {
		t.Errorf("%s is not what %s gives (%v): go run ./tools/overhead -page", pageFile, dataFile, err)
	}
}

// What peers print is found, and what they do not is an error.
func TestPeers(t *testing.T) {
	need.Time(t)
	printed := map[string]string{
		"perf bench sched pipe":      "     Total time: 0.718 [sec]\n\n       7.184910 usecs/op\n         139180 ops/sec\n",
		"perf bench sched messaging": "# 1 groups == 40 processes run\n\n     Total time: 0.132 [sec]\n",
		"stress-ng --pipe":           "stress-ng: metrc: [20626] pipe             503865      2.00      0.28      1.72    251863.95      251900.63        99.99          2384\n",
		"stress-ng --msg":            "stress-ng: metrc: [20631] msg              583291      2.00      0.13      1.87    291395.84      291577.27        99.94          2508\n",
	}
	for _, p := range peers {
		found := false
		for name, text := range printed {
			if strings.HasPrefix(command(p.Command), name) {
				found = true
				if ns, err := p.parse([]byte(text)); err != nil || ns < 100 || ns > 1e5 {
					t.Errorf("%s: %v ns an operation, error %v", name, ns, err)
				}
			}
		}
		if !found {
			t.Errorf("%s: no example of what it prints", command(p.Command))
		}
		if _, err := p.parse([]byte("unknown option")); err == nil {
			t.Errorf("%s: a message is taken for a number", command(p.Command))
		}
	}
}
