package results

import (
	"time"
)

var testHost = Host{
	Kernel: "Linux 6.18.44", Build: "#1 SMP PREEMPT_DYNAMIC", Arch: "amd64", CPU: "Example CPU @ 2.50GHz", CPUs: 2,
	Topology: "2 CPUs, 2 cores, 1 socket", Memory: 8 << 30, PageSize: 4096, Virt: "kvm",
	Mitigations: "spectre_v2=Mitigation: Retpolines; meltdown=Not affected", Clocksource: "kvm-clock",
	Cgroup: "none", Sysctls: map[string]string{"kernel.msgmax": "8192", "kernel.sem": "32000\t1024000000\t500\t32000"},
	Go: "go1.26.0", GOMAXPROCS: 2, Program: "v0.1.0",
}

var testHeader = Header{
	ID: "20261122T235900Z-3f2a1c", Started: time.Date(2026, 11, 22, 23, 59, 0, 0, time.UTC), Seed: 42, Program: "v0.1.0",
	Command: []string{"ipcbench", "run", "-mech", "pipe,fifo", "-note", "it's a test"}, Plan: []byte(`{"launches":10}`),
}

// The workloads of these tests: package bench, which cannot be imported here,
// registers those that there are.
func init() {
	for i, w := range []Workload{
		{Name: "PingPong", TwoWay: true, Against: WakeUp}, {Name: "Stream"}, {Name: "FanIn"}, {Name: "Pipeline"},
		{Name: "Burst", Against: Nothing}, {Name: "Lifecycle", Against: Call},
	} {
		w.Order = i + 1
		AddWorkload(w)
	}
}

var pingPong = Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}

// okRecord is a launch whose numbers follow from its time per operation.
func okRecord(c Cell, n int, ns float64) Record {
	host := testHost
	return Record{
		Schema: Schema, Run: testHeader.ID, Time: testHeader.Started.Add(time.Duration(n) * time.Second), Cell: c, Launch: n, Attempt: 1,
		Outcome: OK, Op: "round trip", Ops: 20000, ElapsedNs: int64(20000 * ns), NsPerOp: ns, BytesPerSec: float64(2*c.Size) / ns * 1e9,
		CPUNsPerOp: Known(ns * 0.75), Voluntary: Known(2.0), Involuntary: Known(0.0), EINTR: Known(int64(0)),
		Latency:  &Latency{Count: 20000, P50: int64(ns), P90: int64(ns * 1.25), P99: int64(ns * 1.75), P999: int64(ns * 3), Max: int64(ns * 20), ClockNs: 27},
		Rounds:   []Round{{Kind: "warmup", Ops: 100, ElapsedNs: int64(100 * ns), StalledNs: Known(int64(0))}, {Kind: "timed", Ops: 20000, ElapsedNs: int64(20000 * ns), StalledNs: Known(int64(0))}},
		Given:    &Given{Queue: 65536, Source: "F_GETPIPE_SZ", InFlight: Known(int64(16))},
		Overhead: &Cost{StartNs: 4e6, StopNs: 1e6}, WallNs: int64(20100*ns) + 6e6,
		Seed: 42, Isolation: "ipc and mount namespace", Host: &host,
	}
}

func notOKRecord(c Cell, n int, outcome Outcome, reason string) Record {
	host := testHost
	return Record{Schema: Schema, Run: testHeader.ID, Time: testHeader.Started, Cell: c, Launch: n, Attempt: 1, WallNs: 1e6,
		Outcome: outcome, Reason: reason, Seed: 42, Isolation: "ipc and mount namespace", Host: &host}
}

// with returns c under another mechanism and size.
func with(c Cell, mech string, size int) Cell {
	c.Mechanism, c.Size = mech, size
	return c
}

// launches returns n launches whose times lie within some 2 % of ns.
func launches(c Cell, n int, ns float64) (out []Record) {
	for i := range n {
		out = append(out, okRecord(c, i+1, ns*(1+float64(i*7%10)/500)))
	}
	return out
}

// testRecords has an instance of whatever a report has a place for.
func testRecords() (out []Record) {
	fanIn := Cell{Workload: "FanIn", Mechanism: "pipe", Size: 4097, Place: "cross", Peers: 3}
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
			out = append(out, notOKRecord(with(pingPong, "sysvmsg", size), 1, Skipped,
				"sysvmsg: message size 65536 > 8192 (/proc/sys/kernel/msgmax): EINVAL, msgsnd(2)"))
		}
	}
	out = append(out, notOKRecord(fanIn, 1, Skipped, "pipe: message size with several senders 4097 > 4096 (PIPE_BUF): interleaved, pipe(7)"))
	fanIn.Size = 512
	out = append(out, launches(fanIn, 5, 900)...)
	fifo := with(fanIn, "fifo", 512)
	out = append(out, okRecord(fifo, 1, 950), notOKRecord(fifo, 2, Failed, "sender 2 (pid 8946): send fifo 512 B: write: broken pipe"))
	shm := with(fanIn, "sysvshm", 512)
	out = append(out, okRecord(shm, 1, 400), notOKRecord(shm, 2, Untrusted, "throttled by the cgroup for 12 ms"))
	floor := Cell{Workload: FloorWorkload, Mechanism: FloorWake, Size: 4, Place: "same"}
	for _, r := range append(launches(floor, 10, 2000), launches(with(floor, FloorCall, 1), 5, 100)...) {
		r.Op, r.BytesPerSec, r.Latency, r.Given = "wake-up", 0, nil, nil
		out = append(out, r)
	}
	out[0].Warnings = []string{"governor is powersave: the clock follows the load; cpupower frequency-set -g performance"}
	return out
}
