package results

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/aclements/go-moremath/stats"
)

func normals(r *rand.Rand, n int, mean, sd float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = mean + sd*r.NormFloat64()
	}
	return out
}

// The interval is what the rank test does not reject: just inside its bounds
// p is above 5 %, just outside it is not.
func TestRatioInvertsTheRankTest(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, n := range [][2]int{{4, 4}, {5, 8}, {6, 6}, {10, 10}, {20, 13}, {60, 60}} {
		old, new := normals(r, n[0], 0, 0.03), normals(r, n[1], 0.1, 0.05)
		got := NewRatio(old, new)
		p := func(shift float64) float64 {
			shifted := slices.Clone(new)
			for i := range shifted {
				shifted[i] -= shift
			}
			res, err := stats.MannWhitneyUTest(old, shifted, stats.LocationDiffers)
			if err != nil {
				t.Fatal(err)
			}
			return res.P
		}
		const step = 1e-7
		lo, hi := math.Log(float64(got.Lo)), math.Log(float64(got.Hi))
		if p(lo+step) <= 0.05 || p(hi-step) <= 0.05 || p(lo-step) > 0.055 || p(hi+step) > 0.055 {
			t.Errorf("n = %v: interval %v to %v; p inside %v, %v; outside %v, %v", n, lo, hi, p(lo+step), p(hi-step), p(lo-step), p(hi+step))
		}
		if got.Center < got.Lo || got.Center > got.Hi {
			t.Errorf("n = %v: %+v", n, got)
		}
	}
}

func TestRatioOfTooFew(t *testing.T) {
	got := NewRatio([]float64{0, 0.1, 0.2}, []float64{0.3, 0.4, 0.5})
	if got.Lo != 0 || !math.IsInf(float64(got.Hi), 1) || math.Abs(float64(got.Center)-math.Exp(0.3)) > 1e-6 {
		t.Errorf("three launches give %+v", got)
	}
}

func TestKthDifference(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	old, new := normals(r, 7, 0, 1), normals(r, 9, 0, 1)
	new[3], old[2] = new[4], old[1] // ties
	var all []float64
	for _, o := range old {
		for _, n := range new {
			all = append(all, n-o)
		}
	}
	slices.Sort(all)
	d := differences{slices.Sorted(slices.Values(old)), slices.Sorted(slices.Values(new))}
	for k, want := range all {
		if got := kth(d, len(all), k+1); math.Abs(got-want) > 1e-9 {
			t.Errorf("difference %d is %v, want %v", k+1, got, want)
		}
	}
}

// The interval must cover the true ratio as often as it says.
func TestRatioCovers(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	const trials = 2000
	covers := 0
	for range trials {
		got := NewRatio(normals(r, 8, 0, 0.03), normals(r, 8, 0.05, 0.03))
		if truth := Float(math.Exp(0.05)); got.Lo <= truth && truth <= got.Hi {
			covers++
		}
	}
	if covers < trials*94/100 {
		t.Errorf("%d of %d intervals cover the true ratio", covers, trials)
	}
}

func TestFloat(t *testing.T) {
	for f, want := range map[Float]string{1.5: "1.5", Float(math.Inf(1)): "null", Float(math.NaN()): "null"} {
		if got, err := f.MarshalJSON(); err != nil || string(got) != want {
			t.Errorf("%v is %s, %v", f, got, err)
		}
	}
}
