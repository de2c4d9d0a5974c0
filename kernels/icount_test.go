package kernels

import (
	"math"
	"sync"
	"testing"

	"ipcbench/results"
)

// Two boots of one kernel with one seed, at a time, give the same numbers to
// the digit, as instructions; what can't be counted is skipped with a reason.
// Beside a load, QEMU gave one of some 30 pairs apart by 42 instructions in 25 million:
// a pair that is not equal is tried again, and is at most 1 in 10,000 apart.
func TestInstructionsCounted(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: two boots take half a minute")
	}
	qemu, err := Find(t.Context(), amd64)
	if err != nil {
		lacking(t, err.Error())
	}
	path := cachedKernel(t)
	a, err := ParseKernel(path + "=a")
	if err != nil {
		t.Fatal(err)
	}
	b := a
	b.Label = "b"
	cell := results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}
	stream, large := cell, cell
	stream.Workload, large.Size = "Stream", 64<<10
	got := map[int]map[results.Cell]results.Record{0: {}, 1: {}}
	var mu sync.Mutex
	r := Runner{
		QEMU: qemu, Kernels: []Kernel{a, b}, Image: program(t),
		Plan: Plan{Accel: ICount, Boots: 1, Jobs: 2, Cells: []results.Cell{cell, stream, large}},
		Sink: func(kernel int, rec results.Record) error {
			mu.Lock()
			defer mu.Unlock()
			got[kernel][rec.Cell] = rec
			return nil
		},
	}
	equal := func(c results.Cell) bool { return got[0][c].InsnsPerOp == got[1][c].InsnsPerOp }
	for range 3 {
		if err := r.Execute(t.Context()); err != nil {
			t.Fatal(err)
		}
		if equal(cell) && equal(stream) {
			break
		}
		for _, c := range []results.Cell{cell, stream} {
			t.Logf("%s: %v and %v insns/op", c.Name(), got[0][c].InsnsPerOp, got[1][c].InsnsPerOp)
			if x, y := got[0][c].InsnsPerOp, got[1][c].InsnsPerOp; math.Abs(x-y) > x/10_000 {
				t.Fatalf("%s: one kernel and seed give %v and %v insns/op", c.Name(), x, y)
			}
		}
	}
	for _, c := range []results.Cell{cell, stream} {
		x, y := got[0][c], got[1][c]
		if x.Outcome != results.OK || x.InsnsPerOp == 0 || x.NsPerOp != 0 {
			t.Errorf("%s: %s %s, %v insns/op, %v ns/op", c.Name(), x.Outcome, x.Reason, x.InsnsPerOp, x.NsPerOp)
		}
		if x.InsnsPerOp != y.InsnsPerOp {
			t.Errorf("%s: one kernel and seed give %v and %v insns/op", c.Name(), x.InsnsPerOp, y.InsnsPerOp)
		}
		if g := x.Host.Guest; g == nil || g.QEMU != qemu.Version || g.Image != a.Image || g.Accel != "icount" {
			t.Errorf("%s: the record tells of the guest %+v", c.Name(), g)
		}
	}
	if skipped := got[0][large]; skipped.Outcome != results.Skipped || skipped.Reason == "" {
		t.Errorf("64 KiB: %+v", skipped)
	}
}
