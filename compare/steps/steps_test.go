package steps

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

// noisy are builds of ten launches that vary by 5 %, at the levels given.
func noisy(levels ...float64) []Build {
	r := rand.New(rand.NewPCG(1, 1))
	out := make([]Build, len(levels))
	for i, l := range levels {
		for range 10 {
			out[i] = append(out[i], l*math.Exp(0.05*r.NormFloat64()))
		}
	}
	return out
}

func flat(n int, level float64) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = level
	}
	return out
}

// A step of a fifth is found where it is, with an interval that has it.
func TestTimedFindsStep(t *testing.T) {
	b := noisy(append(append(flat(12, 100), flat(4, 120)...), flat(9, 90)...)...)
	b[3], b[14] = nil, Build{math.NaN(), 0, math.Inf(1), -1} // not measured
	got := Timed(b)
	want := []Step{{At: 12, Ratio: 1.2, Seen: 3}, {At: 16, Ratio: 0.75, Seen: 9}}
	if len(got) != len(want) {
		t.Fatalf("%+v, want %+v", got, want)
	}
	for i, s := range got {
		if s.At != want[i].At || s.Seen != want[i].Seen || s.Low > want[i].Ratio || s.High < want[i].Ratio || s.Low < 0.9*want[i].Ratio || s.High > 1.1*want[i].Ratio {
			t.Errorf("%+v, want %+v", s, want[i])
		}
	}
	for n := range b {
		for i := range b[n] {
			b[n][i] *= 1e6
		}
	}
	scaled := Timed(b)
	for i := range got {
		if scaled[i].At != got[i].At || math.Abs(scaled[i].Ratio-got[i].Ratio) > 1e-9 {
			t.Errorf("in another unit %+v, want %+v", scaled[i], got[i])
		}
	}
}

// What one build shows alone is no step, however large.
func TestTimedWantsTwoBuilds(t *testing.T) {
	if got := Timed(noisy(append(flat(12, 100), 1000)...)); got != nil {
		t.Errorf("one build far off is a step: %+v", got)
	}
	if got := Timed(noisy(append(append(flat(12, 100), 1000), flat(12, 100)...)...)); got != nil {
		t.Errorf("one build far off is a step: %+v", got)
	}
	if got := Timed(noisy(append(flat(12, 100), 1000, 1000)...)); len(got) != 1 || got[0].At != 12 || got[0].Seen != 2 {
		t.Errorf("two builds ten times as slow are no step: %+v", got)
	}
}

// More series need a larger step: together they have no more false ones.
func TestSeriesRaiseTheBar(t *testing.T) {
	b := noisy(append(flat(12, 100), flat(3, 108)...)...)
	if one, many := Timed(b), (Search{Series: 10000}).Timed(b); len(one) != 1 || many != nil {
		t.Errorf("of one series %+v, of 10,000 %+v", one, many)
	}
}

func TestTimedWithoutBuilds(t *testing.T) {
	for _, b := range [][]Build{nil, {nil, nil}, {{1}}, {{1}, {2}}, {{1}, {2}, {3}, {}}, {{1}, {1}, {1}, {1}, {1}}} {
		if got := Timed(b); got != nil {
			t.Errorf("%v: %+v", b, got)
		}
	}
	// Equal launches leave no noise: the least standard deviation stands for it.
	if got := Timed([]Build{{1}, {1}, {1}, {1}, {2}, {2}, {2}}); len(got) != 1 || got[0].At != 4 || got[0].Ratio != 2 {
		t.Errorf("equal launches: %+v", got)
	}
}

// cheapest tries every partition.
func cheapest(y []float64, penalty float64) (best float64) {
	cost := make([]float64, len(y)+1)
	cost[0] = -penalty
	for n := 1; n <= len(y); n++ {
		cost[n] = math.Inf(1)
		for k := range n {
			var sum, sq float64
			for _, v := range y[k:n] {
				sum += v
				sq += v * v
			}
			cost[n] = min(cost[n], cost[k]+penalty+sq-sum*sum/float64(n-k))
		}
	}
	return cost[len(y)]
}

// The grid costs next to nothing: partitions are those of the exact search.
func TestPartitionIsOptimal(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for range 300 {
		y := make([]float64, 5+r.IntN(40))
		level := 0.0
		for i := range y {
			if r.IntN(8) == 0 {
				level = 4 * r.NormFloat64()
			}
			y[i] = level + r.NormFloat64()
		}
		starts := partition(y, 1, 9, math.Inf(1))
		got := 9 * float64(len(starts)-1)
		for k, s := range starts {
			end := len(y)
			if k+1 < len(starts) {
				end = starts[k+1]
			}
			var sum, sq float64
			for _, v := range y[s:end] {
				sum += v
				sq += v * v
			}
			got += sq - sum*sum/float64(end-s)
		}
		if want := cheapest(y, 9); got > want+0.01*float64(len(y)) || got < want-1e-9 {
			t.Fatalf("%v: cost %v, want %v", starts, got, want)
		}
	}
}

func TestQuantile(t *testing.T) {
	for _, c := range []struct{ p, df, want, off float64 }{ // tables of Student's t
		{0.025, 3, 3.182, 0.012}, {0.025, 10, 2.228, 1e-3}, {0.005, 40, 2.704, 1e-3}, {0.0005, 10, 4.587, 4e-3}, {1e-7, 1e7, 5.199, 1e-3},
	} {
		if got := quantile(c.p, c.df); math.Abs(got/c.want-1) > c.off {
			t.Errorf("quantile(%v, %v) = %v, want %v", c.p, c.df, got, c.want)
		}
	}
}

// counted has a row of values for each build, six seeds that differ by up to 1 %.
func counted(levels ...float64) [][]float64 {
	r := rand.New(rand.NewPCG(3, 1))
	seed := make([]float64, 6)
	for i := range seed {
		seed[i] = 1 + 0.01*r.Float64()
	}
	var out [][]float64
	for _, l := range levels {
		row := make([]float64, 6)
		for i := range row {
			row[i] = l * seed[i] * (1 + 0.0002*r.NormFloat64())
		}
		out = append(out, row)
	}
	return out
}

func ats(all []Step) (out []int) {
	for _, s := range all {
		out = append(out, s.At)
	}
	return out
}

// A change far below what seeds differ is found, since seeds are paired.
func TestCountedFindsStep(t *testing.T) {
	b := counted(1000, 1000, 1000, 1004, 1004, 900)
	b[1] = nil
	got := Counted(b)
	if !reflect.DeepEqual(ats(got), []int{3, 5}) || got[0].Seen != 2 || got[1].Seen != 1 {
		t.Fatalf("%+v", got)
	}
	for i, want := range []float64{1.004, 900.0 / 1004} {
		if s := got[i]; s.Low > want || s.High < want || s.High-s.Low > 0.003 || s.Ratio < s.Low || s.Ratio > s.High {
			t.Errorf("%+v, want %v", s, want)
		}
	}
}

func TestCountedFlat(t *testing.T) {
	if got := Counted(counted(flat(200, 1000)...)); got != nil {
		t.Errorf("%+v", got)
	}
	// Below the floor, and one seed that disagrees.
	if got := Counted(counted(1000, 1001, 1000)); got != nil {
		t.Errorf("%+v", got)
	}
	b := counted(1000, 1010)
	b[1][4] = b[0][4] * 0.999
	if got := Counted(b); got != nil {
		t.Errorf("seeds disagree: %+v", got)
	}
	// Four seeds show nothing, five do.
	b = counted(1000, 1010)
	b[1][2] = math.NaN()
	if got := Counted(b); len(got) != 1 {
		t.Errorf("five seeds: %+v", got)
	}
	b[0][1] = math.NaN()
	if got := Counted(b); got != nil {
		t.Errorf("four seeds: %+v", got)
	}
}

// A creep below the floor from build to build adds up.
func TestCountedCreep(t *testing.T) {
	got := Counted(counted(1000, 1001.5, 1003, 1004.5, 1006, 1007.5))
	if len(got) == 0 {
		t.Error("a creep of 0.15 % a build is never a step")
	}
}

// A series that always moved has to move more.
func TestCountedLearns(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 1))
	levels := make([]float64, 60)
	for i := range levels {
		levels[i] = 1000 * math.Exp(0.005*r.NormFloat64())
	}
	late := 0
	for _, s := range Counted(counted(levels...)) {
		if s.At > 20 {
			late++
		}
	}
	if late > 2 {
		t.Errorf("%d steps in 40 builds that scatter by 0.5 %%", late)
	}
}

// Whatever a history holds, steps are in order, and no value stops the search.
func TestAnyValues(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 1))
	strange := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, -1, math.MaxFloat64, math.SmallestNonzeroFloat64}
	value := func() float64 {
		if r.IntN(5) == 0 {
			return strange[r.IntN(len(strange))]
		}
		return math.Pow(10, float64(r.IntN(600)-300))
	}
	for _, n := range []int{1, 3, 7, 30, 1200} {
		b, c := make([]Build, n), make([][]float64, n)
		for i := range b {
			for range r.IntN(12) {
				b[i] = append(b[i], value())
			}
			for range r.IntN(9) {
				c[i] = append(c[i], value())
			}
		}
		for _, found := range [][]Step{Timed(b), Search{Series: math.MaxInt, Rate: 1e-300}.Timed(b), Search{Rate: 1e300}.Timed(b), Counted(c)} {
			seen, last := 0, 0
			for _, s := range found {
				if s.At <= last || s.At >= n || s.Seen < 1 || !(s.Low <= s.Ratio && s.Ratio <= s.High) {
					t.Errorf("of %d builds %+v after one at %d", n, s, last)
				}
				last = s.At
				seen += s.Seen
			}
			if seen > n {
				t.Errorf("%d builds are seen after steps, of %d", seen, n)
			}
		}
	}
}
