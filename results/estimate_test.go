package results

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"golang.org/x/perf/benchmath"
)

// The order statistics and weights are worked out by hand from the binomial
// distribution: of six, I = (31/32 − .95) / (31/32 − 25/32) = 0.1 and the weight
// is 5·0.1 / (1 + 4·0.1).
func TestSignInterval(t *testing.T) {
	for _, tt := range []struct {
		n, d   int
		weight float64
	}{
		{1, 0, 0}, {5, 0, 0},
		{6, 1, 0.5 / 1.4}, {7, 1, 11.0 / 15}, {8, 1, 4.725 / 5.05}, {9, 2, 49.0 / 215}, {10, 2, 2.5955556 / 3.9466667},
	} {
		if d, w := signInterval(tt.n); d != tt.d || math.Abs(w-tt.weight) > 1e-6 {
			t.Errorf("of %d values: order statistic %d, weight %v; want %d, %v", tt.n, d, w, tt.d, tt.weight)
		}
	}
	if d, w := signInterval(100000); d < 49600 || d > 49700 || w < 0 || w > 1 {
		t.Errorf("of 100,000 values: order statistic %d, weight %v", d, w)
	}
}

// The interval is interpolated on the scale of logarithms.
func TestMedianInterpolates(t *testing.T) {
	e := MedianOf([]float64{1, 10, 100, 1000, 10000, 100000})
	_, w := signInterval(6)
	if lo, hi := math.Pow(10, w), math.Pow(10, 5-w); math.Abs(float64(e.Lo)/lo-1) > 1e-9 || math.Abs(float64(e.Hi)/hi-1) > 1e-9 || e.Center != 550 || e.Capped != 0 {
		t.Errorf("got %+v, want %v to %v", e, lo, hi)
	}
	// A 0 has no logarithm.
	if e := MedianOf([]float64{0, 1, 2, 3, 4, 5}); math.Abs(float64(e.Lo)-w) > 1e-9 || math.Abs(float64(e.Hi)-(5-w)) > 1e-9 || e.Center != 2.5 {
		t.Errorf("counts: %+v, want %v to %v", e, w, 5-w)
	}
}

// It contradicts no interval of benchstat, which is from one order statistic to
// another: it lies within that of the outer one and its mirror. Of some n
// benchstat's own is a value shorter on one side, where that still covers 95 %.
func TestIntervalLiesInsideBenchstats(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	inside := map[int]bool{}
	for n := 6; n <= 30; n++ {
		inside[n] = true
		for range 50 {
			values := make([]float64, n)
			for i := range values {
				values[i] = math.Exp(0.05 * r.NormFloat64())
			}
			e := MedianOf(values)
			if e.Capped > 0 {
				continue
			}
			theirs := benchmath.AssumeNothing.Summary(benchmath.NewSample(slices.Clone(values), &benchmath.DefaultThresholds), Confidence)
			slices.Sort(values)
			within := func(lo, hi float64) bool { return float64(e.Lo) >= lo && float64(e.Hi) <= hi }
			lo, hi := theirs.Lo, theirs.Hi
			i := min(slices.Index(values, lo), n-1-slices.Index(values, hi))
			lo, hi = values[i], values[n-1-i]
			if float64(e.Center) != theirs.Center || !within(lo, hi) {
				t.Fatalf("of %d values: %+v, benchstat's %+v", n, e, theirs)
			}
			inside[n] = inside[n] && within(theirs.Lo, theirs.Hi)
		}
	}
	for _, n := range []int{6, 7, 9, 10, 12, 15, 20, 30} {
		if !inside[n] {
			t.Errorf("of %d values it is not inside benchstat's", n)
		}
	}
}

// A launch or two that lie far off do not decide how wide the interval is; of
// more no bound is left.
func TestLaunchesFarOff(t *testing.T) {
	near := []float64{100, 101, 102, 103, 104, 105, 106, 107, 108, 109}
	for _, tt := range []struct {
		name   string
		values []float64
		capped int
		reach  float64 // at most; 0: there is no interval
	}{
		{"none of six", near[:6], 0, 0.03},
		{"one of six", append([]float64{1e5}, near[:5]...), 1, 0.4},
		{"two of six", append([]float64{1e5, 2e5}, near[:4]...), 2, 0},
		{"one on either side of six", append([]float64{1e5, 0.1}, near[:4]...), 2, 0.4},
		{"two of ten", append([]float64{1e5, 2e5}, near[:8]...), 2, 0.4},
		{"three of ten", append([]float64{1e5, 2e5, 3e5}, near[:7]...), 3, 0},
		{"three of ten far too fast", append([]float64{1, 2, 3}, near[:7]...), 3, 0},
		{"all alike", slices.Repeat([]float64{100}, 6), 0, 1e-12},
		{"all alike but one, which is near", append(slices.Repeat([]float64{100}, 5), 104), 0, 0.03},
		{"all alike but one", append(slices.Repeat([]float64{100}, 5), 1e6), 1, 0.04},
		{"another mode, all else alike", append(slices.Repeat([]float64{100}, 4), 140, 140), 2, 0},
	} {
		before := slices.Clone(tt.values)
		e := MedianOf(tt.values)
		if e.Capped != tt.capped || e.Bounded() != (tt.reach > 0) {
			t.Errorf("%s: %+v, want %d capped", tt.name, e, tt.capped)
		}
		if wide := max(float64(e.Hi/e.Center), float64(e.Center/e.Lo)) - 1; tt.reach > 0 && !(wide <= tt.reach) {
			t.Errorf("%s: the interval reaches %.2f, want at most %v: %+v", tt.name, wide, tt.reach, e)
		}
		if !slices.Equal(before, tt.values) {
			t.Errorf("%s: the values were changed", tt.name)
		}
	}
	if e := MedianOf([]float64{100, 101, 102, 103, 1e5, 2e5}); e.Reach() != "none" || e.PlusMinus() != "no interval: 2 of 6 far off" {
		t.Errorf("reach %q, %q", e.Reach(), e.PlusMinus())
	}
	// Where counts are alike nothing says how far off another is.
	if e := MedianOf([]float64{0, 0, 0, 0, 0, 7}); e.Capped != 0 || e.Lo != 0 || e.Hi <= 0 || e.Hi >= 7 {
		t.Errorf("counts: %+v", e)
	}
	if e := MedianOf([]float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 1e6}); e.Capped != 1 || e.Hi > 30 {
		t.Errorf("counts: %+v", e)
	}
}
