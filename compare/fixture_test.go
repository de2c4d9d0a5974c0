package compare

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"ipcbench/results"
)

var testHost = results.Host{
	Kernel: "Linux 6.18.44", Arch: "amd64", CPU: "Example CPU @ 2.50GHz", CPUs: 2, PageSize: 4096,
	Virt: "kvm", Go: "go1.26.0", GOMAXPROCS: 2, Program: "v0.1.0", Scheduling: "SCHED_OTHER, nice 0",
}

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
	return &session{host: testHost, rand: rand.New(rand.NewPCG(seed, 0)), run: run,
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

func (s *session) side() *Side { return Records(s.run, s.records, DefaultMetrics) }

// compare compares the sessions under the default options, as changed.
func compare(old, new *session, change ...func(*Options)) *Report {
	o := Defaults
	for _, f := range change {
		f(&o)
	}
	return Compare(old.side(), new.side(), o)
}

// row finds the row of a cell and metric.
func (r *Report) row(t *testing.T, c results.Cell, metric string) *Row {
	t.Helper()
	for i := range r.Rows {
		if r.Rows[i].Cell == c && r.Rows[i].Metric == metric {
			return &r.Rows[i]
		}
	}
	t.Fatalf("no row of %s in %s", c.Name(), metric)
	return nil
}
