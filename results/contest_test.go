package results

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The quantiles are those of a table of Student's t.
func TestStudentT(t *testing.T) {
	for _, c := range []struct{ p, df, want float64 }{{0.975, 5, 2.5706}, {0.95, 9, 1.8331}, {0.995, 20, 2.8453}, {0.9995, 5, 6.8688}} {
		if got := studentT(c.p, c.df); math.Abs(got-c.want) > 5e-4 {
			t.Errorf("t(%v, %v) = %.4f, want %.4f", c.p, c.df, got, c.want)
		}
	}
}

// contest is one of candidates that take so many ns, in blocks that drift and
// scatter.
func contest(blocks int, scatter float64, ns ...float64) *Contest {
	c := NewContest(len(ns), Within, 1)
	r := rand.New(rand.NewPCG(uint64(blocks), 3))
	for range blocks {
		drift := math.Exp(0.3 * r.NormFloat64())
		var block []float64
		for _, t := range ns {
			block = append(block, t*drift*math.Exp(scatter*r.NormFloat64()))
		}
		c.Block(block)
	}
	return c
}

func TestContest(t *testing.T) {
	for _, c := range []struct {
		name   string
		of     *Contest
		leader int
		want   Decision
		out    []bool
	}{
		{"one is fastest, whatever the drift", contest(10, 0.01, 1200, 1000, 1500), 1, Fastest, []bool{true, false, true}},
		{"two are the same", contest(20, 0.005, 1000, 1001, 2000), 0, NoneFaster, []bool{false, false, true}},
		{"slower by less than what matters", contest(20, 0.001, 1000, 1010, 2000), 0, NoneFaster, []bool{false, false, true}},
		{"another may be faster", contest(6, 0.2, 1000, 1100), 0, Undecided, []bool{false, false}},
		{"too few", contest(5, 0.001, 1000, 5000), 0, TooFew, []bool{false, false}},
		{"alone", contest(10, 0.01, 1000), 0, Alone, []bool{false}},
		{"none", NewContest(2, Within, 1), -1, TooFew, []bool{false, false}},
	} {
		leader, held, d := c.of.Look()
		if leader != c.leader || d != c.want {
			t.Errorf("%s: %d is %s, want %d, %s", c.name, leader, d, c.leader, c.want)
		}
		for i, h := range held {
			if h.Out != c.out[i] {
				t.Errorf("%s: candidate %d: %+v, want out %t", c.name, i, h, c.out[i])
			}
		}
	}
}

// A launch that was disturbed does not hide a difference of twenty times.
func TestContestOutlastsDisturbedLaunches(t *testing.T) {
	c := NewContest(2, Within, 1)
	for i, slow := range []float64{1, 1.01, 24000, 0.99, 1.02, 30000, 1, 0.98} {
		c.Block([]float64{2300 * slow, 44000 * (1 + float64(i)/100)})
	}
	leader, held, d := c.Look()
	if leader != 0 || d != Fastest || held[0].Capped != 2 || held[1].Ratio.Lo < 2 {
		t.Errorf("%d is %s, %+v", leader, d, held)
	}
}

// What is shown to be slower by less than what matters is as good a choice.
func TestContestEquals(t *testing.T) {
	_, held, _ := contest(20, 0.001, 1000, 1010, 1060, 2000).Look()
	for i, want := range []struct {
		equal   bool
		verdict string
	}{{true, "same"}, {true, "same"}, {false, "slower"}, {false, "slower"}} {
		if held[i].Equal != want.equal || held[i].Ratio.Verdict(Within) != want.verdict {
			t.Errorf("candidate %d: %+v is %s, want %+v", i, held[i], held[i].Ratio.Verdict(Within), want)
		}
	}
}

// The share of contests that name one which is slower than the best by more than
// Within stays below what is promised, with looks as with none.
func TestContestIsSeldomWrong(t *testing.T) {
	const contests = 2000
	r := rand.New(rand.NewPCG(1, 1))
	wrong := 0
	for range contests {
		c := NewContest(8, Within, 3)
		for b := 1; b <= 15; b++ {
			block := make([]float64, 8)
			for i := range block {
				block[i] = 1000 * math.Exp(0.1*r.NormFloat64())
				if i > 0 {
					block[i] *= 1.051 // all but the first are beyond what is allowed
				}
			}
			c.Block(block)
			if b == 6 || b == 10 || b == 15 {
				if leader, _, d := c.Look(); (d == Fastest || d == NoneFaster) && leader > 0 || c.Out(0) {
					wrong++
					break
				}
			}
		}
	}
	if share := float64(wrong) / contests; share > 1-Confidence {
		t.Errorf("%.3f of contests are wrong, want at most %.3f", share, 1-Confidence)
	}
}

// Launches with two modes show no difference by luck: few candidates are out where
// most launches of one happen to have the one mode, and most of another the other.
// Were all of them moved in, some would be in 80 % of these contests.
func TestContestOfTwoModes(t *testing.T) {
	const contests = 500
	r := rand.New(rand.NewPCG(2, 1))
	out := 0
	for range contests {
		c := NewContest(8, Within, 3)
		for b := 1; b <= 11; b++ {
			block := make([]float64, 8)
			for i := range block {
				block[i] = (1000 + 200*float64(r.IntN(2))) * math.Exp(0.003*r.NormFloat64())
			}
			c.Block(block)
			if b == 6 || b == 8 || b == 11 {
				c.Look()
			}
		}
		for i := range 8 {
			if c.Out(i) {
				out++
				break
			}
		}
	}
	if share := float64(out) / contests; share > 0.1 {
		t.Errorf("in %.3f of contests one is out", share)
	}
}

// The time of a candidate is the mean of its parts by their weights: what is a
// twentieth of the time decides nothing.
func TestContestOfParts(t *testing.T) {
	c := NewContest(2, Within, 1, 0.5, 0.5)
	for b := range 8 {
		off := 1 + float64(b%3)/1000
		c.BlockOf(0, []float64{2000 * off, 4000})
		c.BlockOf(1, []float64{42_000, 42_000 * off})
	}
	leader, held, d := c.Look()
	if want := Float(46_000.0 / 44_000); leader != 0 || d != NoneFaster || math.Abs(float64(held[1].Ratio.Center/want)-1) > 0.002 {
		t.Errorf("%d, %s, %+v; want 0, %s, a ratio of %.3f", leader, d, held[1], NoneFaster, want)
	}
	c.BlockOf(1, []float64{math.NaN(), 40_000}) // in one part alone
	if leader, _, d := c.Look(); leader != 0 || d != NoneFaster {
		t.Errorf("with a block of one: %d, %s", leader, d)
	}
}
