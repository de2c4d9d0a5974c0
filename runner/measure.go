package runner

import (
	"errors"
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"ipcbench/bench"
	"ipcbench/host"
	"ipcbench/results"
)

// Measurement is how one launch is to be measured.
type Measurement struct {
	Time   time.Duration // of its timed and latency rounds together
	Verify bool          // add a round with CRC-32C over every payload
	Ops    int           // operations that fill Time, as an earlier launch of the cell found; 0: calibrate
	Warmup int           // operations that come first where Ops is given; 0: a share of them
	Plain  bool          // no round that gives percentiles

	// Next is the cell that the same session will measure next, where that is
	// known: it starts while this one ends.
	Next *results.Cell `json:",omitempty"`
}

// Shares of a launch's time: the rounds that give ns/op, and those that give
// percentiles where the workload has them. Verification comes on top.
const (
	timedRounds  = 2
	latencyShare = 0.25
	warmupShare  = 0.05
	verifyShare  = 0.1
)

// warmupMost bounds the warm-up: after 2 ms of it the first timed round was no
// slower than the second, over all cells of a default run.
const warmupMost = 2 * time.Millisecond

// warmup is how many of ops operations, which fill the time, come first.
func warmup(ops int, time time.Duration) int {
	return part(ops, min(warmupShare, float64(warmupMost)/float64(time)))
}

// Measure runs one launch and returns its record, whatever happens: an error
// is an outcome with a reason. The record lacks what only the run knows (ID,
// launch, seed, host). Ops is the calibrated number for the next launch.
func (s *Session) Measure(c results.Cell, m Measurement) (rec results.Record, ops int) {
	rec = results.Record{Schema: results.Schema, Time: time.Now().UTC(), Cell: c, Attempt: 1, Isolation: s.Isolation}
	before, err := s.noise.Read()
	if err == nil {
		ops, err = s.measure(&rec, m)
	}
	if err != nil {
		rec.Outcome, rec.Reason = results.Failed, reason(err)
		rec.Fault = fault(err)
		if Unsupported(err) {
			rec.Outcome, rec.Fault = results.Skipped, ""
		}
		return rec, ops
	}
	after, err := s.noise.Read()
	if err != nil {
		rec.Outcome, rec.Reason = results.Untrusted, "what the machine did meanwhile is not known: "+err.Error()
		return rec, ops
	}
	noise := after.Since(before)
	noise.Stopped, noise.ForeignNs = rec.Noise.Stopped, foreign(rec.Workers)
	rec.Noise = &noise
	rec.Outcome = results.OK
	wall, timed := time.Since(rec.Time), time.Duration(rec.ElapsedNs)
	if why := host.Voids(noise, wall, timed); why != "" {
		rec.Outcome, rec.Reason = results.Untrusted, why
	} else if why := host.Doubtful(noise, wall, timed); why != "" {
		rec.Warnings = append(rec.Warnings, why)
	}
	return rec, ops
}

func (s *Session) measure(rec *results.Record, m Measurement) (ops int, err error) {
	l, err := s.Open(rec.Cell)
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			l.Close() // where the error was found here, the session does not know of it
		}
	}()
	rec.Given, rec.Workers, rec.Warnings = l.Given, l.Workers, l.Warnings
	w := bench.WorkloadOf(rec.Cell)
	rounds := l.closedLoop
	if w.Paced {
		rounds = l.openLoop
	}
	played, ops, err := rounds(rec, w, m)
	if err != nil {
		return 0, err
	}
	for _, r := range played {
		rec.Rounds = append(rec.Rounds, results.Round{Kind: string(r.Kind), Ops: int64(r.Ops), ElapsedNs: int64(r.Elapsed)})
		rec.Verified += r.Verified
	}
	end := time.Now()
	stopped, err := l.close(m.Next)
	if err != nil {
		return 0, err
	}
	rec.Overhead = &results.Cost{StartNs: int64(l.Started), StopNs: int64(time.Since(end))}
	rec.Noise = &results.Noise{Stopped: stopped}
	for _, r := range played { // the next launch is starting: this costs it no time
		if r.Kind == Latency {
			if rec.Latency, err = r.Latency(); err != nil {
				return 0, err
			}
		}
	}
	return ops, nil
}

// closedLoop plays the rounds of a workload that goes as fast as it can, and
// fills in what they gave. Ops is the number of operations that fills the time.
func (l *Launch) closedLoop(rec *results.Record, w *bench.Workload, m Measurement) (played []*Round, ops int, err error) {
	var asked []Ask
	if ops = m.Ops; ops != 0 {
		asked = append(asked, Ask{Warmup, max(m.Warmup, warmup(ops, m.Time))})
	} else if ops, err = l.Calibrate(m.Time); err != nil {
		return nil, 0, err
	}
	unmeasured := len(asked)
	percentiles := w.Timed() && !m.Plain
	timed := 1.0
	if percentiles {
		timed -= latencyShare
	}
	for range timedRounds {
		asked = append(asked, Ask{Timed, part(ops, timed/timedRounds)})
	}
	others := func() (asked []Ask) {
		if percentiles {
			asked = append(asked, Ask{Latency, part(ops, latencyShare)})
		}
		if m.Verify {
			asked = append(asked, Ask{Verify, part(ops, verifyShare)})
		}
		return asked
	}
	if m.Ops != 0 {
		asked = append(asked, others()...)
	}
	if played, err = l.Play(m.Time, asked...); err != nil {
		return nil, 0, err
	}
	played = played[unmeasured:]
	Account(rec, w, played[:timedRounds])
	ops = paced(ops, time.Duration(float64(m.Time)*timed), time.Duration(rec.ElapsedNs))
	// A disturbed calibration must not set the length of all rounds.
	if asked = others(); m.Ops == 0 && len(asked) > 0 {
		rest, err := l.Play(m.Time, asked...)
		if err != nil {
			return nil, 0, err
		}
		played = append(played, rest...)
	}
	return played, ops, nil
}

// foreign is how long, in ns, the worst-off worker waited for its CPU while no
// other worker had it: somebody else's process did. What pinned workers of one
// CPU wait for each other is the workload's own. It is 0 where workers are not
// pinned.
func foreign(workers []results.Worker) (worst int64) {
	for i, w := range workers {
		if len(w.CPUs) != 1 {
			return 0
		}
		others := int64(0)
		for j, o := range workers {
			if j != i && o.CPUs[0] == w.CPUs[0] {
				others += o.UserNs + o.SystemNs
			}
		}
		worst = max(worst, w.WaitNs-others)
	}
	return worst
}

// part is a share of n operations, at least one.
func part(n int, share float64) int { return max(1, int(float64(n)*share)) }

// Account fills in what the timed rounds gave. The record's Workers must be
// those of the launch.
func Account(rec *results.Record, w *bench.Workload, timed []*Round) {
	var cpu, voluntary, involuntary int64
	for _, r := range timed {
		rec.Ops += int64(r.Ops)
		rec.ElapsedNs += int64(r.Elapsed)
		for i, u := range r.Usage {
			sum := &rec.Workers[i]
			sum.UserNs += u.UserNs
			sum.SystemNs += u.SystemNs
			sum.Voluntary += u.Voluntary
			sum.Involuntary += u.Involuntary
			sum.EINTR += u.EINTR
			sum.WaitNs += u.WaitNs
			cpu += u.UserNs + u.SystemNs
			voluntary += u.Voluntary
			involuntary += u.Involuntary
			rec.EINTR += u.EINTR
		}
	}
	ops := float64(rec.Ops)
	rec.Op = w.Op
	rec.NsPerOp = float64(rec.ElapsedNs) / ops
	rec.BytesPerSec = float64(w.Payloads*rec.Cell.Size) / rec.NsPerOp * 1e9
	rec.CPUNsPerOp = float64(cpu) / ops
	rec.Voluntary = float64(voluntary) / ops
	rec.Involuntary = float64(involuntary) / ops
}

// Latency reads the percentiles of a latency round.
func (r *Round) Latency() (*results.Latency, error) {
	h, err := r.Latencies.unpack()
	if err != nil {
		return nil, err
	}
	hdr, err := h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return nil, fmt.Errorf("encode histogram: %w", err)
	}
	return &results.Latency{
		Count: h.TotalCount(), P50: h.ValueAtQuantile(50), P90: h.ValueAtQuantile(90),
		P99: h.ValueAtQuantile(99), P999: h.ValueAtQuantile(99.9), Max: h.Max(),
		ClockNs: r.ClockNs, HDR: string(hdr),
	}, nil
}

// reason is the error without the cell, which the record names anyway.
func reason(err error) string {
	var cell *CellError
	if errors.As(err, &cell) {
		err = cell.Err
	}
	return err.Error()
}

func fault(err error) results.Fault {
	var check *bench.CheckError
	var death *DeathError
	var hung *HungError
	switch {
	case errors.As(err, &check):
		return results.FaultCheck
	case errors.As(err, &death):
		return results.FaultDeath
	case errors.As(err, &hung):
		return results.FaultHang
	}
	return results.FaultError
}
