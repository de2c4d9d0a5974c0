package results

// Rounds of kind "calm" are as the timed ones, but for one thing: a process that is
// woken does not preempt the one that woke it. So their switches are only those that
// the link makes necessary, when it is full or empty, and as many with each seed.
// Timed rounds have as many more as the scheduler gives them: of 15,000 messages
// through a socket pair 7,200 on Linux 6.1 and 2,100 on 6.12.
const (
	calmRound  = "calm"
	timedRound = "timed"
)

// FewSwitches is the number of switches an operation, beyond those of calm rounds, from
// which on what one of them takes is known. How a round begins moves the instructions
// of 6,000 messages by 30,000: with 120 switches that is 10 % of what they take.
const FewSwitches = 0.02

// SplitSwitches sets PathInsns and SwitchInsns by the rounds of the record, where it
// has two calm ones, the shorter first. The path is what an operation more adds to a
// calm round, so that it does not depend on how many operations a round has: the
// shorter one begins and ends as the longer one.
func (r *Record) SplitSwitches() {
	var calm, timed []Round
	for _, round := range r.Rounds {
		switch round.Kind {
		case calmRound:
			calm = append(calm, round)
		case timedRound:
			timed = append(timed, round)
		}
	}
	if len(calm) != 2 || calm[0].Ops >= calm[1].Ops || calm[0].Insns >= calm[1].Insns {
		return
	}
	// split is what an operation of a calm round takes, and by how much the timed
	// rounds exceed calm ones of as many operations.
	split := func(of func(*Round) int64) (perOp, beyond float64) {
		perOp = float64(of(&calm[1])-of(&calm[0])) / float64(calm[1].Ops-calm[0].Ops)
		begin := float64(of(&calm[0])) - perOp*float64(calm[0].Ops)
		for i := range timed {
			beyond += float64(of(&timed[i])) - perOp*float64(timed[i].Ops) - begin
		}
		return perOp, beyond
	}
	path, insns := split(func(r *Round) int64 { return r.Insns })
	_, switches := split(func(r *Round) int64 { return r.Switches.Or(0) })
	r.PathInsns = path
	ops := int64(0)
	for _, round := range timed {
		ops += round.Ops
	}
	if insns > 0 && switches >= FewSwitches*float64(ops) {
		r.SwitchInsns = insns / switches
	}
}
