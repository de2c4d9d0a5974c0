package runner

import (
	"fmt"
	"slices"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// held is what one end has of a link's capacity. Workers read it, since nobody
// else may hold an end: it would hide an end of file, or an EPIPE.
type held struct {
	Wire  int  `json:"wire"`
	Sends bool `json:"sends,omitempty"`
	mechanisms.Given
}

// held reads what the worker's ends hold: before its first round and after its
// last. A worker that makes links itself has read it of the latest.
func (w *worker) held() (all []held, err error) {
	e := w.ends
	if e.Mechanism != nil {
		return []held{{Given: e.Made}}, nil
	}
	if w.mechanism == nil || w.mechanism.Capacity == nil {
		return nil, nil
	}
	read := func(wire int, end mechanisms.End) error {
		given, err := w.mechanism.Capacity(end)
		if err != nil {
			return fmt.Errorf("read the capacity of link %d: %w", wire+1, err)
		}
		if given.Source != "" {
			all = append(all, held{wire, end.Sends, given})
		}
		return nil
	}
	for i, s := range e.Senders {
		if err := read(w.part.Sends[i], mechanisms.End{Value: s, Sends: true}); err != nil {
			return nil, err
		}
	}
	for i, r := range e.Receivers {
		if err := read(w.part.Receives[i], mechanisms.End{Value: r}); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// joinHeld joins what the ends of n links hold, the sending ends first, so that
// the order in which workers answer makes no difference.
func joinHeld(n int, all []held) []mechanisms.Given {
	parts := make([][]mechanisms.Given, n)
	for _, sends := range []bool{true, false} {
		for _, h := range all {
			if h.Sends == sends {
				parts[h.Wire] = append(parts[h.Wire], h.Given)
			}
		}
	}
	joined := make([]mechanisms.Given, n)
	for i := range parts {
		joined[i] = mechanisms.JoinCapacity(parts[i])
	}
	return joined
}

// capacities notes what the links hold before the first round, as their ends
// have read it, and finds out how many messages that is.
func (l *launch) capacities(all []held) {
	m := l.mechanism
	if m == nil || !m.Offers(mechanisms.Messages) {
		return
	}
	for i, given := range joinHeld(len(l.specs), all) {
		if given.Source == "" {
			given = l.made[i] // no end could tell
		}
		s := l.specs[i]
		link := results.Link{Queue: given.Queue, Source: given.Source, Tuned: m.Tunes && s.Queue == 0}
		var why string
		if link.Usual, why = m.Unusual(s, given.Queue); why != "" && !slices.Contains(l.warnings, why) {
			l.warnings = append(l.warnings, why)
		}
		link.InFlight = l.session.fits(m, s, given.Queue)
		l.capacity = append(l.capacity, link)
	}
}

// capacitiesAfter notes what the links hold after the last round.
func (l *launch) capacitiesAfter(all []held) []results.Link {
	for i, given := range joinHeld(len(l.capacity), all) {
		if given.Source == l.capacity[i].Source {
			l.capacity[i].After = given.Queue
		}
	}
	return l.capacity
}

// fill is what decides how many messages a link holds.
type fill struct {
	mechanism string
	spec      mechanisms.Spec
	capacity  int
}

// tryAll finds out how many messages a link of each of these specs holds, before
// there is any link of the launch: beside them, what the kernel counts would not
// do for one more, or give it less.
func (s *session) tryAll(m *mechanisms.Mechanism, specs []mechanisms.Spec) error {
	for _, spec := range specs {
		if s.tried[fill{mechanism: m.Name, spec: spec}] {
			continue
		}
		if _, err := s.try(m, spec, spec); err != nil {
			return err
		}
		s.tried[fill{mechanism: m.Name, spec: spec}] = true
	}
	return nil
}

// try fills a link that is asked for as asked, notes how many messages it holds
// as those of a link of spec, and returns its capacity.
func (s *session) try(m *mechanisms.Mechanism, spec, asked mechanisms.Spec) (capacity int, err error) {
	trial, err := m.New(asked)
	if err != nil {
		return 0, m.Exhausted(asked, err)
	}
	if err := s.record(trial); err != nil {
		trial.Destroy()
		return 0, err
	}
	defer s.destroy(trial)
	// The receiving end must be open too: a FIFO or socket without one refuses.
	in, err := m.OpenReceiver(trial.Receiver)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	out, err := m.OpenSender(trial.Sender)
	if err != nil {
		return 0, err
	}
	defer out.Close()
	n, err := out.Fill(mechanisms.Buffer(spec.Size))
	if err != nil {
		return 0, err
	}
	s.inFlight[fill{m.Name, spec, trial.Given.Queue}] = n
	return trial.Given.Queue, nil
}

// fits is how many messages a link of spec and that capacity holds, absent where
// no link of that capacity could be filled.
func (s *session) fits(m *mechanisms.Mechanism, spec mechanisms.Spec, capacity int) (n results.Count) {
	key := fill{m.Name, spec, capacity}
	if _, tried := s.inFlight[key]; !tried {
		asked := spec
		asked.Queue = capacity
		if got, err := s.try(m, spec, asked); err != nil || got != capacity {
			return n
		}
	}
	return results.Known(int64(s.inFlight[key]))
}
