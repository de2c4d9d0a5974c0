package gate

import (
	"math"
	"slices"
	"testing"
)

// thresholds of the cells of a suite, in turn, and changes that are just these.
var thresholds = []float64{0.02, 0.05, 0.10, 0.30}

// Every cell is slower by just its own threshold. The level is that of all cells
// together, whatever their thresholds: a rate of 1 % exceeds 7 of 150 once in some
// ten thousand times.
func TestOwnThresholdsHoldTheLevel(t *testing.T) {
	own := slices.Repeat(thresholds, 5)
	alarms := map[string]int{}
	for seed := range uint64(150) {
		cells := suite(seed, len(own), 6, own...)
		_, pairs := turns(seed, len(own), 10, own...)
		for i := range own {
			cells[i].Shift, pairs[i].Shift = math.Log1p(own[i]), math.Log1p(own[i])
		}
		if slices.Min(run(fivePercent, cells).P) <= 0.01 {
			alarms["two samples"]++
		}
		if slices.Min(fivePercent.RunPaired(slices.Values(pairs)).P) <= 0.01 {
			alarms["pairs"]++
		}
	}
	for design, n := range alarms {
		if n > 7 {
			t.Errorf("%s: %d of 150 suites have a false alarm", design, n)
		}
	}
}

// A change is found where it is beyond the cell's own threshold, and a fall too.
func TestOwnThresholdsDecide(t *testing.T) {
	for _, fall := range []bool{false, true} {
		test, change := fivePercent, 0.25
		if test.Fall = fall; fall {
			change = 1/1.25 - 1
		}
		cells := suite(3, 20, 10, change, change)
		cells[0].Shift = math.Log1p(0.40)
		r := run(test, cells)
		if r.P[0] < 0.5 || r.P[1] > 0.01 {
			t.Errorf("fall %v: a change of 25 %% has p = %v at a threshold of 40 %%, and %v at 5 %%", fall, r.P[0], r.P[1])
		}
	}
}
