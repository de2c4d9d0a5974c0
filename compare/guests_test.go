package compare

import (
	"strings"
	"testing"

	"ipcbench/results"
)

// Sides whose kernels were started in two ways are compared, and the warning says so.
// A record of before has no start: a bzImage's own loader was the only one.
func TestStartsOfGuests(t *testing.T) {
	side := func(start string) *Side {
		h := &results.Host{Kernel: "Linux 6.12", Arch: "amd64", CPUs: 1, Guest: &results.Guest{Label: "a", Accel: "icount", QEMU: "7.2", Processor: "max", Start: start}}
		r := results.Record{Schema: results.Schema, Cell: results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}, Launch: 1, Outcome: results.OK, InsnsPerOp: 100, Host: h}
		return Records("side", []results.Record{r}, []string{"insns/op"})
	}
	for _, c := range []struct {
		old, new string
		warns    bool
	}{{"", "", false}, {"vmlinux, qboot", "vmlinux, qboot", false}, {"", "vmlinux", true}} {
		var said []string
		for _, w := range Compare(side(c.old), side(c.new), Defaults).Warnings {
			if strings.Contains(w.What, "start") {
				said = append(said, w.What)
			}
		}
		if (len(said) > 0) != c.warns {
			t.Errorf("started by %q and %q: warnings %q", c.old, c.new, said)
		}
	}
}
