package results

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sort"
	"sync"

	"golang.org/x/perf/benchmath"
	"gonum.org/v1/gonum/mathext"
)

// Confidence of every interval, in [0, 1].
const Confidence = 0.95

// Float is a number that JSON has as null where it is not finite.
type Float float64

func (f Float) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

// Estimate is a number with the bounds of its interval at 95 %, in the one form
// that outputs have: the median of the launches that have the number, unless it
// is said to be something else. Without one launch it is absent, which is not 0.
type Estimate struct {
	Center Float `json:"median"`           // null: not known
	Lo     Float `json:"lo"`               // infinite, as Hi, where too few launches bound it, or too many of them lie far off
	Hi     Float `json:"hi"`               // infinite, which is null, as Lo
	N      int   `json:"n,omitempty"`      // launches that have the number; 0 also where others say how many
	Capped int   `json:"capped,omitempty"` // launches that lay far off and were moved in before the interval was taken
}

// capAt is how many standard deviations, estimated from the median absolute
// deviation, a launch may lie from the median of its cell; one that lies farther
// counts as lying there. One launch in six that takes 100 times as long then no
// longer makes the interval 100 times as wide. Normal launches are rarely
// capped: one in 18 of 1,000 cells of six, in 5 of 1,000 cells of ten.
const capAt = 8

// MedianOf is the median of values, which it leaves as they are, with the
// interval of Hettmansperger and Sheather (1986, Statistics & Probability
// Letters 4:75–79; SciPy has it as median_cihs). The confidence of the interval
// from the d-th least to the d-th greatest value is that of the sign test. Bounds
// are interpolated between the largest d whose confidence is at least 95 %, and
// d+1. Values are capped at capAt first, and taken as logarithms where all have
// one. The interval is infinite below six values, and where more than d are capped on one
// side: no value bounds it there. Of no values the median is NaN.
func MedianOf(values []float64) Estimate {
	n := len(values)
	if n == 0 {
		none := Float(math.NaN())
		return Estimate{Center: none, Lo: none, Hi: none}
	}
	x := slices.Sorted(slices.Values(values))
	e := Estimate{Center: Float(middle(x)), Lo: Float(math.Inf(-1)), Hi: Float(math.Inf(1)), N: n}
	positive := x[0] > 0
	if positive {
		x = Logs(x)
	}
	below, above := pullIn(x, positive)
	e.Capped = below + above
	d, weight := signInterval(n)
	if d == 0 || max(below, above) > d {
		return e
	}
	lo := (1-weight)*x[d-1] + weight*x[d]
	hi := (1-weight)*x[n-d] + weight*x[n-d-1]
	if positive { // rounding must not put the median outside
		lo, hi = min(math.Exp(lo), float64(e.Center)), max(math.Exp(hi), float64(e.Center))
	}
	e.Lo, e.Hi = Float(lo), Float(hi)
	return e
}

// pullIn moves the values that lie far off, which are ascending, to where that
// begins, and counts them. Logarithms less than leastMove away never count: of
// launches that agree to the last digit the deviation is 0, and says nothing of
// the scatter. Values on another scale have no such bound, and stay then.
func pullIn(x []float64, logs bool) (below, above int) {
	m := middle(x)
	off := make([]float64, len(x))
	for i, v := range x {
		off[i] = math.Abs(v - m)
	}
	reach := capAt * normal * middle(off)
	switch {
	case logs:
		reach = max(reach, leastMove)
	case reach == 0:
		return 0, 0
	}
	for i, v := range x {
		switch {
		case v < m-reach:
			x[i] = m - reach
			below++
		case v > m+reach:
			x[i] = m + reach
			above++
		}
	}
	return below, above
}

// order is which values bound an interval of a median: d-th from either end, by
// 1-weight, and the next one inside.
type order struct {
	d      int
	weight float64
}

var orders sync.Map // of order, by n

// signInterval gives the order statistics of an interval at the confidence, from
// 1, and the weight of the inner one; 0 where n values have none.
func signInterval(n int) (d int, weight float64) {
	if o, ok := orders.Load(n); ok {
		return o.(order).d, o.(order).weight
	}
	confidence := func(d int) float64 { return 1 - 2*mathext.RegIncBeta(float64(n-d+1), float64(d), 0.5) }
	d = sort.Search(n/2, func(i int) bool { return confidence(i+1) < Confidence })
	if d > 0 {
		outer, inner := confidence(d), confidence(d+1)
		i := (outer - Confidence) / (outer - inner)
		weight = float64(n-d) * i / (float64(d) + float64(n-2*d)*i)
	}
	orders.Store(n, order{d, weight})
	return d, weight
}

// Known reports whether any launch has the number.
func (e Estimate) Known() bool { return e.N > 0 }

// Bounded reports whether the launches give an interval.
func (e Estimate) Bounded() bool {
	return !math.IsInf(float64(e.Lo), 0) && !math.IsInf(float64(e.Hi), 0)
}

// Reach is how far the interval reaches from the middle: "2%", "∞" of too few
// launches, or "none" where too many lie far off.
func (e Estimate) Reach() string {
	if e.FarOff() {
		return "none"
	}
	return benchmath.Summary{Center: float64(e.Center), Lo: float64(e.Lo), Hi: float64(e.Hi)}.PctRangeString()
}

// FarOff reports whether there is no interval because too many launches lie far
// off.
func (e Estimate) FarOff() bool { return e.Capped > 0 && !e.Bounded() }

// PlusMinus is the reach as it stands behind the number: "±2%", or why there is
// none: "no interval: 2 of 6 far off".
func (e Estimate) PlusMinus() string {
	if e.FarOff() {
		return "no interval: " + e.Moved() + " far off"
	}
	return "±" + e.Reach()
}

// Moved is how many launches lay far off: "1 of 10".
func (e Estimate) Moved() string { return fmt.Sprintf("%d of %d", e.Capped, e.N) }

// A sequential interval of a fixed width (Chow and Robbins 1965,
// doi:10.1214/aoms/1177700156) stops as soon as it looks narrow, which is
// sooner where the values happen to lie close together: it covers too little.
// A first stage and some more launches after the stop (Simons 1968, Ann. Math.
// Statist. 39) make up for most of that: docs/method.md has the coverage.
const (
	FirstStage = 10 // launches, or pairs, that any interval rests on
	Beyond     = 3  // launches after the interval is narrow
)

// Enough reports whether a cell needs no launches beyond values, which are in
// order of time: their interval is narrow, and was so Beyond launches ago, with
// FirstStage of them at least.
func Enough(values []float64, narrow func([]float64) bool) bool {
	n := len(values) - Beyond
	return n >= FirstStage && narrow(values[:n]) && narrow(values)
}

// NarrowMedian reports whether the interval of the median of times is within
// ±width, a share of the median.
func NarrowMedian(times []float64, width float64) bool {
	return MedianOf(times).within(width)
}

// NarrowPairs reports the same of the change that pairs show, given as
// logarithms of their ratios.
func NarrowPairs(logs []float64, width float64) bool {
	if len(logs) == 0 {
		return false
	}
	r := NewPairedRatio(logs)
	return r.Lo > 0 && r.Estimate().within(width)
}

// within reports whether the interval is within ±width, a share of its middle.
func (e Estimate) within(width float64) bool {
	return e.Bounded() && float64(e.Hi-e.Lo)/2 <= width*float64(e.Center)
}

// Optional is a number that a record has or lacks. The zero value is absent,
// which is not 0: ten launches of which nine have 0 context switches and one
// has 2 have a median of 0. In JSON an absent number has no key (the tag
// omitzero) or is null.
//
// A number that cannot be 0 where it was measured needs none of this: of a
// time, a size or a number of operations 0 says that there is none.
type Optional[T int64 | float64] struct {
	value T
	known bool
}

// Count is a whole number that may be 0: events, messages, nanoseconds that
// were used or lost.
type Count = Optional[int64]

// Amount is a number per operation that may be 0.
type Amount = Optional[float64]

// Known is a number that was measured, 0 included.
func Known[T int64 | float64](v T) Optional[T] { return Optional[T]{v, true} }

// Get returns the number, and false where there is none.
func (o Optional[T]) Get() (T, bool) { return o.value, o.known }

// Or returns the number, or absent where there is none.
func (o Optional[T]) Or(absent T) T {
	if !o.known {
		return absent
	}
	return o.value
}

// IsZero reports whether the number is absent: encoding/json asks for
// omitzero.
func (o Optional[T]) IsZero() bool { return !o.known }

// Plus is the sum of two numbers, absent where one of them is: what a part
// lacks the whole lacks.
func (o Optional[T]) Plus(p Optional[T]) Optional[T] {
	if !o.known || !p.known {
		return Optional[T]{}
	}
	return Known(o.value + p.value)
}

// String is the number, or "–".
func (o Optional[T]) String() string {
	if !o.known {
		return "–"
	}
	return fmt.Sprint(o.value)
}

func (o Optional[T]) MarshalJSON() ([]byte, error) {
	if !o.known {
		return []byte("null"), nil
	}
	return json.Marshal(o.value)
}

func (o *Optional[T]) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*o = Optional[T]{}
		return nil
	}
	if err := json.Unmarshal(text, &o.value); err != nil {
		return err
	}
	o.known = true
	return nil
}
