package compare

import (
	"math"
	"testing"
	"time"

	"ipcbench/results"
)

// arms are the two runs of a comparison on a machine whose speed drifts by
// 30 % from pass to pass; the new one is slower by change.
func arms(n int, change float64) (old, new *session) {
	old, new = newSession("20261122T120000Z-abcdef-a", 1, 0), newSession("20261122T120000Z-abcdef-b", 2, time.Minute)
	for launch := 1; launch <= n; launch++ {
		drift := math.Exp(0.3 * old.Rand.NormFloat64())
		for _, c := range []results.Cell{pipe, fifo} {
			old.Record(c, launch, 5000*drift*math.Exp(0.02*old.Rand.NormFloat64()))
			new.Record(c, launch, 5000*drift*(1+change)*math.Exp(0.02*new.Rand.NormFloat64()))
		}
	}
	return old, new
}

func TestTurns(t *testing.T) {
	old, new := arms(12, 0.15)
	r := compare(old, new, everyMetric)
	if !r.Gate.Paired || r.Count(Slower) != 4 || r.Rows[0].Pairs != 12 || r.Gate.MinN != 7 {
		t.Errorf("%v, %+v", verdictsOf(r), r.Gate)
	}
	if ratio := r.row(t, pipe, "ns/op").Ratio; ratio.Lo < 1.1 || ratio.Hi > 1.2 {
		t.Errorf("the interval of the ratio is %+v", ratio)
	}
	if ratio := r.row(t, pipe, "B/s").Ratio; ratio.Lo < 1/1.2 || ratio.Hi > 1/1.1 {
		t.Errorf("the interval of the ratio of B/s is %+v", ratio)
	}
	// The same launches, when it is not known which belong together.
	for i := range new.Records {
		new.Records[i].Run = "another"
	}
	if r := compare(old, new); r.Gate.Paired || r.Count(Slower) != 0 {
		t.Errorf("without pairs: %v, %+v", verdictsOf(r), r.Gate)
	}
}

func TestTurnsThatStayTheSame(t *testing.T) {
	old, new := arms(20, 0)
	if r := compare(old, new); !r.Gate.Paired || r.Count(Same) != 2 {
		t.Errorf("%v", verdictsOf(r))
	}
}

// Launches of one pass are pairs whatever the order in which records come,
// and those whose partner is lost do without.
func TestTurnsOfLostLaunches(t *testing.T) {
	old, new := arms(14, 0.15)
	first := new.Records[0]
	new.Records = append(new.Records[2:], first)
	new.NotOK(fifo, 1, results.Untrusted, "stolen")
	r := compare(old, new)
	if row := r.row(t, pipe, "ns/op"); row.Pairs != 14 || row.Verdict != Slower {
		t.Errorf("pipe: %d pairs, %s", row.Pairs, row.Verdict)
	}
	if row := r.row(t, fifo, "ns/op"); row.Pairs != 13 || row.Old.N != 14 || row.Verdict != Slower {
		t.Errorf("fifo: %d pairs of %d launches, %s", row.Pairs, row.Old.N, row.Verdict)
	}
}

// A launch that one side alone repeated came later than its partner: older
// records have such, and they are no pair.
func TestTurnsOfAnotherAttempt(t *testing.T) {
	old, new := arms(14, 0.15)
	for _, s := range []*session{old, new} {
		r := s.Records[0] // both sides launched the cell of this pass again: a pair
		s.Records[0].Outcome = results.Untrusted
		r.Attempt = 2
		s.Records = append(s.Records, r)
	}
	r := new.Records[2] // new alone did
	new.Records[2].Outcome = results.Untrusted
	r.Attempt = 2
	new.Records = append(new.Records, r)
	if row := compare(old, new).row(t, pipe, "ns/op"); row.Pairs != 13 || row.New.N != 14 {
		t.Errorf("%d pairs of %d launches, want 13 of 14", row.Pairs, row.New.N)
	}
}

func TestNoTurns(t *testing.T) {
	for name, spoil := range map[string]func(old, new *session){
		"one arm on both sides": func(old, new *session) { new.Run = old.Run },
		"another session":       func(old, new *session) { new.Run = "20261122T130000Z-abcdef-b" },
		"an arm on either side": func(old, new *session) { new.Records[0].Run = old.Run },
		"text":                  func(old, new *session) { new.Records[3].Time = time.Time{} },
	} {
		old, new := arms(12, 0.15)
		run := new.Run
		spoil(old, new)
		if new.Run != run {
			for i := range new.Records {
				new.Records[i].Run = new.Run
			}
		}
		if r := compare(old, new); r.Gate.Paired {
			t.Errorf("%s: paired", name)
		}
	}
	old, new := arms(leastPairs-1, 0.15)
	if r := compare(old, new); r.Gate.Paired || r.Gate.MinN != 5 {
		t.Errorf("%d pairs: %+v", leastPairs-1, r.Gate)
	}
}

// verdictsOf lists the verdicts of the rows.
func verdictsOf(r *Report) (all []Verdict) {
	for i := range r.Rows {
		all = append(all, r.Rows[i].Verdict)
	}
	return all
}
