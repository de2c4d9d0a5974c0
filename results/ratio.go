package results

import (
	"encoding/json"
	"math"
	"slices"
	"sync"

	"github.com/aclements/go-moremath/stats"
)

// Float is a number that JSON has as null where it is not finite.
type Float float64

func (f Float) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

// Ratio is by what factor new exceeds old: the Hodges–Lehmann estimate, which
// is the median of the ratios of all pairs of launches, with the interval that
// the rank test does not reject (Hollander, Wolfe and Chicken, Nonparametric
// Statistical Methods, 3rd ed., sections 4.2 and 4.3). With too few launches
// for an interval at 95 % its bounds are 0 and infinite.
type Ratio struct {
	Center Float `json:"center"`
	Lo     Float `json:"lo"`
	Hi     Float `json:"hi"`
}

// Inverse is by what factor old exceeds new.
func (r Ratio) Inverse() Ratio { return Ratio{1 / r.Center, 1 / r.Hi, 1 / r.Lo} }

// NewRatio estimates it from the logarithms of the launches of both.
func NewRatio(old, new []float64) Ratio {
	d := differences{ascending(old), ascending(new)}
	n := len(old) * len(new)
	center := kth(d, n, (n+1)/2)
	if n < 1e6 { // of more the two in the middle are one to any digit that is printed
		center = (center + kth(d, n, n/2+1)) / 2
	}
	r := Ratio{Center: Float(math.Exp(center)), Lo: 0, Hi: Float(math.Inf(1))}
	if k := tail(len(old), len(new)); k > 0 {
		r.Lo, r.Hi = Float(math.Exp(kth(d, n, k))), Float(math.Exp(kth(d, n, n+1-k)))
	}
	return r
}

// ascending returns the values in order, which they often are already.
func ascending(values []float64) []float64 {
	if slices.IsSorted(values) {
		return values
	}
	return slices.Sorted(slices.Values(values))
}

var tails sync.Map // of tail, by both n: it takes long

// tail is the greatest k for which the k-th least and the k-th greatest
// difference bound an interval at the confidence, 0 where there is none.
func tail(n1, n2 int) int {
	beyond := (1 - Confidence) / 2
	if n1 > stats.MannWhitneyExactLimit || n2 > stats.MannWhitneyExactLimit {
		sd := math.Sqrt(float64(n1) * float64(n2) * float64(n1+n2+1) / 12)
		return max(0, int(float64(n1)*float64(n2)/2+stats.StdNormal.InvCDF(beyond)*sd+0.5)) // 0.5 corrects for continuity, as the test does
	}
	if k, ok := tails.Load([2]int{n1, n2}); ok {
		return k.(int)
	}
	u, k := stats.UDist{N1: n1, N2: n2}, 0
	for u.CDF(float64(k)) <= beyond {
		k++
	}
	tails.Store([2]int{n1, n2}, k)
	return k
}

// differences is all differences of a new and an old value, not written out.
// Both are ascending.
type differences struct{ old, new []float64 }

func (d differences) bounds() (lo, hi float64) {
	return d.new[0] - d.old[len(d.old)-1], d.new[len(d.new)-1] - d.old[0]
}

// upTo counts the differences that are at most v.
func (d differences) upTo(v float64) (n int) {
	j := 0
	for _, o := range d.old {
		for j < len(d.new) && d.new[j]-o <= v {
			j++
		}
		n += j
	}
	return n
}

// kth returns the k-th least, from 1, of a number of values that are known by
// their bounds and by how many are at most as large as any. It narrows the
// range that holds it: to where it would lie if the values between were spread
// evenly, a little beyond, so that the range shrinks from both ends, and by
// half where they are not.
func kth(values interface {
	bounds() (lo, hi float64)
	upTo(v float64) int
}, number, k int) float64 {
	lo, hi := values.bounds()
	below, upTo := 0, number // values up to lo and up to hi, about
	beyond := 0.01
	for i := 0; hi-lo > 1e-10; i++ {
		at := 0.5
		if i%3 != 2 {
			at = float64(k-below)/float64(upTo-below) + beyond
			beyond = -beyond
		}
		middle := lo + (hi-lo)*min(max(at, 0.001), 0.999)
		if n := values.upTo(middle); n >= k {
			hi, upTo = middle, n
		} else {
			lo, below = middle, n
		}
	}
	return hi
}
