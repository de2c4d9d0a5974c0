// Package sides makes the records of two runs that took turns, for tests of what
// compares them.
package sides

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ipcbench/results"
)

// Host is the machine of every session.
var Host = results.Host{
	Kernel: "Linux 6.18.44", Arch: "amd64", CPU: "Example CPU @ 2.50GHz", CPUs: 2, PageSize: 4096,
	Virt: "kvm", Go: "go1.26.0", GOMAXPROCS: 2, Program: "v0.1.0", Scheduling: "SCHED_OTHER, nice 0",
}

// Cell is a cell on one CPU; FanIn has 4 senders.
func Cell(workload, mech string, size int) results.Cell {
	c := results.Cell{Workload: workload, Mechanism: mech, Size: size, Place: "same"}
	if workload == "FanIn" {
		c.Peers = 4
	}
	return c
}

// Session writes the records of one side.
type Session struct {
	Host    results.Host // of the records to come
	Records []results.Record
	Rand    *rand.Rand
	Run     string
	First   time.Time // of the first pass; passes come every two minutes
}

// New is a session whose passes begin offset later than usual.
func New(run string, seed uint64, offset time.Duration) *Session {
	return &Session{Host: Host, Rand: rand.New(rand.NewPCG(seed, 0)), Run: run,
		First: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).Add(offset)}
}

// Record is launch n of a cell that took ns nanoseconds an operation.
func (s *Session) Record(c results.Cell, n int, ns float64) *results.Record {
	host := s.Host
	s.Records = append(s.Records, results.Record{
		Schema: results.Schema, Run: s.Run, Time: s.First.Add(time.Duration(2*n) * time.Minute), Cell: c, Launch: n, Attempt: 1,
		Outcome: results.OK, Op: "message", Ops: 1000, ElapsedNs: int64(1000 * ns), NsPerOp: ns, BytesPerSec: float64(c.Size) / ns * 1e9,
		Voluntary: results.Known(0.0), Involuntary: results.Known(0.0),
		Latency: &results.Latency{Count: 1000, P50: int64(ns), P99: int64(2 * ns)},
		Given:   &results.Given{Queue: 65536, Source: "F_GETPIPE_SZ", InFlight: results.Known[int64](16)},
		Workers: []results.Worker{{Role: "ping", CPUs: []int{0}}, {Role: "pong", CPUs: []int{0}}},
		Host:    &host, Isolation: "ipc and mount namespace",
	})
	return &s.Records[len(s.Records)-1]
}

// Launches adds n launches whose logarithms scatter by cv about ns.
func (s *Session) Launches(c results.Cell, n int, ns, cv float64) {
	for i := range n {
		s.Record(c, i+1, math.Round(10*ns*math.Exp(cv*s.Rand.NormFloat64()))/10)
	}
}

// NotOK adds launch n with an outcome that has no number.
func (s *Session) NotOK(c results.Cell, n int, outcome results.Outcome, reason string) {
	r := s.Record(c, n, 1)
	*r = results.Record{Schema: results.Schema, Run: r.Run, Time: r.Time, Cell: c, Launch: n, Attempt: 1, Outcome: outcome, Reason: reason, Host: r.Host}
}

// File writes the records as benchmark text, and returns its path.
func (s *Session) File(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	if err := results.WriteBench(&b, s.Records); err != nil {
		t.Fatal(err)
	}
	return Write(t, b.Bytes())
}

// Write writes a file for the time of the test, and returns its path.
func Write(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
