package results

import "testing"

// spentOn is what was spent on a run of these records.
func spentOn(records []Record) (Spent, bool) {
	var s spending
	for i := range records {
		s.add(&records[i])
	}
	return s.sum()
}

func TestSpent(t *testing.T) {
	launch := func(outcome Outcome, wall, timed int64) Record {
		r := okRecord(pingPong, 1, 5000)
		r.Outcome, r.WallNs = outcome, wall
		r.Rounds = []Round{{Kind: "warmup", Ops: 1, ElapsedNs: 900, StalledNs: Count{}}, {Kind: "timed", Ops: 1, ElapsedNs: timed / 2, StalledNs: Count{}}, {Kind: "latency", Ops: 1, ElapsedNs: timed / 4, StalledNs: Count{}}, {Kind: "verify", Ops: 1, ElapsedNs: timed / 4, StalledNs: Count{}}}
		r.Overhead = &Cost{StartNs: 7, StopNs: 3}
		return r
	}
	skipped := notOKRecord(pingPong, 1, Skipped, "too large")
	skipped.WallNs = 10
	records := []Record{launch(OK, 110, 80), launch(Untrusted, 150, 80), launch(OK, 120, 80), launch(OK, 100, 80), skipped}
	got, ok := spentOn(records)
	want := Spent{Wall: 490, Measuring: 320, Start: 28, Stop: 12, PerLaunch: 30, Disturbed: 1}
	if got != want || !ok {
		t.Errorf("spent %+v, %v, want %+v", got, ok, want)
	}
	if rest := got.Rest(); rest != 130 {
		t.Errorf("Rest() = %d, want 130", rest)
	}
	if s, want := got.String(), "65 % of 490.0ns measuring, 6 % starting and attaching, 2 % ending, 27 % calibrating, warming up and writing; a launch costs 30.00ns beside its rounds; untrusted launches, which give no number: 1"; s != want {
		t.Errorf("%q, want %q", s, want)
	}
	silent := okRecord(pingPong, 2, 5000)
	silent.WallNs = 0
	for name, records := range map[string][]Record{
		"none":                  nil,
		"an earlier version's":  {silent},
		"one of them is silent": append(records, silent),
	} {
		if s, ok := spentOn(records); ok {
			t.Errorf("%s: %+v", name, s)
		}
	}
}
