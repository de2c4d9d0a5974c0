package results

import (
	"encoding/json"
	"fmt"
	"math"

	"golang.org/x/perf/benchmath"
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
	Center Float `json:"median"`
	Lo     Float `json:"lo"` // infinite where too few launches bound it, as Hi
	Hi     Float `json:"hi"`
	N      int   `json:"n,omitempty"` // launches that have the number; 0 also where others say how many
}

// MedianOf is the median of values, which it leaves as they are, with its
// order-statistic interval: infinite below six. Of none it is NaN.
func MedianOf(values []float64) Estimate {
	if len(values) == 0 {
		none := Float(math.NaN())
		return Estimate{Center: none, Lo: none, Hi: none}
	}
	s := benchmath.AssumeNothing.Summary(benchmath.NewSample(ascending(values), &benchmath.DefaultThresholds), Confidence)
	return Estimate{Float(s.Center), Float(s.Lo), Float(s.Hi), len(values)}
}

// Known reports whether any launch has the number.
func (e Estimate) Known() bool { return e.N > 0 }

// Bounded reports whether the sample was large enough for an interval.
func (e Estimate) Bounded() bool {
	return !math.IsInf(float64(e.Lo), 0) && !math.IsInf(float64(e.Hi), 0)
}

// Reach is how far the interval reaches from the middle: "2%", "∞".
func (e Estimate) Reach() string {
	return benchmath.Summary{Center: float64(e.Center), Lo: float64(e.Lo), Hi: float64(e.Hi)}.PctRangeString()
}

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
	return r.Lo > 0 && Estimate(r).within(width)
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
