package runner

import (
	"slices"
	"time"
)

// hearOut is how long other workers may still explain a failure. Whoever has
// not by then is blocked on a peer that is gone.
const hearOut = 300 * time.Millisecond

// blame finds the root among the failures that come together. A death needs
// no explanation; with anything else the others are heard out.
func (l *launch) blame(first event) error {
	var cause error
	ended, explained := 0, map[int]bool{}
	weigh := func(e event) {
		if e.ended {
			ended++
			if e.err == nil {
				e.err = &DeathError{} // unasked, with status 0
			}
		}
		// One that said why has exited with status 1 for it.
		if e.err == nil || explained[e.part] {
			return
		}
		explained[e.part] = true
		if err := l.failure(e.part, e.err); cause == nil || rank(err) > rank(cause) {
			cause = err
		}
	}
	weigh(first)
	grace := time.NewTimer(hearOut)
	defer grace.Stop()
	for rank(cause) < rankDeath && ended < len(l.workers) {
		select {
		case e := <-l.events:
			weigh(e)
		case <-grace.C:
			return cause
		}
	}
	return cause
}

func (l *launch) failure(part int, err error) error {
	return &WorkerError{Role: l.topology.Parts[part].Role, PID: l.workers[part].pid, Phase: l.phase, Err: err}
}

// hung blames one of the workers that missed the deadline, by suspicion, and
// tells where the others are.
func (l *launch) hung(missing map[int]bool, timeout time.Duration) error {
	var all []*HungError
	part := map[*HungError]int{}
	for i, p := range l.workers {
		if missing[i] {
			h := inspect(p.pid, timeout)
			part[h] = i
			all = append(all, h)
		}
	}
	slices.SortStableFunc(all, func(a, b *HungError) int { return b.suspicion() - a.suspicion() })
	for _, h := range all[1:] {
		all[0].Others = append(all[0].Others, l.topology.Parts[part[h]].Role+" "+h.where())
	}
	return l.failure(part[all[0]], all[0])
}
