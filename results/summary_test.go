package results

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestOutcomeOfACell(t *testing.T) {
	ok := func(n int) Record { return okRecord(pingPong, n, 5000) }
	not := func(n int, o Outcome) Record { return notOKRecord(pingPong, n, o, string(o)) }
	attempt := func(r Record, n int) Record { r.Attempt = n; return r }
	cases := []struct {
		name    string
		records []Record
		want    Outcome
		n       int
		reasons []string
	}{
		{"all ok", []Record{ok(1), ok(2)}, OK, 2, nil},
		{"one failed", []Record{ok(1), not(2, Failed), not(3, Untrusted)}, Failed, 1, []string{"failed", "untrusted"}},
		{"skipped", []Record{not(1, Skipped), not(2, Skipped)}, Skipped, 0, []string{"skipped"}},
		{"skipped at times", []Record{ok(1), not(2, Skipped)}, Untrusted, 1, []string{"skipped"}},
		{"one untrusted", []Record{ok(1), not(2, Untrusted)}, Untrusted, 1, []string{"untrusted"}},
		{"untrusted, then ok", []Record{ok(1), not(2, Untrusted), attempt(ok(2), 2)}, OK, 2, nil},
		{"untrusted twice", []Record{ok(1), not(2, Untrusted), attempt(not(2, Untrusted), 2)}, Untrusted, 1, []string{"untrusted"}},
		{"failed, then ok", []Record{ok(1), not(2, Failed), attempt(ok(2), 2)}, Failed, 2, []string{"failed"}},
		{"a gap", []Record{ok(1), ok(3)}, Untrusted, 2, []string{"1 of 3 launches have no record"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := Summarize(c.records)
			if len(got) != 1 {
				t.Fatalf("%d cells", len(got))
			}
			if s := got[0]; s.Outcome != c.want || s.N != c.n || !reflect.DeepEqual(s.Reasons, c.reasons) {
				t.Errorf("%s, n=%d, %q; want %s, n=%d, %q", s.Outcome, s.N, s.Reasons, c.want, c.n, c.reasons)
			}
			if has := got[0].NsPerOp.Center != 0; has != (c.want == OK) {
				t.Errorf("a number: %t", has)
			}
		})
	}
}

// The interval of a median of ten lies between the second and the ninth value
// at 97.9 %; there is none below six.
// One launch in six that was disturbed at every attempt is done without, and
// said; one in five voids the cell.
func TestLostLaunches(t *testing.T) {
	for n, want := range map[int]Outcome{4: Untrusted, 5: OK} {
		records := launches(pingPong, n, 5000)
		first := notOKRecord(pingPong, n+1, Untrusted, "stolen")
		second := first
		second.Attempt = 2
		s := Summarize(append(records, first, second))[0]
		if s.Outcome != want || s.N != n || s.Lost != 1 || s.Launches != n+1 {
			t.Errorf("%d of %d: %+v, want %s", 1, n+1, s, want)
		}
		if said := slices.ContainsFunc(s.Warnings, func(w string) bool { return strings.Contains(w, "1 of 6 launches") }); said != (want == OK) {
			t.Errorf("warnings %q", s.Warnings)
		}
		if want == OK && (len(s.Times) != n || slices.Min(s.Times) == 0) {
			t.Errorf("times %v", s.Times)
		}
	}
}

func TestEstimate(t *testing.T) {
	var records []Record
	for i, ns := range rand.New(rand.NewPCG(1, 2)).Perm(10) {
		records = append(records, okRecord(pingPong, i+1, float64(100*(ns+1))))
	}
	e := Summarize(records)[0].NsPerOp
	if e.Center != 550 || e.Lo <= 200 || e.Lo >= 300 || e.Hi <= 800 || e.Hi >= 900 || e.N != 10 {
		t.Errorf("got %+v, want 550, from between 200 and 300 to between 800 and 900", e)
	}
	for n := 1; n <= 10; n++ {
		if got := Summarize(records[:n])[0].NsPerOp.Bounded(); got != (n >= 6) {
			t.Errorf("n=%d: has an interval: %t", n, got)
		}
	}
}

// A launch that did not measure the latency is no latency of 0.
func TestEstimateWithoutLatency(t *testing.T) {
	records := launches(pingPong, 3, 1000)
	records[0].Latency = nil
	if got := Summarize(records)[0].P99.Center; got < 1000 {
		t.Errorf("p99 = %v", got)
	}
	for i := range records {
		records[i].Latency = nil
	}
	if got := Summarize(records)[0].P99; got.Known() {
		t.Errorf("p99 = %v, want none", got)
	}
}

func TestSummarizeIsDeterministic(t *testing.T) {
	records := testRecords()
	want := Summarize(records)
	for seed := range uint64(5) {
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
		got := Summarize(records)
		for i := range want {
			if got[i].Cell != want[i].Cell || got[i].Outcome != want[i].Outcome || got[i].NsPerOp.Center != want[i].NsPerOp.Center {
				t.Fatalf("seed %d, %d: %+v, want %+v", seed, i, got[i], want[i])
			}
		}
	}
}

func TestAnswers(t *testing.T) {
	mech := func(name string, n int, ns float64) []Record { return launches(with(pingPong, name, 64), n, ns) }
	join := func(lists ...[]Record) (out []Record) {
		for _, l := range lists {
			out = append(out, l...)
		}
		return out
	}
	cases := []struct {
		name, verdict string
		records       []Record
	}{
		{"clear", "fastest", join(mech("pipe", 10, 5000), mech("fifo", 10, 6000))},
		{"tied", "no other is more than 5 % faster; the same: fifo", join(mech("pipe", 10, 5000), mech("fifo", 10, 5010), mech("unixstream", 10, 7000))},
		{"few", "can't tell: too few launches", join(mech("pipe", 3, 5000), mech("fifo", 3, 9000))},
		{"the other few", "can't tell: too few launches", join(mech("pipe", 10, 5000), mech("fifo", 1, 9000))},
		{"alone", "only one measured", mech("pipe", 10, 5000)},
		{"the other failed", "only one measured", append(mech("pipe", 10, 5000), notOKRecord(with(pingPong, "fifo", 64), 1, Failed, "x"))},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := Answers(Summarize(c.records))
			if len(got) != 1 || got[0].Verdict() != c.verdict || got[0].Cell.Mechanism != "pipe" {
				t.Errorf("got %+v, want pipe and %q", got, c.verdict)
			}
		})
	}
	a := Answers(Summarize(cases[0].records))[0]
	if next, r, ok := a.Next(); !ok || next.Cell.Mechanism != "fifo" || r.Center < 1.199 || r.Center > 1.201 || r.Lo > r.Center || r.Hi < r.Center {
		t.Errorf("the next is %s, %+v, %t, want 1.2 times the first", next.Cell.Mechanism, r, ok)
	}
	if got := Answers(Summarize([]Record{notOKRecord(pingPong, 1, Failed, "x")})); got != nil {
		t.Errorf("an answer without a number: %+v", got)
	}
}
