package report

import (
	"math"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"

	_ "ipcbench/bench" // what workloads are
	"ipcbench/results"
)

// sample is the records of a run that fills every section of the page: it has
// the shape of the default preset, and numbers that follow from a formula.
func sample(t *testing.T, sizes []int, launches int) (all []results.Record) {
	t.Helper()
	mechs := []string{"dgram", "fifo", "packetpipe", "pipe", "seqpacket", "socketpair", "sysvmsg", "sysvshm"}
	add := func(workload string, sizes, queues []int, peers int, mechs []string) {
		for p, place := range []string{"same", "cross"} {
			for m, mech := range mechs {
				for _, size := range sizes {
					for _, queue := range queues {
						cell := results.Cell{Workload: workload, Mechanism: mech, Size: size, Queue: queue, Place: place, Peers: peers}
						base := (2000 + 300*float64((m*5)%8) + float64(size)/(4+float64(m%3))) * (1 + 9*float64(p))
						all = append(all, cellRecords(t, cell, base, launches)...)
					}
				}
			}
		}
	}
	add("PingPong", sizes, []int{0}, 0, mechs)
	add("Stream", sizes, []int{0}, 0, mechs)
	add("Stream", []int{64, 4 << 10, 64 << 10}, []int{4 << 10, 1 << 20}, 0, []string{"fifo", "packetpipe", "pipe"})
	add("FanIn", []int{4 << 10}, []int{0}, 4, mechs)
	add("Pipeline", []int{4 << 10}, []int{0}, 4, mechs)
	return all
}

func cellRecords(t *testing.T, c results.Cell, base float64, launches int) (out []results.Record) {
	t.Helper()
	host := &results.Host{Kernel: "Linux 6.18.44", Arch: "amd64", CPU: "Example CPU", Virt: "kvm", Program: "v0.1.0",
		Warnings: []results.Warning{{What: "virtualisation is kvm", Why: "wake-ups cost an exit", Remedy: "measure on hardware"}}}
	for n := range launches {
		r := results.Record{Schema: results.Schema, Cell: c, Launch: n + 1, Attempt: 1, Outcome: results.OK, Seed: 42, Host: host}
		switch {
		case c.Size > 8192 && (c.Mechanism == "sysvmsg" || c.Mechanism == "packetpipe"):
			r.Outcome, r.Reason = results.Skipped, c.Mechanism+": message size too long: EINVAL"
			return append(out, r)
		case c.Mechanism == "dgram" && c.Size == 1<<20 && n < 2:
			r.Outcome, r.Reason = results.Untrusted, "throttled by the cgroup for 12ms"
			out = append(out, r)
			continue
		}
		ns := base * (1 + 0.02*math.Sin(float64(n*7+c.Size%13)))
		queue := c.Queue
		if queue == 0 {
			queue = 64 << 10
		}
		r.NsPerOp, r.BytesPerSec, r.CPUNsPerOp = ns, float64(c.Size)/ns*1e9, results.Known(0.75*ns)
		r.Voluntary, r.Involuntary = results.Known(2.0), results.Known(0.0)
		r.Given = &results.Given{Queue: queue, Source: "F_GETPIPE_SZ", InFlight: results.Known(int64(max(1, queue/max(c.Size, 64))))}
		if c.Workload == "PingPong" {
			h := hdrhistogram.New(1, 6e10, 3)
			for i := range 3000 {
				h.RecordValue(int64(ns * (1 + 0.3*math.Pow(float64(i)/3000, 8))))
			}
			hdr, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
			if err != nil {
				t.Fatal(err)
			}
			r.Latency = &results.Latency{Count: 3000, P50: int64(ns), P99: int64(1.2 * ns), HDR: string(hdr)}
		}
		if c.Mechanism == "pipe" {
			r.Warnings = []string{"other processes kept a worker from its CPU: stop them"}
		}
		out = append(out, r)
	}
	return out
}
