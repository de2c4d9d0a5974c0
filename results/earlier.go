package results

import (
	"reflect"
	"slices"
)

// Unmeasured drops every number that only a launch has that was measured, as
// one that failed or was skipped was not. What was given to it stays: its
// links, its workers with their CPUs, and how long it took as a whole.
func (r *Record) Unmeasured() {
	late := Saturation(r.Cell, r.NsPerOp)
	r.Warnings = slices.DeleteFunc(slices.Clone(r.Warnings), func(w string) bool { return w == late })
	r.Op, r.Ops, r.ElapsedNs, r.NsPerOp, r.InsnsPerOp, r.BytesPerSec = "", 0, 0, 0, 0, 0
	r.PathInsns, r.SwitchInsns = 0, 0
	r.CPUNsPerOp, r.Voluntary, r.Involuntary, r.EINTR = Amount{}, Amount{}, Amount{}, Count{}
	r.Latency, r.Rounds, r.EndedOn, r.Verified, r.Overhead, r.Noise = nil, nil, nil, Count{}, nil, nil
	r.Workers = slices.Clone(r.Workers) // others may have the same
	for i, w := range r.Workers {
		r.Workers[i] = Worker{Role: w.Role, PID: w.PID, CPUs: w.CPUs}
	}
}

// measured reports whether the record has a number that Unmeasured drops.
func (r *Record) measured() bool {
	without := *r
	without.Unmeasured()
	without.Warnings = r.Warnings // which are no numbers
	return !reflect.DeepEqual(&without, r)
}

// Restore gives a record of an earlier version the meaning that it has today.
// Earlier versions left out counts of 0 and wrote some that they did not have
// as 0. A record of this version stays as it is.
func (r *Record) Restore() {
	if r.Outcome == Failed || r.Outcome == Skipped {
		r.Unmeasured() // a failed one had what came before the failure
		return
	}
	if l := r.Latency; l != nil && l.Count > 0 {
		l.Trim(l.Count)
	}
	if r.Ops == 0 || r.Workers == nil {
		return // nothing was measured, or it comes from benchmark text, which has no workers and lacks counts
	}
	// getrusage(2) gave these in every launch that was measured, so that a
	// missing one was 0. One that has been left out shows an earlier version.
	earlier := false
	zero := func(a *Amount) {
		if a.IsZero() {
			*a, earlier = Known(0.0), true
		}
	}
	zero(&r.Voluntary)
	zero(&r.Involuntary)
	counted := r.InsnsPerOp > 0
	if !counted {
		zero(&r.CPUNsPerOp)
	}
	if r.EINTR.IsZero() {
		r.EINTR, earlier = Known(int64(0)), true
	}
	if r.Verified.IsZero() && slices.ContainsFunc(r.Rounds, func(round Round) bool { return round.Kind == "verify" }) {
		r.Verified = Known(int64(0)) // the workload has no payload
	}
	if earlier {
		r.restoreTimes(counted)
	}
}

// restoreTimes makes absent what an earlier version wrote as 0 where it had no
// number: every time where instructions were counted, and what a kernel does
// not keep.
func (r *Record) restoreTimes(counted bool) {
	zero := func(c Count) bool { return c == Known(int64(0)) }
	// A kernel counts the wait of all or of none.
	waits := slices.ContainsFunc(r.Workers, func(w Worker) bool { return w.WaitNs.Or(0) > 0 })
	pinned := true
	for i := range r.Workers {
		w := &r.Workers[i]
		if counted {
			w.UserNs, w.SystemNs = Count{}, Count{}
		}
		if zero(w.WaitNs) && !waits {
			w.WaitNs = Count{}
		}
		pinned = pinned && len(w.CPUs) == 1
	}
	if n := r.Noise; n != nil {
		if zero(n.PressureNs) { // none, or not kept
			n.PressureNs = Count{}
		}
		if zero(n.ForeignNs) && !(pinned && waits) {
			n.ForeignNs = Count{}
		}
	}
}
