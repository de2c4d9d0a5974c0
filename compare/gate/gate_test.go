package gate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// suite draws cells of n launches a side with a standard deviation of 3 %; the
// new side of cell i is slower by changes[i].
func suite(seed uint64, cells, n int, changes ...float64) []Cell {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]Cell, cells)
	for i := range out {
		c := &out[i]
		for p := range n {
			c.Old = append(c.Old, 0.03*r.NormFloat64())
			c.New = append(c.New, 0.03*r.NormFloat64())
			c.OldPass = append(c.OldPass, int32(p))
			c.NewPass = append(c.NewPass, int32(n+p))
		}
		if i < len(changes) {
			for p := range c.New {
				c.New[p] += math.Log1p(changes[i])
			}
		}
	}
	return out
}

var fivePercent = Test{Shift: math.Log1p(0.05), Alpha: 0.01, Draws: 999, Seed: 1}

func TestFindsTheSlowOnes(t *testing.T) {
	r := run(fivePercent, suite(1, 50, 10, 0.3, 0.25, 0.2))
	for i, p := range r.P {
		if changed := i < 3; changed != (p <= 0.01) {
			t.Errorf("cell %d: p = %v", i, p)
		}
	}
}

func TestFindsAFall(t *testing.T) {
	test := fivePercent
	test.Fall = true
	r := run(test, suite(1, 50, 10, 0.3, -0.25))
	if r.P[0] < 0.5 || r.P[1] > 0.01 {
		t.Errorf("a rise has p = %v, a fall %v", r.P[0], r.P[1])
	}
}

// The result must not depend on the number of processors, nor on anything but
// the seed.
func TestDeterministic(t *testing.T) {
	a, b := run(fivePercent, suite(2, 20, 6, 0.1)), run(fivePercent, suite(2, 20, 6, 0.1))
	if !reflect.DeepEqual(a, b) {
		t.Error("two runs of one test differ")
	}
}

// Cells that became slower must not make the others look so: the prior of
// those that are left comes from them alone. Of the last ten of these cells,
// which are slower by just the threshold, one failed in 16 of these 60 suites.
func TestChangedCellsDoNotConvictTheOthers(t *testing.T) {
	alarms := 0
	for seed := range uint64(60) {
		changes := slices.Concat(slices.Repeat([]float64{1}, 40), slices.Repeat([]float64{0.05}, 10))
		r := run(fivePercent, suite(seed, 50, 6, changes...))
		if slices.Max(r.P[:40]) > 0.01 {
			t.Fatalf("a cell that takes twice as long has p = %v", slices.Max(r.P[:40]))
		}
		if slices.Min(r.P[40:]) <= 0.01 {
			alarms++
		}
	}
	if alarms > 4 { // a rate of 1 % gives more once in a thousand times
		t.Errorf("%d of 60 suites have a false alarm", alarms)
	}
}

// A cell that is set aside in a later round has no smaller p than one of an
// earlier round, and one round alone finds less.
func TestRounds(t *testing.T) {
	once := fivePercent
	once.Alpha = 0
	found := [2]int{}
	for seed := range uint64(20) {
		changes := slices.Concat(slices.Repeat([]float64{1}, 30), slices.Repeat([]float64{0.12}, 10))
		single, rounds := run(once, suite(seed, 50, 6, changes...)), run(fivePercent, suite(seed, 50, 6, changes...))
		for i := range single.P {
			if single.P[i] <= 0.01 {
				found[0]++
				if rounds.P[i] != single.P[i] {
					t.Errorf("p = %v in the first round, %v in the end", single.P[i], rounds.P[i])
				}
			}
			if rounds.P[i] <= 0.01 {
				found[1]++
				if single.P[i] > 0.01 && rounds.P[i] < slices.Min(single.P) {
					t.Errorf("p = %v in a later round, %v in the first", rounds.P[i], slices.Min(single.P))
				}
			}
		}
	}
	if found[1] <= found[0] {
		t.Errorf("%d cells are found in rounds, %d in one", found[1], found[0])
	}
}

// The variance of the effect is Welch's: that of each side over its number.
func TestUnequalVariances(t *testing.T) {
	c := Cell{New: []float64{-4, 4, -4, 4}}
	for i := range 20 {
		c.Old = append(c.Old, float64(2*(i%2)-1))
		c.OldPass = append(c.OldPass, int32(i))
	}
	for i := range c.New {
		c.NewPass = append(c.NewPass, int32(20+i))
	}
	r := run(Test{Draws: 100}, []Cell{c})
	if want := math.Sqrt(20.0/19/20 + 64.0/3/4); math.Abs(r.SE[0]-want) > 1e-6 {
		t.Errorf("standard error %v, want %v", r.SE[0], want)
	}
}

// What a change must exceed to be found rests on enough relabellings, however
// clear it is that nothing changed: from 100 it came out between 4.2 and 7.5.
func TestCriticalIsStable(t *testing.T) {
	test := fivePercent
	test.Draws, test.Least = 1999, 1999
	var critical []float64
	for seed := range uint64(20) {
		test.Seed = seed
		r := run(test, suite(1, 10, 6))
		if r.Draws() != 1999 {
			t.Fatalf("%d relabellings, want 1999", r.Draws())
		}
		critical = append(critical, r.Critical(0.01))
	}
	if lo, hi := slices.Min(critical), slices.Max(critical); hi > 1.25*lo {
		t.Errorf("the critical value is between %v and %v", lo, hi)
	}
}

// A metric that is another one in disguise must cost no power: the relabelled
// statistics of both are the same.
func TestDuplicatesAreFree(t *testing.T) {
	cells := suite(3, 20, 8, 0.12)
	once, twice := run(fivePercent, cells), run(fivePercent, slices.Concat(cells, cells))
	if math.Abs(once.Critical(0.01)-twice.Critical(0.01)) > 0.2 {
		t.Errorf("critical value %v with each cell once, %v with each twice", once.Critical(0.01), twice.Critical(0.01))
	}
}

// Cells of other passes and of fewer launches are tested together.
func TestUnequalPasses(t *testing.T) {
	cells := suite(4, 30, 10, 0.3, 0.3)
	c := &cells[1]
	c.Old, c.OldPass = c.Old[:6], c.OldPass[:6]
	c.New, c.NewPass = c.New[3:], c.NewPass[3:]
	r := run(fivePercent, cells)
	if r.P[0] > 0.01 || r.P[1] > 0.01 || slices.Min(r.P[2:]) < 0.05 {
		t.Errorf("p = %v", r.P)
	}
}

func TestEqualValues(t *testing.T) {
	c := Cell{Old: []float64{1, 1, 1, 1, 1}, New: []float64{1, 1, 1, 1, 1}, OldPass: []int32{0, 1, 2, 3, 4}, NewPass: []int32{5, 6, 7, 8, 9}}
	r := run(fivePercent, []Cell{c, c})
	for i := range r.P {
		if math.IsNaN(r.T[i]) || r.P[i] < 0.5 {
			t.Errorf("t = %v, p = %v", r.T[i], r.P[i])
		}
	}
}

func TestNoCells(t *testing.T) {
	if r := run(fivePercent, nil); len(r.P) != 0 || r.Draws() != 0 {
		t.Errorf("no cells give %+v", r)
	}
}

func TestMinP(t *testing.T) {
	for _, tt := range []struct {
		olds, news int
		ways       float64
	}{{1, 1, 2}, {4, 4, 70}, {5, 5, 252}, {6, 6, 924}, {10, 10, 184756}, {6, 10, 8008}} {
		if got := MinP(tt.olds, tt.news); got != 1/tt.ways {
			t.Errorf("MinP(%d, %d) = 1/%v, want 1/%v", tt.olds, tt.news, 1/got, tt.ways)
		}
	}
}

func run(t Test, cells []Cell) *Result { return t.Run(slices.Values(cells)) }

// Every choice of passes must be as likely as any other, in both designs.
func TestRelabelIsUniform(t *testing.T) {
	for _, c := range []struct {
		design design
		p      pattern
		ways   int
	}{
		{twoSample{}, pattern{passes: []int32{0, 1, 2, 3, 4, 5}, news: 3}, 20},
		{paired{}, pattern{passes: []int32{0, 1, 2, 3}}, 16},
	} {
		f := &family{design: c.design}
		f.share(c.p)
		l := f.actual()
		count := map[string]int{}
		const draws = 20000
		for d := range uint64(draws) {
			f.relabel(l, 1, d)
			count[fmt.Sprint(l[0])]++
		}
		if len(count) != c.ways {
			t.Fatalf("%T: %d choices, want %d", c.design, len(count), c.ways)
		}
		for choice, n := range count {
			if n < draws/c.ways*8/10 || n > draws/c.ways*12/10 {
				t.Errorf("%T: %v was drawn %d times, want about %d", c.design, choice, n, draws/c.ways)
			}
		}
	}
}

// The prior is found again from variances that were drawn from it.
func TestPrior(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	chi2 := func(df int) (sum float64) {
		for range df {
			x := r.NormFloat64()
			sum += x * x
		}
		return sum
	}
	var v variances
	for range 20000 {
		true2 := 4 * 8 / chi2(8) // mean scale 4, 8 degrees of freedom
		v.add(true2*chi2(10)/10, free(10))
	}
	p := v.prior()
	if math.Abs(p.df-8) > 0.8 || math.Abs(p.s2-4) > 0.2 {
		t.Errorf("prior of scale %v with %v degrees of freedom, want 4 with 8", p.s2, p.df)
	}
}

func TestTrigammaInverse(t *testing.T) {
	for _, x := range []float64{0.3, 1, 2.5, 40, 1e4} {
		if got := trigammaInverse(trigamma(x)); math.Abs(got/x-1) > 1e-6 {
			t.Errorf("the inverse of trigamma at trigamma(%v) is %v", x, got)
		}
	}
}
