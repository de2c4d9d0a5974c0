package results

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// check gives the reason why a record cannot be right, or nil. The same rules hold for
// writing and for reading, so that whatever was appended can be read back.
func (r *Record) check() error {
	if err := r.checkCell(); err != nil {
		return err
	}
	return r.checkFields()
}

// checkCell checks that the cell is the one that its name says.
func (r *Record) checkCell() error {
	if c, err := ParseCell(r.Cell.Name()); err != nil {
		return err
	} else if c != r.Cell {
		return fmt.Errorf("cell %+v has no name of its own", r.Cell)
	}
	return nil
}

// checkFields checks all but the cell.
func (r *Record) checkFields() error {
	switch {
	case r.Schema != Schema:
		return fmt.Errorf("schema %d, want %d", r.Schema, Schema)
	case r.Run != "" && !validID.MatchString(r.Run):
		return fmt.Errorf("run %s does not match %v", Quote(r.Run), validID)
	case r.Launch < 1 || r.Attempt < 1:
		return fmt.Errorf("launch %d, attempt %d: want both from 1", r.Launch, r.Attempt)
	}
	if r.Unavailable && r.Outcome != Skipped {
		return fmt.Errorf("outcome %s of what is unavailable: want skipped", Quote(string(r.Outcome)))
	}
	switch r.Outcome {
	case OK:
		if r.NsPerOp == 0 && r.InsnsPerOp == 0 && r.Cell.Other == "" && !slices.Contains(r.zeros, "ns/op") && !slices.Contains(r.zeros, "insns/op") {
			return errors.New("outcome ok without ns_per_op")
		}
		if r.NsPerOp != 0 && r.InsnsPerOp != 0 {
			return errors.New("ns_per_op and insns_per_op exclude each other")
		}
	case Skipped, Failed, Untrusted:
		if r.Reason == "" {
			return fmt.Errorf("outcome %s without a reason", r.Outcome)
		}
		if r.Outcome != Untrusted && r.measured() {
			return fmt.Errorf("outcome %s with numbers that only a launch has that was measured", r.Outcome)
		}
	default:
		return fmt.Errorf("unknown outcome %s", Quote(string(r.Outcome)))
	}
	return r.checkNumbers()
}

// checkNumbers finds an amount that nothing can measure.
func (r *Record) checkNumbers() error {
	type number struct {
		name  string
		value float64
	}
	numbers := append(make([]number, 0, 32), []number{ // 32: enough for text, which is read by the million
		{"launch_ns", float64(r.LaunchNs)},
		{"ops", float64(r.Ops)},
		{"elapsed_ns", float64(r.ElapsedNs)},
		{"eintr", float64(r.EINTR.Or(0))},
		{"verified", float64(r.Verified.Or(0))},
	}...)
	for _, m := range Metrics {
		if v, ok := m.get(r); ok && m.Record != "" {
			numbers = append(numbers, number{m.Record, v})
		}
	}
	if l := r.Latency; l != nil {
		numbers = append(numbers, number{"latency.count", float64(l.Count)}, number{"latency.clock_ns", l.ClockNs})
	}
	for _, round := range r.Rounds {
		numbers = append(numbers, number{"rounds.ops", float64(round.Ops)}, number{"rounds.elapsed_ns", float64(round.ElapsedNs)},
			number{"rounds.insns", float64(round.Insns)}, number{"rounds.switches", float64(round.Switches.Or(0))})
	}
	if len(r.EndedOn) > 0 && len(r.EndedOn) != len(r.Rounds) {
		return fmt.Errorf("ended_on of %d rounds: want %d", len(r.EndedOn), len(r.Rounds))
	}
	for _, cpus := range r.EndedOn {
		if len(cpus) != len(r.Workers) {
			return fmt.Errorf("ended_on of %d workers: want %d", len(cpus), len(r.Workers))
		}
		for _, cpu := range cpus {
			numbers = append(numbers, number{"ended_on", float64(cpu)})
		}
	}
	for _, w := range r.Workers {
		numbers = append(numbers, number{"workers.user_ns", float64(w.UserNs.Or(0))}, number{"workers.system_ns", float64(w.SystemNs.Or(0))})
	}
	if g := r.Given; g != nil {
		numbers = append(numbers, number{"given.queue", float64(g.Queue)})
	}
	if l := r.Latency; l != nil && l.Count > 0 {
		for _, p := range percentiles {
			if *p.of(l) != 0 && !Carries(l.Count, float64(p.tail)) {
				return fmt.Errorf("latency.%s of %d operations: want at least %d", p.name, l.Count, p.tail)
			}
		}
	}
	for _, l := range r.Links {
		numbers = append(numbers, number{"links.queue", float64(l.Queue)}, number{"links.after", float64(l.After)},
			number{"links.usual", float64(l.Usual)}, number{"links.in_flight", float64(l.InFlight.Or(0))})
	}
	for _, n := range numbers {
		if math.IsNaN(n.value) || math.IsInf(n.value, 0) || n.value < 0 {
			return fmt.Errorf("%s is %v: want a number from 0", n.name, n.value)
		}
	}
	return nil
}
