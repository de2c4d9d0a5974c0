package compare

import (
	"math"
	"strings"

	"ipcbench/compare/gate"
)

// leastPairs is how many pairs a report must have in some cell for the gate to
// test pairs: fewer have too few ways to be relabelled, and too few degrees of
// freedom, to be worth the drift that drops out.
const leastPairs = 10

// Paired reports whether the row's ratio, and its test, are of pairs of launches that
// came one right after the other.
func (r *Row) Paired() bool { return r.Pairs >= leastPairs }

// turns finds which passes of two sides that took turns belong together. The
// runs of one `ipcbench ab` are named ID-a and ID-b, and a launch of the one
// comes right before or after the launch of the same number of the other.
type turns struct{ old, new []int32 } // by pass

// takeTurns is nil where the sides did not take turns, or where it is not
// known when a pass began: text numbers launches as they come, not as they were.
func takeTurns(old, new *Side) *turns {
	type turn struct {
		session string
		launch  int
	}
	numbers := map[turn]int32{}
	arms := map[string]string{} // the old side's, by session
	number := func(s *Side, arm func(session, arm string) bool) []int32 {
		out := make([]int32, len(s.passes))
		for _, key := range s.inTime() {
			p := s.passes[key]
			session, a, ok := cutArm(key.run)
			if !ok || s.began[p].IsZero() || !arm(session, a) {
				return nil
			}
			t := turn{session, key.launch}
			if _, known := numbers[t]; !known {
				numbers[t] = int32(len(numbers))
			}
			out[p] = numbers[t]
		}
		return out
	}
	t := &turns{}
	t.old = number(old, func(session, arm string) bool {
		before, seen := arms[session]
		arms[session] = arm
		return !seen || before == arm
	})
	t.new = number(new, func(session, arm string) bool { return arms[session] != "" && arms[session] != arm })
	if t.old == nil || t.new == nil {
		return nil
	}
	return t
}

// cutArm splits the ID of one arm of a comparison.
func cutArm(run string) (session, arm string, ok bool) {
	i := strings.LastIndexByte(run, '-')
	if i < 0 || run[i:] != "-a" && run[i:] != "-b" {
		return "", "", false
	}
	return run[:i], run[i+1:], true
}

// pairs are the launches of a metric that both sides have of a pass, as
// logarithms of new to old. They are of one attempt: where only one side was
// launched again, it was so later, and the two have nothing in common.
func (t *turns) pairs(p pair, metric int) (out gate.Pairs) {
	type try struct{ turn, attempt int32 }
	olds := map[try]float64{}
	for i, v := range p.old.measured(metric) {
		olds[try{t.old[p.old.pass[i]], p.old.attempt(i)}] = v
	}
	for i, v := range p.new.measured(metric) {
		turn := t.new[p.new.pass[i]]
		if old, ok := olds[try{turn, p.new.attempt(i)}]; ok {
			out.Diff = append(out.Diff, math.Log(v/old))
			out.Turn = append(out.Turn, turn)
		}
	}
	return out
}
