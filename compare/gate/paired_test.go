package gate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// turns draws cells of n pairs on a machine whose speed drifts by 30 % from
// pass to pass; launches of a pair differ by 3 %.
func turns(seed uint64, cells, n int, changes ...float64) (two []Cell, pairs []Pairs) {
	r := rand.New(rand.NewPCG(seed, 2))
	drift := make([]float64, n)
	for p := range drift {
		drift[p] = 0.3 * r.NormFloat64()
	}
	for i := range cells {
		var c Cell
		var d Pairs
		change := 0.0
		if i < len(changes) {
			change = math.Log1p(changes[i])
		}
		for p := range n {
			old, new := drift[p]+0.03*r.NormFloat64(), drift[p]+change+0.03*r.NormFloat64()
			c.Old, c.OldPass = append(c.Old, old), append(c.OldPass, int32(p))
			c.New, c.NewPass = append(c.New, new), append(c.NewPass, int32(n+p))
			d.Diff, d.Turn = append(d.Diff, new-old), append(d.Turn, int32(p))
		}
		two, pairs = append(two, c), append(pairs, d)
	}
	return two, pairs
}

// Pairs see through a drift that hides the same change from two samples.
func TestPairsSeeThroughDrift(t *testing.T) {
	two, pairs := turns(1, 50, 12, 0.15, -0.15)
	if r := run(fivePercent, two); r.P[0] < 0.05 {
		t.Errorf("two samples find the change with p = %v: there is no drift to see through", r.P[0])
	}
	r := fivePercent.RunPaired(slices.Values(pairs))
	for i, p := range r.P {
		if slow := i == 0; slow != (p <= 0.01) {
			t.Errorf("cell %d: p = %v", i, p)
		}
	}
	_, pairs = turns(1, 50, 12, 0.15, -0.15)
	fall := fivePercent
	fall.Fall = true
	if r := fall.RunPaired(slices.Values(pairs)); r.P[0] < 0.5 || r.P[1] > 0.01 {
		t.Errorf("a rise has p = %v, a fall %v", r.P[0], r.P[1])
	}
}

// Every cell is slower by just the threshold, where the level is hardest to
// hold: a rate of 1 % exceeds 11 of 300 once in ten thousand times.
func TestPairsHoldTheLevel(t *testing.T) {
	alarms := 0
	for seed := range uint64(300) {
		_, pairs := turns(seed, 20, 10, slices.Repeat([]float64{0.05}, 20)...)
		if slices.Min(fivePercent.RunPaired(slices.Values(pairs)).P) <= 0.01 {
			alarms++
		}
	}
	if alarms > 11 {
		t.Errorf("%d of 300 suites have a false alarm", alarms)
	}
}

// A pair more or less in some cells does no harm.
func TestUnequalPairs(t *testing.T) {
	_, pairs := turns(2, 30, 12, 0.3, 0.3)
	pairs[1].Diff, pairs[1].Turn = pairs[1].Diff[:9], pairs[1].Turn[:9]
	if r := fivePercent.RunPaired(slices.Values(pairs)); r.P[0] > 0.01 || r.P[1] > 0.01 || slices.Min(r.P[2:]) < 0.05 {
		t.Errorf("p = %v", r.P)
	}
}
