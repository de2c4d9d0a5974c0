package results

import (
	"regexp"
	"slices"
	"testing"
	"time"
)

// Columns have a name each, with words, and every axis and metric has one.
func TestTableColumns(t *testing.T) {
	var names []string
	valid := regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)
	for _, c := range TableColumns() {
		if !valid.MatchString(c.Name) || slices.Contains(names, c.Name) || c.Help == "" {
			t.Errorf("column %q, help %q: want a name of its own, and words", c.Name, c.Help)
		}
		names = append(names, c.Name)
	}
	for _, m := range Metrics {
		if !slices.Contains(names, m.Name) {
			t.Errorf("metric %s has no column", m.Key)
		}
	}
	if want := 50; len(names) < want {
		t.Errorf("%d columns: want more than %d", len(names), want)
	}
}

// Values of columns are typed, usual options have their value, and what was not
// measured has none.
func TestColumnValues(t *testing.T) {
	cell := func(name string) Cell {
		c, err := ParseCell(name)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	usual := Record{Cell: cell("PingPong/mech=pipe/size=4KiB/queue=default/place=same"), Outcome: OK, NsPerOp: 5000, CPUNsPerOp: Known(0.0), Voluntary: Known(1.0), Involuntary: Known(0.5)}
	other := Record{Cell: cell("OpenLoop/mech=shmring/size=64/queue=64KiB/place=cross/peers=3/wait=epoll/batch=16/copy=0/rate=1000/memory-node=local"),
		Time: time.Unix(1, 0), Outcome: Skipped, Reason: "no\x1b", Host: &Host{CPUs: 2, Memory: 4096}, Noise: &Noise{Stopped: true}}
	for _, c := range []struct {
		name         string
		usual, other any
	}{
		{"workload", "PingPong", "OpenLoop"},
		{"mechanism", "pipe", "shmring"},
		{"size_bytes", int64(4096), int64(64)},
		{"queue_asked_bytes", nil, int64(65536)},
		{"peers", nil, int64(3)},
		{"wait", "block", "epoll"},
		{"batch", int64(1), int64(16)},
		{"touch", "none", "none"},
		{"copy", true, false},
		{"rate_messages_per_second", nil, int64(1000)},
		{"memory_node", "default", "local"},
		{"given", nil, nil},
		{"time", nil, time.Unix(1, 0)},
		{"label", "before", "before"},
		{"outcome", "ok", "skipped"},
		{"reason", nil, `no\x1b`},
		{"time_ns_per_op", 5000.0, nil},
		{"cpu_ns_per_op", 0.0, nil},
		{"context_switches_per_op", 1.5, nil},
		{"insns_per_op", nil, nil},
		{"noise_stopped", nil, true},
		{"noise_steal_ns", nil, int64(0)},
		{"noise_idle_ns", nil, nil},
		{"host_cpus", nil, int64(2)},
		{"host_memory_bytes", nil, int64(4096)},
		{"host_kernel", nil, nil},
		{"guest_label", nil, nil},
	} {
		all := TableColumns()
		i := slices.IndexFunc(all, func(k TableColumn) bool { return k.Name == c.name })
		if i < 0 {
			t.Errorf("no column %s", c.name)
			continue
		}
		h := &Header{Label: "before"}
		if a, b := all[i].Of(h, &usual), all[i].Of(h, &other); a != c.usual || b != c.other {
			t.Errorf("%s: %v and %v, want %v and %v", c.name, a, b, c.usual, c.other)
		}
	}
}
