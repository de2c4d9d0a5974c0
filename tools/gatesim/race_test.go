package main

import (
	"math"
	"math/rand/v2"
	"testing"

	"ipcbench/internal/need"
	"ipcbench/results"
)

// A race seldom names a wrong winner, where that is likeliest, whatever the shape
// of launches. A rate of 5 % exceeds the bound once in a thousand times.
func TestRaceIsSeldomWrong(t *testing.T) {
	need.Time(t)
	for _, c := range []struct {
		name     string
		k, races int
		bound    float64
	}{
		{"others 5.1 % slower, 2 %", 2, 400, 0.09},
		{"others 5.1 % slower, 5 %", 8, 400, 0.09},
		{"others 5.1 % slower, 5 %", 30, 100, 0.13},
		{"tails of t with 3 degrees of freedom", 8, 200, 0.11},
		{"one launch in 20 takes 20 times as long", 8, 200, 0.11},
		{"two modes 20 % apart, even, each ±2 %", 2, 400, 0.09},
		{"two modes 20 % apart, even, each ±0.3 %", 8, 100, 0.13},
		{"blocks drift by 30 %", 8, 200, 0.11},
		{"one launch in 10 missing", 8, 200, 0.11},
	} {
		if got := raceNamed(t, c.name).play(theContest, c.k, c.races, results.RaceLooks); got.wrong > c.bound {
			t.Errorf("%s, %d candidates: %.3f of races name a wrong winner, want at most %.2f", c.name, c.k, got.wrong, 1-results.Confidence)
		}
	}
}

// Most races end with a decision, after fewer launches than all looks take.
func TestRaceDecides(t *testing.T) {
	need.Time(t)
	got := raceNamed(t, "each 10 % slower than the next, 5 %").play(theContest, 8, 100, results.RaceLooks)
	if last := got.launches[len(got.launches)-1]; got.decided < 0.99 || last > 400 {
		t.Errorf("%.2f of races are decided, after at most %d launches", got.decided, last)
	}
}

// Of two names of one mechanism neither is put out.
func TestAliasStaysIn(t *testing.T) {
	need.Time(t)
	c := raceCase{"alias", aliased, raceNoise{sd: 0.05}}
	if got := c.play(theContest, 8, 200, results.RaceLooks); got.bestOut > 0.01 {
		t.Errorf("in %.3f of races one is put out", got.bestOut)
	}
}

// The simulation has teeth: it shows what is wrong with other rules.
func TestRacesByOtherRulesFail(t *testing.T) {
	need.Time(t)
	for _, name := range []string{"two modes 20 % apart, even, each ±0.3 %", "all equal, 5 %"} {
		if got := raceNamed(t, name).play(anyDifference, 8, 100, results.RaceLooks); max(got.wrong, got.bestOut) < 0.08 {
			t.Errorf("%s: %.3f of races are wrong: the case is none", name, got.wrong)
		}
	}
}

// What the best takes is known from its own launches, where their shape differs
// from that of the others: a fifth that take twice as long weigh less than in the
// mean, and more than in the median.
func TestTruthOfShapes(t *testing.T) {
	is := raceNamed(t, "only the best has one launch in 5 twice as long").truth(3)
	if d := is.mean[0]; d < 0.02 || d > 0.2*math.Log(2) {
		t.Errorf("the winsorised mean of the best is off by %.3f", d)
	}
	if math.Abs(is.mean[2]-math.Log1p(beyond)) > 0.001 || is.median[0] > is.mean[0] {
		t.Errorf("%+v", is)
	}
	is = raceNamed(t, "every second 3 times as noisy").truth(5)
	if d := is.mean[4] - is.mean[3]; math.Abs(d) > 0.002 {
		t.Errorf("candidates of one field differ by %.4f", d)
	}
}

func TestRaceNoiseIsAsStated(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var all []float64
	for range 20000 {
		all = append(all, raceNoise{sd: 0.05, first: louder}.launch(r, 0))
	}
	if got := sd(all); got < 0.147 || got > 0.153 {
		t.Errorf("standard deviation %v, want 0.15", got)
	}
}

func raceNamed(t *testing.T, name string) raceCase {
	t.Helper()
	for _, c := range raceCases() {
		if c.name == name {
			return c
		}
	}
	t.Fatalf("no case %q", name)
	return raceCase{}
}
