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
	d := differences{slices.Sorted(slices.Values(old)), slices.Sorted(slices.Values(new))}
	n := len(old) * len(new)
	r := Ratio{Center: Float(math.Exp((d.kth((n+1)/2) + d.kth(n/2+1)) / 2)), Lo: 0, Hi: Float(math.Inf(1))}
	if k := tail(len(old), len(new)); k > 0 {
		r.Lo, r.Hi = Float(math.Exp(d.kth(k))), Float(math.Exp(d.kth(n+1-k)))
	}
	return r
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

// kth returns the k-th least, from 1, by halving the range that holds it.
func (d differences) kth(k int) float64 {
	lo, hi := d.new[0]-d.old[len(d.old)-1], d.new[len(d.new)-1]-d.old[0]
	for hi-lo > 1e-10 {
		middle := lo + (hi-lo)/2
		if d.upTo(middle) >= k {
			hi = middle
		} else {
			lo = middle
		}
	}
	return hi
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
