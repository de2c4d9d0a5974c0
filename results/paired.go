package results

import (
	"math"
	"sync"

	"github.com/aclements/go-moremath/stats"
)

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
