package results

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// placed is a mechanism of a machine where the scheduler decides.
type placed struct {
	mech           string
	one, different float64 // ns
	together       float64 // how often it is kept on one CPU
}

// launched are records of launches unpinned, and pinned to either.
func launched(unpinned, pinned int, of ...placed) (records []Record) {
	r := rand.New(rand.NewPCG(uint64(unpinned), uint64(pinned)))
	for _, p := range of {
		c := with(pingPong, p.mech, 64)
		add := func(place string, launch int, ns float64) {
			c.Place = place
			rec := okRecord(c, launch, ns*math.Exp(0.01*r.NormFloat64()))
			if place == "free" {
				rec.Workers, rec.Rounds, rec.EndedOn = []Worker{{PID: 1}, {PID: 2}}, []Round{{Kind: "timed"}}, [][]int{{0, 0}}
				if ns == p.different {
					rec.EndedOn = [][]int{{0, 1}}
				}
			}
			records = append(records, rec)
		}
		for n := range unpinned {
			ns := p.different
			if r.Float64() < p.together {
				ns = p.one
			}
			add("free", n+1, ns)
		}
		for n := range pinned {
			add("same", n+1, p.one)
			add("cross", n+1, p.different)
		}
	}
	return records
}

// freeOf is the answer of the unpinned point.
func freeOf(t *testing.T, records []Record) Answer {
	t.Helper()
	for _, a := range Answers(Summarize(records)) {
		if a.Cell.Place == "free" {
			return a
		}
	}
	t.Fatal("no answer")
	return Answer{}
}

// Where the scheduler decides, launches that are pinned alike do what unpinned ones
// can't.
func TestPlacedAlike(t *testing.T) {
	pipe, fifo := placed{"pipe", 2000, 42_000, 0.5}, placed{"fifo", 2005, 42_100, 0.5}
	tcp, udp := placed{"tcp", 3000, 50_000, 0.5}, placed{"udp", 3100, 51_000, 0.5}
	rare := func(p placed) placed { p.together = 0.2; return p }
	often := func(p placed) placed { p.together = 0.7; return p }
	for _, c := range []struct {
		name     string
		records  []Record
		alike    bool
		decision Decision
		best     []string
	}{
		{"unpinned alone", launched(12, 0, pipe, fifo, tcp, udp), false, Undecided, nil},
		{"two are the same", launched(12, 8, pipe, fifo, tcp, udp), true, NoneFaster, []string{"fifo", "pipe"}},
		{"one is fastest", launched(12, 8, pipe, tcp, udp), true, Fastest, []string{"pipe"}},
		{"too few that are pinned", launched(12, 5, pipe, fifo, tcp, udp), false, Undecided, nil},
		{"slower on one CPU alone, which is little of the time", launched(12, 8, pipe, placed{"fifo", 2200, 42_000, 0.5}, tcp, udp), true, NoneFaster, []string{"fifo", "pipe"}},
		{"the scheduler places one worse", launched(12, 8, often(pipe), rare(fifo), often(tcp), often(udp)), true, NoneFaster, []string{"pipe"}},
		{"the one placed worse is faster", launched(12, 8, often(placed{"pipe", 2000, 46_000, 0}), rare(fifo), often(tcp), often(udp)), true, Undecided, []string{"pipe"}},
	} {
		a := freeOf(t, c.records)
		best := slices.Sorted(slices.Values(a.Best))
		if c.decision == Undecided {
			best = a.Best
		}
		if a.Alike() != c.alike || a.Decision != c.decision || c.best != nil && !slices.Equal(best, c.best) {
			t.Errorf("%s: alike %t, %s, %v; want %t, %s, %v", c.name, a.Alike(), a.Decision, a.Best, c.alike, c.decision, c.best)
		}
		for _, m := range a.Ranked {
			if slices.Contains(a.Best, m.Cell.Mechanism) && (m.Pinned != nil) != c.alike {
				t.Errorf("%s: %s pinned %v", c.name, m.Cell.Mechanism, m.Pinned)
			}
		}
	}
}

// What the scheduler always keeps on one CPU is the fastest by its unpinned launches,
// whatever it takes where it is pinned.
func TestUnpinnedDecidesByItself(t *testing.T) {
	a := freeOf(t, launched(20, 8, placed{"pipe", 2000, 42_000, 1}, placed{"fifo", 1800, 40_000, 0}))
	if a.Cell.Mechanism != "pipe" || a.Decision != Fastest || a.Scheduler != nil {
		t.Errorf("%s is %s, %+v; want pipe, fastest", a.Cell.Mechanism, a.Decision, a.Scheduler)
	}
}

// A place that is little of the time needs no more launches where the other still does.
func TestEnoughOfAPlace(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	records := launched(12, 6, placed{"pipe", 2000, 42_000, 0.5}, placed{"fifo", 2005, 42_100, 0.5})
	for i := range records {
		if records[i].Cell.Place == "cross" {
			records[i].NsPerOp *= math.Exp(0.3 * r.NormFloat64())
		}
	}
	if a := freeOf(t, records); a.Decision != Undecided || !slices.Equal(a.Enough, []string{"same"}) {
		t.Errorf("%s, enough %v, want can't tell, same", a.Decision, a.Enough)
	}
}

// A race leaves out launches that would decide nothing; of another run one that is
// missing was lost.
func TestLaunchesLeftOut(t *testing.T) {
	for _, race := range []float64{0, Within} {
		var records []Record
		for n := range 12 {
			if n != 7 {
				rec := okRecord(pingPong, n+1, 2000)
				rec.Race = race
				records = append(records, rec)
			}
		}
		want := Untrusted
		if race > 0 {
			want = OK
		}
		if s := Summarize(records)[0]; s.Outcome != want {
			t.Errorf("race %v: %s %v, want %s", race, s.Outcome, s.Reasons, want)
		}
	}
}
