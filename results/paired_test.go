package results

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The interval is what the signed-rank test does not reject: counted here over
// all assignments of signs, just inside its bounds p is above 5 %, just outside
// it is not.
func TestPairedRatioInvertsTheSignedRankTest(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, n := range []int{6, 7, 10, 12} {
		d := normals(r, n, 0.1, 0.05)
		p := func(shift float64) float64 {
			abs, shifted := make([]float64, n), make([]float64, n)
			for i, v := range d {
				shifted[i] = v - shift
				abs[i] = math.Abs(shifted[i])
			}
			slices.Sort(abs)
			w, least := 0, 0
			for _, v := range shifted {
				if v > 0 {
					w += slices.Index(abs, math.Abs(v)) + 1
				}
			}
			w = min(w, n*(n+1)/2-w)
			for signs := range 1 << n {
				sum := 0
				for i := range n {
					sum += (i + 1) * (signs >> i & 1)
				}
				if sum <= w {
					least++
				}
			}
			return min(1, 2*float64(least)/float64(int(1)<<n))
		}
		got := NewPairedRatio(d)
		const step = 1e-7
		lo, hi := math.Log(float64(got.Lo)), math.Log(float64(got.Hi))
		if p(lo+step) <= 0.05 || p(hi-step) <= 0.05 || p(lo-step) > 0.05 || p(hi+step) > 0.05 {
			t.Errorf("n = %d: interval %v to %v; p inside %v, %v; outside %v, %v", n, lo, hi, p(lo+step), p(hi-step), p(lo-step), p(hi+step))
		}
	}
}

func TestPairedRatioOfTooFew(t *testing.T) {
	if got := NewPairedRatio([]float64{0.1, 0.2, 0.3, 0.4, 0.5}); got.Lo != 0 || math.Abs(float64(got.Center)-math.Exp(0.3)) > 1e-6 {
		t.Errorf("five pairs give %+v", got)
	}
}

// The interval must cover the true ratio as often as it says, on both sides
// of where the distribution is no longer counted.
func TestPairedRatioCovers(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	for _, n := range []int{8, exactPairs, exactPairs + 1, 200} {
		const trials = 2000
		covers := 0
		for range trials {
			got := NewPairedRatio(normals(r, n, 0.05, 0.03))
			if truth := Float(math.Exp(0.05)); got.Lo <= truth && truth <= got.Hi {
				covers++
			}
		}
		if covers < trials*935/1000 || n > 10 && covers > trials*965/1000 {
			t.Errorf("n = %d: %d of %d intervals cover the true ratio", n, covers, trials)
		}
	}
}
