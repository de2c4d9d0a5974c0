package results

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/aclements/go-moremath/stats"
)

// Ratio is by what factor new exceeds old: the Hodges–Lehmann estimate, which
// is the median of the ratios of all pairs of launches, with the interval that
// the rank test does not reject (Hollander, Wolfe and Chicken, Nonparametric
// Statistical Methods, 3rd ed., sections 4.2 and 4.3). With too few launches
// for an interval at 95 % its bounds are 0 and infinite.
type Ratio struct {
	Center Float `json:"center"` // null: not known
	Lo     Float `json:"lo"`     // of the interval at 95 %; 0 where too few launches bound it
	Hi     Float `json:"hi"`     // null where too few launches bound it
	N      int   `json:"-"`
}

// What a ratio is shown to be, in the words of every output. A gate adds that
// slower and faster exceed a threshold.
const (
	Same     = "same" // the interval lies within a threshold, either way
	Slower   = "slower"
	Faster   = "faster"
	CantTell = "can't tell" // none of these: Open has the bounds
)

// Verdict is what the interval of the ratio of two times shows: that they are
// the same up to a share, or which of them is larger.
func (r Ratio) Verdict(within float64) string {
	switch {
	case r.Inside(within):
		return Same
	case r.Lo > 1:
		return Slower
	case r.Hi < 1:
		return Faster
	}
	return CantTell
}

// Inside reports whether the interval lies within ±within.
func (r Ratio) Inside(within float64) bool {
	return float64(r.Lo) > 1/(1+within) && float64(r.Hi) < 1+within
}

// Bounds is what is known where nothing is shown: "between -3.1 and +20.5 %".
func (r Ratio) Bounds() string {
	if r.Lo == 0 {
		return "too few launches"
	}
	return fmt.Sprintf("between %s and %s %%", points(r.Lo), points(r.Hi))
}

// Open is the verdict where nothing is shown, with what is known.
func (r Ratio) Open() string { return CantTell + ": " + r.Bounds() }

// Inverse is by what factor old exceeds new.
func (r Ratio) Inverse() Ratio { return Ratio{Center: 1 / r.Center, Lo: 1 / r.Hi, Hi: 1 / r.Lo} }

// Estimate is the ratio in the form that numbers of cells have.
func (r Ratio) Estimate() Estimate { return Estimate{Center: r.Center, Lo: r.Lo, Hi: r.Hi, N: r.N} }

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

// NewPairedRatio estimates by what factor new exceeds old from pairs of
// launches that came one right after the other, given as the logarithms of
// their ratios: the median of all averages of two of them, with the interval
// that the signed-rank test does not reject (Hollander, Wolfe and Chicken,
// sections 3.2 and 3.3). Below six pairs there is no interval at 95 %.
func NewPairedRatio(logRatios []float64) Ratio {
	a := averages(ascending(logRatios))
	n := len(a)
	all := n * (n + 1) / 2
	r := Ratio{
		Center: Float(math.Exp((kth(a, all, (all+1)/2) + kth(a, all, all/2+1)) / 2)),
		Lo:     0, Hi: Float(math.Inf(1)),
	}
	if k := signedRankTail(n); k > 0 {
		r.Lo, r.Hi = Float(math.Exp(kth(a, all, k))), Float(math.Exp(kth(a, all, all+1-k)))
	}
	return r
}

var signedRankTails sync.Map // of signedRankTail, by n

// exactPairs is the number of pairs up to which the distribution is counted.
const exactPairs = 50

// signedRankTail is the greatest k for which the k-th least and the k-th
// greatest average bound an interval at the confidence, 0 where there is none.
func signedRankTail(n int) int {
	beyond := (1 - Confidence) / 2
	if n > exactPairs {
		mean, sd := float64(n)*float64(n+1)/4, math.Sqrt(float64(n)*float64(n+1)*float64(2*n+1)/24)
		return max(0, int(mean+stats.StdNormal.InvCDF(beyond)*sd+0.5))
	}
	if k, ok := signedRankTails.Load(n); ok {
		return k.(int)
	}
	ways := subsets(n)
	k, below := 0, 0.0
	for below += ways[0]; below <= beyond; below += ways[k] {
		k++
	}
	signedRankTails.Store(n, k)
	return k
}

// subsets is the share of the subsets of 1 … n that have the sum 0, 1, …: the
// distribution of the signed-rank statistic.
func subsets(n int) []float64 {
	ways := make([]float64, n*(n+1)/2+1)
	ways[0] = 1
	for i := 1; i <= n; i++ {
		for sum := i * (i + 1) / 2; sum >= 0; sum-- {
			ways[sum] /= 2
			if sum >= i {
				ways[sum] += ways[sum-i] / 2
			}
		}
	}
	return ways
}

// averages is all averages of two values, each value with itself too, not
// written out. They are ascending.
type averages []float64

func (a averages) bounds() (lo, hi float64) { return a[0], a[len(a)-1] }

// upTo counts the averages that are at most v.
func (a averages) upTo(v float64) (n int) {
	j := len(a) - 1 // the last whose average with a[i] is at most v
	for i, x := range a {
		for j >= i && x+a[j] > 2*v {
			j--
		}
		if j < i {
			break
		}
		n += j - i + 1
	}
	return n
}
