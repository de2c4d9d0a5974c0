package runner

import (
	"errors"
	"slices"
	"time"

	"ipcbench/bench"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Measurement is how a launch is measured.
type Measurement struct {
	Time   time.Duration // of its timed and latency rounds together
	Verify bool          // add a round with CRC-32C over every payload
	Ops    int           // operations that fill Time, as an earlier launch of the cell found; 0: calibrate
	Exact  bool          // Ops is the number, however long they take
	Warmup int           // operations that come first where Ops is given; 0: a share of them
	Plain  bool          // no round that gives percentiles
	Steady bool          // a timed round's time is that of its pace, without its beginning and end: see bench.Ends.Steady
	Calm   int           // operations of two rounds, a short and a long one, in which no worker that is woken preempts; 0: none

	// Rest is what a worker that is done sleeps before it accounts for a round. On one
	// CPU the others are still in theirs. Without it a sender's account added 400,000
	// instructions to most rounds on Linux 6.1: 80 to each of 5,000 messages.
	Rest time.Duration

	// Next is the cell that the same session will measure next, where that is
	// known: it starts while this one ends.
	Next *results.Cell `json:",omitempty"`
}

// Measure runs one launch and returns its record in every case: an error is an
// outcome with a reason. The record lacks what only the run knows (ID, launch,
// seed, host). Ops is the calibrated number for the next launch.
func (co *Coordinator) Measure(c results.Cell, m Measurement) (rec results.Record, ops int) {
	rec = results.Record{Schema: results.Schema, Time: time.Now().UTC(), Cell: c, Attempt: 1, Isolation: co.Isolation, Outcome: results.OK}
	if !m.Exact {
		rec.LaunchNs = int64(m.Time)
	}
	ops, err := co.measure(&rec, m)
	rec.Warnings = append(rec.Warnings, co.died...)
	co.died, co.oom[0] = nil, co.oom[1]
	if err != nil {
		rec.Outcome, rec.Reason = results.Failed, reason(err)
		rec.Fault = fault(err)
		if Unsupported(err) {
			rec.Outcome, rec.Fault = results.Skipped, ""
			var u *mechanisms.UnsupportedError
			rec.Unavailable = errors.As(err, &u) && u.Unavailable
		}
		rec.Unmeasured() // the rounds before the failure are no measurement
		return rec, ops
	}
	why, warning := co.checkSettings()
	void(&rec, why)
	warn(&rec, warning)
	return rec, ops
}

func (co *Coordinator) measure(rec *results.Record, m Measurement) (ops int, err error) {
	l, err := co.Open(rec.Cell)
	if err != nil {
		return 0, err
	}
	defer func() {
		if err != nil {
			l.Close() // where the error was found here, the session does not know of it
		}
	}()
	rec.Given, rec.Workers, rec.Warnings = l.Given, l.Workers, l.Warnings
	rec.Links, rec.Transport, rec.BuiltOn = l.Links, l.Transport, l.BuiltOn
	rec.Cell.Options.Given = results.Unusual(l.Links)
	w := bench.WorkloadOf(rec.Cell)
	rounds := l.closedLoop
	if w.Paced {
		rounds = l.openLoop
	}
	observed, err := l.Observe(func() (err error) {
		ops, err = rounds(rec, w, m)
		return err
	})
	if err != nil {
		return 0, err
	}
	end := time.Now()
	stopped, err := l.close(m.Next)
	if err != nil {
		return 0, err
	}
	rec.Links = l.Links
	// The next launch is starting: what follows costs it no time.
	rec.Overhead = &results.Cost{StartNs: int64(l.Started), StopNs: int64(time.Since(end))}
	for _, r := range l.rounds {
		if !slices.Contains(results.Measuring, string(r.Kind)) {
			continue
		}
		rec.Rounds = append(rec.Rounds, results.Round{Kind: string(r.Kind), Ops: int64(r.Ops), ElapsedNs: int64(r.Elapsed), StalledNs: r.Stalled, Switches: switches(r.Usage)})
		if r.on != nil {
			rec.EndedOn = append(rec.EndedOn, r.on)
		}
		if r.Kind == Verify {
			rec.Verified = results.Known(rec.Verified.Or(0) + r.Verified)
		}
		if r.Kind == Latency {
			if rec.Latency, err = r.Latency(); err != nil {
				return 0, err
			}
		}
	}
	warn(rec, waits(l.rounds))
	if observed.unread == nil {
		observed.Noise.Stopped = stopped
		rec.Noise = &observed.Noise
	}
	if why := results.Changed(rec.Links); why != "" { // it explains whatever else is odd
		rec.Outcome, rec.Reason = results.Untrusted, why
	}
	why, warning := observed.Judge()
	void(rec, why)
	warn(rec, warning)
	return ops, nil
}

// switches is how often the workers stopped running in a round.
func switches(workers []results.Worker) results.Count {
	sum := results.Known(int64(0))
	for _, w := range workers {
		sum = sum.Plus(w.Voluntary).Plus(w.Involuntary)
	}
	return sum
}

// void makes a record untrusted for that reason, unless it is "". The first
// reason stands.
func void(rec *results.Record, why string) {
	if why != "" && rec.Outcome == results.OK {
		rec.Outcome, rec.Reason = results.Untrusted, why
	}
}

// warn adds a warning to the record, unless it is "".
func warn(rec *results.Record, warning string) {
	if warning != "" {
		rec.Warnings = append(rec.Warnings, warning)
	}
}

// closedLoop plays the rounds of a workload that goes as fast as it can, and
// fills in what they gave. Ops is the number of operations that fills the time.
func (l *Launch) closedLoop(rec *results.Record, w *bench.Workload, m Measurement) (ops int, err error) {
	if ops = m.Ops; ops == 0 {
		if ops, err = l.Calibrate(m.Time); err != nil {
			return 0, err
		}
	}
	share := 1.0
	if w.Timed() && !m.Plain {
		share -= latencyShare
	}
	rest := func() (asked []Ask) {
		if share < 1 {
			asked = append(asked, m.round(Latency, ops, latencyShare))
		}
		if m.Calm > 0 {
			for _, n := range []int{m.Calm / shortCalm, m.Calm - m.Calm/shortCalm} {
				ask := m.round(Calm, ops, share/timedRounds) // with as many marks: each takes 150 instructions
				ask.N = max(1, n)
				asked = append(asked, ask)
			}
		}
		if m.Verify {
			asked = append(asked, Ask{Kind: Verify, N: part(ops, verifyShare)})
		}
		return asked
	}
	want := time.Duration(share * float64(m.Time))
	together := m.Ops != 0 // all rounds are asked for at once
	for try := 1; ; try++ {
		var asked []Ask
		if together {
			asked = append(asked, Ask{Kind: Warmup, N: max(m.Warmup, warmup(ops, m.Time)), Rest: m.Rest})
		}
		for range timedRounds {
			ask := m.round(Timed, ops, share/timedRounds)
			ask.Steady = m.Steady
			asked = append(asked, ask)
		}
		first := len(asked) - timedRounds
		if together {
			asked = append(asked, rest()...)
		}
		played, err := l.Play(m.Time, asked...)
		if err != nil {
			return 0, err
		}
		timed := played[first : first+timedRounds]
		took := elapsed(timed)
		again, why := tooShort(m, took, want, ops, try, triesOf(l.Cell))
		void(rec, why)
		if !again {
			Account(rec, w, timed)
		}
		ops = slowly(l.Cell, ops, paced(ops, want, took), mostGrowth)
		if !again {
			break
		}
		together = false
		recalibrate(played)
	}
	// A disturbed calibration must not set the length of all rounds.
	if asked := rest(); !together && len(asked) > 0 {
		if _, err := l.Play(m.Time, asked...); err != nil {
			return 0, err
		}
	}
	if m.Ops > 0 {
		ops = slowly(l.Cell, m.Ops, ops, 2)
	}
	return ops, nil
}

// openLoop plays the rounds of a workload whose messages are due at a rate, and
// fills in what they gave. Rate and time say how many messages there are; one
// round gives all numbers, so that nothing between rounds lets a queue drain.
func (l *Launch) openLoop(rec *results.Record, w *bench.Workload, m Measurement) (ops int, err error) {
	if ops = m.Ops; ops == 0 {
		if ops, err = l.calibrateRate(m.Time); err != nil {
			return 0, err
		}
	}
	all := l.due(m.Time)
	for try := 1; ; try++ {
		asked := []Ask{{Kind: Warmup, N: max(m.Warmup, warmup(ops, m.Time))}, m.round(Latency, ops, 1)}
		if m.Verify {
			asked = append(asked, Ask{Kind: Verify, N: part(ops, verifyShare)})
		}
		played, err := l.Play(m.Time, asked...)
		if err != nil {
			return 0, err
		}
		timed := played[1:2]
		if took := elapsed(timed); ops < all {
			again, why := tooShort(m, took, m.Time, ops, try, calibrations)
			void(rec, why)
			if again {
				ops = min(all, paced(ops, m.Time, took))
				recalibrate(played)
				continue
			}
		}
		Account(rec, w, timed)
		if why := results.Saturation(rec.Cell, rec.NsPerOp); why != "" {
			rec.Warnings = append(rec.Warnings, why)
		}
		return ops, nil
	}
}

// recalibrate marks rounds that were too short for a number as calibration.
func recalibrate(rounds []*Round) {
	for _, r := range rounds {
		r.Kind = Calibrate
	}
}

// round asks for a share of ops operations, and for marks that show a stall.
func (m Measurement) round(kind Kind, ops int, share float64) Ask {
	return Ask{Kind: kind, N: part(ops, share), Rest: m.Rest, Marks: bench.MarksFor(time.Duration(share * float64(m.Time)))}
}

// elapsed is what the rounds took together.
func elapsed(rounds []*Round) (sum time.Duration) {
	for _, r := range rounds {
		sum += r.Elapsed
	}
	return sum
}

// Account fills in what the timed rounds gave: times in ns, rates in bytes a
// second. The record's Workers must be those of the launch.
func Account(rec *results.Record, w *bench.Workload, timed []*Round) {
	rec.Workers = used(rec.Workers, timed)
	for _, r := range timed {
		rec.Ops += int64(r.Ops)
		rec.ElapsedNs += int64(r.Elapsed)
	}
	rec.Op = w.Op
	rec.PerOp(int64(w.Payloads * rec.Cell.Size))
}

// reason is the error without the cell, which the record names anyway.
func reason(err error) string {
	var cell *CellError
	if errors.As(err, &cell) {
		err = cell.Err
	}
	return err.Error()
}

// fault is the kind of failure that the error is.
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
