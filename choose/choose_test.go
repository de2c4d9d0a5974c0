package choose

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"ipcbench/internal/text"
	"ipcbench/mechanisms"
	_ "ipcbench/mechanisms/all"
	"ipcbench/results"
)

func cell(workload, mech string, size int) results.Cell {
	c := results.Cell{Workload: workload, Mechanism: mech, Size: size, Place: "same"}
	if workload == "FanIn" {
		c.Peers = 4
	}
	return c
}

// launches are n that lie within 2 % of ns.
func launches(c results.Cell, n int, ns float64) (out []results.Record) {
	for i := range n {
		t := ns * (1 + float64(i*7%10)/500)
		out = append(out, results.Record{Schema: results.Schema, Cell: c, Launch: i + 1, Attempt: 1, Outcome: results.OK,
			NsPerOp: t, BytesPerSec: float64(c.Size) / t * 1e9, CPUNsPerOp: results.Known(t / 2)})
	}
	return out
}

func none(c results.Cell, outcome results.Outcome, reason string) []results.Record {
	return []results.Record{{Schema: results.Schema, Cell: c, Launch: 1, Attempt: 1, Outcome: outcome, Reason: reason}}
}

// rpc is a run of one size.
func rpc(size, n int, ns map[string]float64) (out []results.Record) {
	for mech, t := range ns {
		out = append(out, launches(cell("PingPong", mech, size), n, t)...)
	}
	return out
}

func TestChoose(t *testing.T) {
	one := rpc(64, 10, map[string]float64{"pipe": 1000, "fifo": 1500, "dgram": 1504, "sysvmsg": 3000})
	other := cell("PingPong", "fifo", 64)
	other.Queue = 1 << 20
	for _, c := range []struct {
		name     string
		records  []results.Record
		q        Question
		best     []string
		ranked   []string
		verdict  string
		cantTell string // a part of one sentence; "": there is none
		leftOut  []LeftOut
	}{
		{name: "a winner", records: one, best: []string{"pipe"}, ranked: []string{"pipe", "fifo", "dgram", "sysvmsg"},
			verdict: "Use `pipe`: 1.01 µs a round trip on the same CPU; it is the fastest, and the next, `fifo`, takes 50 % longer"},
		{name: "a tie", records: rpc(64, 10, map[string]float64{"pipe": 1000, "fifo": 1001}), best: []string{"pipe", "fifo"}, ranked: []string{"pipe", "fifo"},
			verdict: "Use `pipe`: 1.01 µs a round trip on the same CPU; no other is more than 5 % faster (`fifo` may be as fast)"},
		{name: "unrelated", records: one, q: Question{Unrelated: true}, best: []string{"fifo"}, ranked: []string{"fifo", "sysvmsg"},
			verdict: "Use `fifo`: 1.51 µs a round trip on the same CPU; it is the fastest, and the next, `sysvmsg`, takes 2× as long; `pipe` is 50 % faster, but has no name to open it by", leftOut: []LeftOut{{"pipe", Unfit, "SCM_RIGHTS"}, {"dgram", Unfit, "SCM_RIGHTS"}, {"sysvshm", Unmeasured, ""}}},
		{name: "boundaries", records: one, q: Question{Boundaries: true}, best: []string{"dgram"}, ranked: []string{"dgram", "sysvmsg"},
			verdict: "Use `dgram`: 1.52 µs a round trip on the same CPU; it is the fastest, and the next, `sysvmsg`, takes 99 % longer; `pipe` is 50 % faster, but has no message boundaries", leftOut: []LeftOut{{"pipe", Unfit, "no message boundaries"}, {"packetpipe", Unmeasured, ""}}},
		{name: "unrelated with boundaries", records: one, q: Question{Unrelated: true, Boundaries: true}, best: []string{"sysvmsg"}, ranked: []string{"sysvmsg"},
			verdict: "Use `sysvmsg`: 3.03 µs a round trip on the same CPU; nothing else that fits has a number; `pipe` is 3× faster, but has no message boundaries"},
		{name: "nothing fits", records: rpc(64, 10, map[string]float64{"pipe": 1000}), q: Question{Unrelated: true},
			verdict: "Can't tell: nothing that fits has a number"},
		{name: "too few launches", records: rpc(64, 2, map[string]float64{"pipe": 1000, "fifo": 9000}), best: []string{"pipe"}, ranked: []string{"pipe", "fifo"},
			verdict: "Use `pipe`, perhaps: 1.01 µs a round trip on the same CPU; too few launches to tell", cantTell: "2 launches"},
		{name: "outcomes", records: slices.Concat(one,
			none(cell("PingPong", "packetpipe", 64), results.Skipped, "packetpipe: message size 64 > 8"),
			none(cell("PingPong", "seqpacket", 64), results.Untrusted, "throttled"),
			none(cell("PingPong", "socketpair", 64), results.Failed, "died of \x1b[31m")),
			best: []string{"pipe"}, ranked: []string{"pipe", "fifo", "dgram", "sysvmsg"},
			verdict: "Use `pipe`: 1.01 µs a round trip on the same CPU; it is the fastest, and the next, `fifo`, takes 50 % longer; there is no number of `seqpacket` and `socketpair`", cantTell: "How fast seqpacket, socketpair would be",
			leftOut: []LeftOut{{"packetpipe", "skipped", "64 > 8"}, {"seqpacket", "untrusted", "throttled"}, {"socketpair", "failed", `died of \x1b[31m`}, {"sysvshm", Unmeasured, ""}}},
		{name: "another queue", records: append(rpc(64, 10, map[string]float64{"pipe": 1000}), launches(other, 10, 10)...), best: []string{"pipe"}, ranked: []string{"pipe"},
			verdict: "Use `pipe`: 1.01 µs a round trip on the same CPU; nothing else", leftOut: []LeftOut{{"fifo", Unmeasured, ""}}},
		{name: "between, the same", records: append(one, rpc(4096, 10, map[string]float64{"pipe": 1000, "fifo": 1001})...), q: Question{Size: 1024},
			best: []string{"pipe"}, verdict: "Use `pipe`: nothing is shown to be faster at both 64 and 4KiB", cantTell: "1KiB was not measured"},
		{name: "between, another", records: append(one, rpc(4096, 10, map[string]float64{"pipe": 1500, "fifo": 1000})...), q: Question{Size: 1024},
			verdict: "Can't tell: it is `pipe` at 64, and `fifo` at 4KiB", cantTell: "choose rpc 1KiB --place same"},
		{name: "between, one not measured", records: append(one, none(cell("PingPong", "fifo", 4096), results.Untrusted, "noise")...), q: Question{Size: 1024},
			verdict: "Can't tell: nothing that fits was measured at both", cantTell: "At 4KiB: How fast fifo",
			leftOut: []LeftOut{{"fifo", "untrusted", "at 4KiB: noise"}, {"pipe", Unmeasured, "at 4KiB: not measured"}}},
		{name: "below", records: one, q: Question{Size: 1}, verdict: "Can't tell", cantTell: "1 is beyond the measured sizes, 64 alone"},
		{name: "above", records: append(one, rpc(4096, 10, map[string]float64{"pipe": 1})...), q: Question{Size: 4097}, verdict: "Can't tell",
			cantTell: "4097 is beyond the measured sizes, 64 to 4KiB"},
		{name: "another pattern", records: one, q: Question{Pattern: "stream"}, verdict: "Can't tell", cantTell: "stream was not measured at place=same"},
		{name: "another place", records: one, q: Question{Place: "cross"}, verdict: "Can't tell", cantTell: "not measured at place=cross"},
		{name: "other peers", records: launches(cell("FanIn", "pipe", 64), 10, 5), q: Question{Pattern: "fanin", Peers: 3}, verdict: "Can't tell", cantTell: "--peers 3"},
		{name: "unknown mechanism", records: rpc(64, 10, map[string]float64{"pipe": 1000, "carrierpigeon": 10}), q: Question{Boundaries: true},
			verdict: "Can't tell", leftOut: []LeftOut{{"carrierpigeon", Unfit, "does not know it"}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.q.Pattern == "" {
				c.q.Pattern = "rpc"
			}
			if c.q.Place == "" {
				c.q.Place = "same"
			}
			if c.q.Size == 0 {
				c.q.Size = 64
			}
			a := Advise(results.Summarize(c.records), c.q)
			if !slices.Equal(a.Best, c.best) || !slices.Equal(ranked(a), c.ranked) {
				t.Errorf("best %q of %q, want %q of %q", a.Best, ranked(a), c.best, c.ranked)
			}
			if !strings.HasPrefix(a.Sentence, c.verdict) {
				t.Errorf("%q, want %q", a.Sentence, c.verdict)
			}
			if found := strings.Contains(strings.Join(a.CantTell, "\n"), c.cantTell); !found || c.cantTell == "" && len(a.CantTell) > 0 {
				t.Errorf("can't tell %q, want %q", a.CantTell, c.cantTell)
			}
			for _, want := range c.leftOut {
				if !slices.ContainsFunc(a.LeftOut, func(l LeftOut) bool {
					return l.Mechanism == want.Mechanism && l.Kind == want.Kind && strings.Contains(l.Why, want.Why)
				}) {
					t.Errorf("left out %v, want %v", a.LeftOut, want)
				}
			}
		})
	}
}

func ranked(a Advice) (names []string) {
	for _, c := range a.Ranked {
		names = append(names, c.Mechanism)
	}
	return names
}

// random is a run in which anything may be fastest.
func random(seed uint64) (out []results.Record) {
	r := rand.New(rand.NewPCG(seed, 1))
	for _, w := range []string{"PingPong", "Stream", "FanIn"} {
		for _, size := range []int{64, 4096, 1 << 20} {
			for _, m := range mechanisms.All() {
				for _, place := range []string{"same", "cross"} {
					c := cell(w, m.Name, size)
					c.Place = place
					out = append(out, launches(c, 2+r.IntN(9), 1000*(1+r.Float64()))...)
				}
			}
		}
	}
	return out
}

// All answers what Advise does, and its first has the least median, which is
// computed here anew.
func TestAllRanksByMedian(t *testing.T) {
	records := random(7)
	all := All(results.Summarize(records), Needs...)
	if want := 3 * 3 * 2 * 16; len(all) != want {
		t.Fatalf("%d answers, want %d: every pattern, size, place and set of needs", len(all), want)
	}
	seen := map[Question]bool{}
	for _, a := range all {
		if seen[a.Question] {
			t.Errorf("%+v twice", a.Question)
		}
		seen[a.Question] = true
		p, _ := LookupPattern(a.Pattern)
		times := map[string][]float64{}
		for _, r := range records {
			m := mechanisms.Lookup(r.Cell.Mechanism)
			fits := m.Offers(mechanisms.Messages) && (!a.Unrelated || m.Facts.Unrelated) && (!a.Boundaries || m.Framing != mechanisms.Stream) &&
				(!a.SurvivesCrash || m.ReportsDeath()) && (!a.PassesFDs || m.Facts.Traits.PassFD.Has)
			if fits && r.Cell.Workload == p.Workload && r.Cell.Size == a.Size && r.Cell.Place == a.Place {
				times[m.Name] = append(times[m.Name], r.NsPerOp)
			}
		}
		first, least := "", 0.0
		for name, t := range times {
			slices.Sort(t)
			if median := (t[(len(t)-1)/2] + t[len(t)/2]) / 2; !spins(name) && (first == "" || median < least) {
				first, least = name, median
			}
		}
		if len(a.Ranked) != len(times) || a.Ranked[0].Mechanism != first || float64(a.Ranked[0].Cost.Time.Center) != least {
			t.Errorf("%+v: first %q of %d, want %q of %d", a.Question, a.Ranked[0].Mechanism, len(a.Ranked), first, len(times))
		}
	}
}

// Where the scheduler puts unpinned processes, and not the mechanism, may decide.
func TestSchedulerDecides(t *testing.T) {
	places := func(slow float64, n int) (records []results.Record) {
		for i, mech := range []string{"pipe", "fifo"} {
			c := cell("PingPong", mech, 64)
			c.Place = "free"
			for k, r := range launches(c, n, 2000) {
				r.Workers, r.Rounds, r.EndedOn = []results.Worker{{PID: 1}, {PID: 2}}, []results.Round{{Kind: "timed"}}, [][]int{{0, 0}}
				if (k/2+i*k)%2 == 0 {
					r.NsPerOp, r.EndedOn = slow+r.NsPerOp/100, [][]int{{0, 1}}
				}
				records = append(records, r)
			}
		}
		return records
	}
	a := Advise(results.Summarize(places(40_000, 20)), Question{Pattern: "rpc", Size: 64, Place: "free"})
	if want := "; much depends on the scheduler's choice of CPUs: 2.02 µs on one CPU (10 launches), 40.0 µs on different ones (10)"; !strings.HasSuffix(a.Sentence, want) {
		t.Errorf("%q, want it to end with %q", a.Sentence, want)
	}
	if a.Next != "ipcbench choose rpc 64 --place free --budget 2m" || slices.ContainsFunc(a.CantTell, func(s string) bool { return strings.Contains(s, "lay far from the others") }) {
		t.Errorf("next %q, can't tell %q", a.Next, a.CantTell)
	}
	// What it decides is taken out where the records have launches that are pinned.
	pinned := places(40_000, 20)
	for i, mech := range []string{"pipe", "fifo"} {
		for place, ns := range map[string]float64{"same": 2000, "cross": 40_000} {
			c := cell("PingPong", mech, 64)
			c.Place = place
			pinned = append(pinned, launches(c, 10, ns*(1+float64(i)/200))...)
		}
	}
	a = Advise(results.Summarize(pinned), a.Question)
	if want := "; placed alike, no other is more than 5 % faster (`fifo` may be as fast); the scheduler kept it on one CPU in 10 of 20 launches"; !strings.HasPrefix(a.Sentence, "Use `pipe`: unpinned, 2.0") || !strings.HasSuffix(a.Sentence, want) {
		t.Errorf("%q, want it to end with %q", a.Sentence, want)
	}
	var b strings.Builder
	if err := WriteText(&b, []Advice{a}, nil, text.Screen{Columns: 120}); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, "one CPU  different CPUs  kept together") || !strings.Contains(got, "10 of 20") || strings.Contains(got, "p99") {
		t.Errorf("table:\n%s", got)
	}
	// One that is faster placed alike and placed worse is not recommended, whatever the rule for ties.
	var worse []results.Record
	for mech, m := range map[string]struct{ together, apart int }{"pipe": {6, 46_000}, "fifo": {2, 40_000}, "socketpair": {5, 60_000}, "tcp": {6, 61_000}} {
		c := cell("PingPong", mech, 64)
		c.Place = "free"
		for k, r := range launches(c, 12, float64(m.apart)) {
			r.Workers, r.Rounds, r.EndedOn = []results.Worker{{PID: 1}, {PID: 2}}, []results.Round{{Kind: "timed"}}, [][]int{{0, 1}}
			if k*5%12 < m.together {
				r.NsPerOp, r.EndedOn = 2000, [][]int{{0, 0}}
			}
			worse = append(worse, r)
		}
		for place, ns := range map[string]int{"same": 2000, "cross": m.apart} {
			c.Place = place
			worse = append(worse, launches(c, 10, float64(ns))...)
		}
	}
	answer := Answers(results.Summarize(worse))[0]
	if want := "can't tell: placed alike, no other is more than 5 % faster than fifo; the scheduler places pipe better"; answer.Use().Cell.Mechanism != "pipe" || answer.Verdict() != want {
		t.Errorf("%s, %q; want pipe, %q", answer.Use().Cell.Mechanism, answer.Verdict(), want)
	}
	if a = Advise(results.Summarize(worse), a.Question); !strings.Contains(a.Sentence, "can't tell yet whether it is the fastest: `fifo` may be faster") {
		t.Errorf("%q", a.Sentence)
	}
	if a = Advise(results.Summarize(places(3_000, 20)), a.Question); a.Scheduler != nil {
		t.Errorf("a half more: %+v", a.Scheduler)
	}
	var few []results.Record // two launches of each were on one CPU
	for i, mech := range []string{"pipe", "fifo"} {
		c := cell("PingPong", mech, 64)
		c.Place = "free"
		for k, r := range launches(c, 8, 40_000) {
			r.Workers, r.Rounds, r.EndedOn = []results.Worker{{PID: 1}, {PID: 2}}, []results.Round{{Kind: "timed"}}, [][]int{{0, 1}}
			if k/2 == i {
				r.NsPerOp, r.EndedOn = 2000, [][]int{{1, 1}}
			}
			few = append(few, r)
		}
	}
	if a = Advise(results.Summarize(few), a.Question); a.Scheduler == nil || !a.Scheduler.Pooled || !strings.Contains(a.Sentence, "launches of several mechanisms)") {
		t.Errorf("few of each: %+v: %s", a.Scheduler, a.Sentence)
	}
}

// A table that has no room for what is recommended shows it in place of its last row,
// and nothing twice.
func TestShown(t *testing.T) {
	a := Advice{Use: "j"}
	for i, name := range strings.Split("abcdefghijk", "") {
		a.Ranked = append(a.Ranked, Choice{Mechanism: name, Cost: &Cost{Time: results.MedianOf([]float64{float64(1 + i)})}})
	}
	rows, more := a.shown()
	var names []string
	for _, c := range rows {
		names = append(names, c.Mechanism)
	}
	if got, want := strings.Join(names, "")+" "+strings.Join(more, ""), "abcdefgj hik"; got != want {
		t.Errorf("shown %q, want %q", got, want)
	}
}
