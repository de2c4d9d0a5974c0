package report

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ipcbench/compare"
	"ipcbench/results"
)

var sessionHost = results.Host{
	Kernel: "Linux 6.18.44", Arch: "amd64", CPU: "Example CPU @ 2.50GHz", CPUs: 2, PageSize: 4096,
	Virt: "kvm", Go: "go1.26.0", GOMAXPROCS: 2, Program: "v0.1.0",
}

var (
	pipe = cell("PingPong", "pipe", 64)
	fifo = cell("PingPong", "fifo", 64)
	msg  = cell("PingPong", "sysvmsg", 64)
	fan  = cell("FanIn", "pipe", 4096)
)

func cell(workload, mech string, size int) results.Cell {
	c := results.Cell{Workload: workload, Mechanism: mech, Size: size, Place: "same"}
	if workload == "FanIn" {
		c.Peers = 4
	}
	return c
}

// session writes records of two sides that took turns.
type session struct {
	host    results.Host
	records []results.Record
	rand    *rand.Rand
	run     string
	first   time.Time // of the first pass; passes come every two minutes
}

func newSession(run string, seed uint64, offset time.Duration) *session {
	return &session{host: sessionHost, rand: rand.New(rand.NewPCG(seed, 0)), run: run,
		first: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC).Add(offset)}
}

// sides are two sessions that took turns.
func sides() (old, new *session) {
	return newSession("old", 1, 0), newSession("new", 2, time.Minute)
}

// record is launch n of a cell that took ns nanoseconds.
func (s *session) record(c results.Cell, n int, ns float64) *results.Record {
	host := s.host
	s.records = append(s.records, results.Record{
		Schema: results.Schema, Run: s.run, Time: s.first.Add(time.Duration(2*n) * time.Minute), Cell: c, Launch: n, Attempt: 1,
		Outcome: results.OK, Op: "message", Ops: 1000, ElapsedNs: int64(1000 * ns), NsPerOp: ns, BytesPerSec: float64(c.Size) / ns * 1e9,
		Voluntary: results.Known(0.0), Involuntary: results.Known(0.0),
		Latency: &results.Latency{Count: 1000, P50: int64(ns), P99: int64(2 * ns)},
		Given:   &results.Given{Queue: 65536, Source: "F_GETPIPE_SZ", InFlight: results.Known[int64](16)},
		Workers: []results.Worker{{Role: "ping", CPUs: []int{0}}, {Role: "pong", CPUs: []int{0}}},
		Host:    &host, Isolation: "ipc and mount namespace",
	})
	return &s.records[len(s.records)-1]
}

// launches adds n launches whose logarithms scatter by cv about ns.
func (s *session) launches(c results.Cell, n int, ns, cv float64) {
	for i := range n {
		s.record(c, i+1, math.Round(10*ns*math.Exp(cv*s.rand.NormFloat64()))/10)
	}
}

func (s *session) notOK(c results.Cell, n int, outcome results.Outcome, reason string) {
	r := s.record(c, n, 1)
	*r = results.Record{Schema: results.Schema, Run: r.Run, Time: r.Time, Cell: c, Launch: n, Attempt: 1, Outcome: outcome, Reason: reason, Host: r.Host}
}

func (s *session) side() *compare.Side {
	return compare.Records(s.run, s.records, compare.DefaultMetrics)
}

// file writes records as benchmark text.
func (s *session) file(t testing.TB) string {
	t.Helper()
	var b bytes.Buffer
	if err := results.WriteBench(&b, s.records); err != nil {
		t.Fatal(err)
	}
	return write(t, b.Bytes())
}

func write(t testing.TB, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
