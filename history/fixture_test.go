package history

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	_ "ipcbench/bench" // whose workloads give cells their order
	"ipcbench/results"
)

var host = results.Host{Kernel: "Linux 6.18.44", Arch: "amd64", CPU: "Example CPU @ 2.50GHz", CPUs: 2, Virt: "kvm", Go: "go1.26.0", Program: "v0.1.0"}

func cell(mech string) results.Cell {
	return results.Cell{Workload: "PingPong", Mechanism: mech, Size: 64, Place: "same"}
}

// record is a launch of a cell that took so many nanoseconds an operation.
func record(c results.Cell, launch int, ns float64) results.Record {
	h := host
	return results.Record{Schema: results.Schema, Time: time.Date(2026, 11, 22, 12, 0, launch, 0, time.UTC), Cell: c, Launch: launch, Attempt: 1, Outcome: results.OK,
		Op: "round trip", Ops: 1000, ElapsedNs: int64(1000 * ns), NsPerOp: ns, CPUNsPerOp: results.Known(ns / 2),
		Latency: &results.Latency{Count: 1000, P50: int64(ns), P99: int64(2 * ns)}, Host: &h}
}

// guestRecord is a boot of a kernel with a seed.
func guestRecord(c results.Cell, label string, seed int, insns float64) results.Record {
	r := record(c, seed, 0)
	h := host
	h.Kernel = "Linux " + label
	h.Guest = &results.Guest{Label: label, Accel: "icount", QEMU: "7.2.22", Processor: "max", Image: "00" + label}
	r.ElapsedNs, r.NsPerOp, r.CPUNsPerOp, r.Latency, r.InsnsPerOp, r.Host = 0, 0, results.Amount{}, nil, insns, &h
	return r
}

// run writes a run's directory.
func run(t testing.TB, id string, records ...results.Record) string {
	t.Helper()
	r, err := results.Create(filepath.Join(t.TempDir(), "runs"), results.Header{ID: id, Started: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC), Program: "v0.1.0", Command: []string{"ipcbench", "run"}, Plan: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	for _, rec := range records {
		rec.Run = id
		if err := r.Append(rec); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	return r.Dir
}

// build reads a run as the build at a version.
func build(t testing.TB, dir, series, at string) *Build {
	t.Helper()
	in, err := results.OpenInput(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := FromRun(in)
	if err != nil {
		t.Fatal(err)
	}
	b.Series = series
	if err := b.Place(at, nil); err != nil {
		t.Fatal(err)
	}
	return b
}

// timedSeries is a history whose cell pipe has the times of levels, ten launches each, and
// whose cell fifo stays.
func timedSeries(t testing.TB, levels ...float64) (dir string) {
	t.Helper()
	dir = t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	for i, level := range levels {
		var records []results.Record
		for launch := range 10 {
			records = append(records,
				record(cell("pipe"), launch+1, level*math.Exp(0.01*random.NormFloat64())),
				record(cell("fifo"), launch+1, 5000*math.Exp(0.01*random.NormFloat64())))
		}
		if _, err := Add(dir, build(t, run(t, fmt.Sprintf("run-%d", i), records...), "nightly", fmt.Sprintf("1.%d", i))); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// rename writes a file of a history under another name.
func rename(t testing.TB, content []byte, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}
