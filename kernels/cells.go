package kernels

import (
	"fmt"
	"time"

	"ipcbench/bench"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// maxCounted is the largest message whose instructions mean anything, in
// bytes: beyond, the loop that the kernel picked to copy it is most of them.
const maxCounted = 4 << 10

// admit tells why a cell has no number in this mode, or "".
func (a Accel) admit(c results.Cell) string {
	w := bench.WorkloadOf(c)
	switch {
	case a == KVM:
		return ""
	case c.Place != "same":
		return fmt.Sprintf("place %s: an instruction-counted guest has one CPU", c.Place)
	case c.Size > maxCounted:
		return fmt.Sprintf("message size %d > %d: instructions of a copy tell which loop copied, not what it costs", c.Size, maxCounted)
	case w.Spins, spins(c.Mechanism):
		return "its processes wait without sleeping: on one CPU they count their own waiting"
	case c.Mechanism == results.FloorCopy, c.Mechanism == results.FloorCopies:
		return "instructions of a copy tell which loop copied, not what it costs"
	}
	return ""
}

// spins tells whether ends of the mechanism wait without sleeping; not of a
// floor.
func spins(mech string) bool {
	m := mechanisms.Lookup(mech)
	return m != nil && m.Spins
}

// Operations of a launch in an instruction-counted guest: some 100 ms of its
// time. A calibration would make what is measured depend on what it is measured
// with. Half as many come first: a Go program that has just started looks
// after itself often, and ever more seldom.
const (
	countedRoundTrips = 4_000
	countedMessages   = 30_000
	countedCalls      = 100_000
	countedTime       = 100 * time.Millisecond // for the watchdog
)

// measurement is how a cell is measured.
func (a Accel) measurement(c results.Cell, measured time.Duration) runner.Measurement {
	if a == KVM {
		return runner.Measurement{Time: measured}
	}
	ops := countedMessages
	switch {
	case c.Workload == bench.PingPong.Name:
		ops = countedRoundTrips
	case c.Mechanism == results.FloorCall:
		ops = countedCalls
	}
	return runner.Measurement{Time: countedTime, Ops: ops, Exact: true, Warmup: ops / 2, Plain: true}
}

// counted makes a record of instructions of one of a guest's time, in which
// each took 1 ns, and leaves out every other time: no tool may take one for
// the other.
func counted(r results.Record) results.Record {
	r.InsnsPerOp, r.NsPerOp = r.NsPerOp, 0
	r.ElapsedNs, r.BytesPerSec, r.CPUNsPerOp, r.WallNs = 0, 0, results.Amount{}, 0
	r.Latency, r.Overhead, r.Noise = nil, nil, nil
	for i := range r.Rounds {
		r.Rounds[i].ElapsedNs, r.Rounds[i].StalledNs = 0, results.Count{}
	}
	for i := range r.Workers {
		w := &r.Workers[i]
		w.UserNs, w.SystemNs, w.WaitNs = results.Count{}, results.Count{}, results.Count{}
	}
	return r
}
