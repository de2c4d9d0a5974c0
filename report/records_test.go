package report

import (
	"time"

	"ipcbench/results"
)

var testHost = results.Host{
	Kernel: "Linux 6.18.44", Build: "#1 SMP PREEMPT_DYNAMIC", Arch: "amd64", CPU: "Example CPU @ 2.50GHz", CPUs: 2,
	Topology: "2 CPUs, 2 cores, 1 socket", Memory: 8 << 30, PageSize: 4096, Virt: "kvm",
	Mitigations: "spectre_v2=Mitigation: Retpolines; meltdown=Not affected", Clocksource: "kvm-clock",
	Cgroup: "none", Sysctls: map[string]string{"kernel.msgmax": "8192", "kernel.sem": "32000\t1024000000\t500\t32000"},
	Go: "go1.26.0", GOMAXPROCS: 2, Program: "v0.1.0",
}

var testHeader = results.Header{
	ID: "20261122T235900Z-3f2a1c", Started: time.Date(2026, 11, 22, 23, 59, 0, 0, time.UTC), Seed: 42, Program: "v0.1.0",
	Command: []string{"ipcbench", "run", "-mech", "pipe,fifo", "-note", "it's a test"}, Plan: []byte(`{"launches":10}`),
}

var pingPong = results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}

// okRecord is a launch whose numbers follow from its time per operation.
func okRecord(c results.Cell, n int, ns float64) results.Record {
	host := testHost
	return results.Record{
		Schema: results.Schema, Run: testHeader.ID, Time: testHeader.Started.Add(time.Duration(n) * time.Second), Cell: c, Launch: n, Attempt: 1,
		Outcome: results.OK, Op: "round trip", Ops: 20000, ElapsedNs: int64(20000 * ns), NsPerOp: ns, BytesPerSec: float64(2*c.Size) / ns * 1e9,
		CPUNsPerOp: results.Known(ns * 0.75), Voluntary: results.Known(2.0), Involuntary: results.Known(0.0), EINTR: results.Known(int64(0)),
		Latency:  &results.Latency{Count: 20000, P50: int64(ns), P90: int64(ns * 1.25), P99: int64(ns * 1.75), P999: int64(ns * 3), Max: int64(ns * 20), ClockNs: 27},
		Rounds:   []results.Round{{Kind: "warmup", Ops: 100, ElapsedNs: int64(100 * ns), StalledNs: results.Known(int64(0))}, {Kind: "timed", Ops: 20000, ElapsedNs: int64(20000 * ns), StalledNs: results.Known(int64(0))}},
		Given:    &results.Given{Queue: 65536, Source: "F_GETPIPE_SZ", InFlight: results.Known(int64(16))},
		Overhead: &results.Cost{StartNs: 4e6, StopNs: 1e6}, WallNs: int64(20100*ns) + 6e6,
		Seed: 42, Isolation: "ipc and mount namespace", Host: &host,
	}
}

func notOKRecord(c results.Cell, n int, outcome results.Outcome, reason string) results.Record {
	host := testHost
	return results.Record{Schema: results.Schema, Run: testHeader.ID, Time: testHeader.Started, Cell: c, Launch: n, Attempt: 1, WallNs: 1e6,
		Outcome: outcome, Reason: reason, Seed: 42, Isolation: "ipc and mount namespace", Host: &host}
}

// with returns c under another mechanism and size.
func with(c results.Cell, mech string, size int) results.Cell {
	c.Mechanism, c.Size = mech, size
	return c
}

// launches returns n launches whose times lie within some 2 % of ns.
func launches(c results.Cell, n int, ns float64) (out []results.Record) {
	for i := range n {
		out = append(out, okRecord(c, i+1, ns*(1+float64(i*7%10)/500)))
	}
	return out
}

// testRecords has an instance of whatever a report has a place for.
func testRecords() (out []results.Record) {
	fanIn := results.Cell{Workload: "FanIn", Mechanism: "pipe", Size: 4097, Place: "cross", Peers: 3}
	for _, p := range []struct {
		size int
		ns   float64
	}{{64, 5003}, {4096, 5511}, {65536, 12007}} {
		size, ns := p.size, p.ns
		out = append(out, launches(with(pingPong, "pipe", size), 10, ns)...)
		out = append(out, launches(with(pingPong, "fifo", size), 10, ns*1.003)...)
		out = append(out, launches(with(pingPong, "unixstream", size), 10, ns*1.3)...)
		out = append(out, launches(with(pingPong, "unixdgram", size), 10, ns*1.4)...)
		out = append(out, launches(with(pingPong, "sysvshm", size), 10, ns*1.5)...)
		if size <= 8192 {
			out = append(out, launches(with(pingPong, "sysvmsg", size), 10, ns*1.35)...)
		} else {
			out = append(out, notOKRecord(with(pingPong, "sysvmsg", size), 1, results.Skipped,
				"sysvmsg: message size 65536 > 8192 (/proc/sys/kernel/msgmax): EINVAL, msgsnd(2)"))
		}
	}
	out = append(out, notOKRecord(fanIn, 1, results.Skipped, "pipe: message size with several senders 4097 > 4096 (PIPE_BUF): interleaved, pipe(7)"))
	fanIn.Size = 512
	out = append(out, launches(fanIn, 5, 900)...)
	fifo := with(fanIn, "fifo", 512)
	out = append(out, okRecord(fifo, 1, 950), notOKRecord(fifo, 2, results.Failed, "sender 2 (pid 8946): send fifo 512 B: write: broken pipe"))
	shm := with(fanIn, "sysvshm", 512)
	out = append(out, okRecord(shm, 1, 400), notOKRecord(shm, 2, results.Untrusted, "throttled by the cgroup for 12 ms"))
	floor := results.Cell{Workload: results.FloorWorkload, Mechanism: results.FloorWake, Size: 4, Place: "same"}
	for _, r := range append(launches(floor, 10, 2000), launches(with(floor, results.FloorCall, 1), 5, 100)...) {
		r.Op, r.BytesPerSec, r.Latency, r.Given = "wake-up", 0, nil, nil
		out = append(out, r)
	}
	out[0].Warnings = []string{"governor is powersave: the clock follows the load; cpupower frequency-set -g performance"}
	return out
}

// dueRecords are launches at a rate whose 99th percentiles lie about p99, in ns.
func dueRecords(mech string, rate int, p99 int64) []results.Record {
	c := with(pingPong, mech, 64)
	c.Workload, c.Rate = "OpenLoop", rate
	all := launches(c, 10, 1e9/float64(rate))
	for i := range all {
		all[i].Op, all[i].Latency.P50, all[i].Latency.P99, all[i].Latency.P999 = "message", p99/4, p99+int64(i), 3*p99
	}
	return all
}

// given returns a record whose links were given these capacities, in bytes.
func given(r results.Record, queues ...int) results.Record {
	r.Links = nil
	for _, q := range queues {
		r.Links = append(r.Links, results.Link{Queue: q, After: q, Usual: 64 << 10, Source: "F_GETPIPE_SZ", InFlight: results.Known(int64(q / 64))})
	}
	r.Given = &results.Given{Queue: queues[0], Source: "F_GETPIPE_SZ", InFlight: results.Known(int64(queues[0] / 64))}
	r.Cell.Options.Given = results.Unusual(r.Links)
	return r
}

// split is ten launches of one cell, of which the third and the fourth were
// given 8 KiB and the fifth was so at its first attempt.
func split() (records []results.Record) {
	for n := 1; n <= 10; n++ {
		r := given(okRecord(pingPong, n, 5000), 64<<10)
		switch n {
		case 3, 4:
			r = given(okRecord(pingPong, n, 9000), 8<<10)
		case 5:
			first := given(notOKRecord(pingPong, n, results.Untrusted, "stolen"), 8<<10)
			records = append(records, first)
			r.Attempt = 2
		}
		records = append(records, r)
	}
	return records
}

// hostile is what a file from elsewhere may hold.
const hostile = "</script><script>alert(1)</script> \" ' \x1b]52;c;aGk=\x07 | `=cmd` \u202e[x](javascript:y)\nforged\r\xff</text></svg>"
