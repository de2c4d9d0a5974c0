package kernels

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ipcbench/results"
)

// A guest that ends in a cell fails this cell, with what its kernel reports; the cells
// behind it have a reason, and the run goes on. Without a function that takes it, the run ends.
func TestGuestThatEndsInACell(t *testing.T) {
	var cells []results.Cell
	for _, mech := range []string{"pipe", "socketpair", "fifo"} {
		cells = append(cells, results.Cell{Workload: "PingPong", Mechanism: mech, Size: 64, Place: "same"})
	}
	control := 14.0
	var sent bytes.Buffer
	for _, m := range []message{
		{Hello: &hello{Host: &results.Host{Kernel: "Linux 6.1"}}}, {Control: &control},
		{Record: &results.Record{Schema: results.Schema, Cell: cells[0], Outcome: results.OK, NsPerOp: 13000}},
	} {
		line, err := encode(m)
		if err != nil {
			t.Fatal(err)
		}
		sent.Write(line)
	}
	port := filepath.Join(t.TempDir(), "sent")
	if err := os.WriteFile(port, sent.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	r := Runner{QEMU: QEMU{Path: fake(t, `cat `+port+` >"$port"; echo '[   12.5] BUG: unable to handle page fault' >"$console"; echo '[   12.6] more' >>"$console"`)},
		Plan: Plan{Accel: ICount, Boots: 2, Jobs: 1, Cells: cells}, Kernels: []Kernel{{Label: "new", Path: "vmlinuz"}}, Image: staticProgram(t)}
	var died []*BootError
	var got []results.Record
	over := 0
	r.Died = func(e *BootError) { died = append(died, e) }
	r.Ended = func(int, int) { over++ }
	r.Sink = func(_ int, rec results.Record) error { got = append(got, rec); return nil }
	if err := r.Execute(t.Context()); err != nil || len(died) != 2 || over != 2 || len(got) != 6 {
		t.Fatalf("%v; %d died, %d over, %d records", err, len(died), over, len(got))
	}
	for i, want := range []struct {
		outcome results.Outcome
		reason  string
	}{{results.OK, ""}, {results.Failed, "the guest ended in this cell: BUG: unable to handle page fault"}, {results.Untrusted, "not measured: the guest ended in PingPong/socketpair/size=64/place=same"}} {
		if rec := got[i]; rec.Outcome != want.outcome || rec.Reason != want.reason || rec.Cell != cells[i] || rec.Launch != 1 || rec.Host == nil {
			t.Errorf("record %d: %+v, want %+v", i, rec, want)
		}
	}
	if got[0].InsnsPerOp != 13000 || !strings.Contains(died[0].Error(), "kernel new, boot 1") {
		t.Errorf("%v; %v", got[0].InsnsPerOp, died[0])
	}
	r.Died = nil
	var boot *BootError
	if err := r.Execute(t.Context()); !errors.As(err, &boot) {
		t.Errorf("%v", err)
	}
	// Where it ended in no cell there is none to blame.
	r.Died = func(*BootError) { t.Error("a guest that measured nothing failed a cell") }
	r.QEMU.Path = fake(t, `head -n 1 `+port+` >"$port"`)
	if err := r.Execute(t.Context()); !errors.As(err, &boot) {
		t.Errorf("%v", err)
	}
}
