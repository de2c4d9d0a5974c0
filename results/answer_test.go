package results

import (
	"math"
	"strings"
	"testing"
)

// timed is the launches of a mechanism, one a pass.
func timed(mech string, ns ...float64) (records []Record) {
	for i, t := range ns {
		records = append(records, okRecord(with(pingPong, mech, 64), i+1, t))
	}
	return records
}

// One set of words for what a ratio is shown to be, with its bounds where it is
// shown to be nothing.
func TestVerdictOfRatio(t *testing.T) {
	none := Float(math.Inf(1))
	for _, tt := range []struct {
		lo, hi  Float
		verdict string
	}{
		{0.96, 1.04, "same"}, {1.01, 1.04, "same"}, {0.96, 0.99, "same"},
		{1.01, 1.06, "slower"}, {0.94, 0.99, "faster"},
		{0.94, 1.04, "can't tell"}, {0.96, 1.06, "can't tell"}, {0, none, "can't tell"},
	} {
		r := Ratio{Center: 1, Lo: tt.lo, Hi: tt.hi}
		if got := r.Verdict(0.05); got != tt.verdict {
			t.Errorf("from %v to %v: %s, want %s", tt.lo, tt.hi, got, tt.verdict)
		}
		if inverse := map[string]string{"slower": "faster", "faster": "slower"}[tt.verdict]; inverse != "" && r.Inverse().Verdict(0.05) != inverse {
			t.Errorf("from %v to %v: the inverse is %s, want %s", tt.lo, tt.hi, r.Inverse().Verdict(0.05), inverse)
		}
	}
	for want, r := range map[string]Ratio{
		"can't tell: between -6.0 and +12.5 %": {Lo: 0.94, Hi: 1.125}, "can't tell: too few launches": {Lo: 0, Hi: none},
	} {
		if got := r.Open(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// An open answer has the bounds of all that may be faster, and of those with a
// few launches far off what most of them are.
func TestOpenAnswer(t *testing.T) {
	near := timed("fifo", 100, 104, 98, 102, 97, 101)
	wild := timed("tcp", 2000, 900, 4000, 1500, 8, 7)
	answer := func(lists ...[]Record) string {
		var all []Record
		for _, l := range lists {
			all = append(all, l...)
		}
		return Answers(Summarize(all))[0].Verdict()
	}
	got := answer(near, wild)
	if !strings.HasPrefix(got, "can't tell: tcp between -") || !strings.HasSuffix(got, " (4 of 6 launches 11.3× slower, 2 far off)") {
		t.Errorf("verdict %q", got)
	}
	var lists [][]Record
	for _, mech := range []string{"fifo", "pipe", "sysvmsg", "sysvshm", "unixdgram", "unixstream"} {
		lists = append(lists, timed(mech, 90, 110, 120, 80, 100, 95))
	}
	lists[0] = timed("fifo", 100, 80, 90, 110, 95, 120)
	if got := answer(lists...); strings.Count(got, " between ") != maxOpen || strings.Contains(got, "far off") || !strings.HasSuffix(got, " more") {
		t.Errorf("of many: %q", got)
	}
}

// A mechanism that is 20 times as fast in four launches of six is the fastest. The
// two that were disturbed leave its median without an interval.
func TestMostLaunchesDecide(t *testing.T) {
	a := Answers(Summarize(append(timed("pipe", 2300, 2310, 2290, 2305, 44000, 44100), timed("fifo", 44000, 44100, 43900, 44200, 44050, 43950)...)))[0]
	if got := a.Ranked[0].NsPerOp.PlusMinus(); a.Cell.Mechanism != "pipe" || a.Verdict() != "fastest" || got != "no interval: 2 of 6 far off" {
		t.Errorf("%s: %s, %s", a.Cell.Mechanism, a.Verdict(), got)
	}
}
