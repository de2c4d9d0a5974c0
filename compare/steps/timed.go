package steps

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// Search is how steps of timed series are sought.
type Search struct {
	// Series is how many series are looked at together, such as the cells of a
	// history. 0 stands for one.
	Series int

	// Rate bounds the probability that any of them shows a false step at any of
	// the looks after each of 200 builds, in (0, 1). 0 stands for 0.05.
	Rate float64
}

// Timed finds the steps of one series, at the rate of a single series.
func Timed(builds []Build) []Step { return Search{}.Timed(builds) }

const (
	// rate is the default of Search.Rate.
	rate = 0.05

	// looks scales the p that a step needs, so that Rate comes out: by simulation.
	looks = 1.0

	// least is how many builds must lie on both sides of a step.
	least = 2

	// reach is how many standard deviations a build counts at most. A build
	// that is farther off pulls a level no more, and two of them are no step
	// among 300 series.
	reach = 3.5

	// finest is the least standard deviation of a build, as a logarithm: 0.01 %.
	finest = 1e-4

	// rounds is how often the standard deviation is estimated anew from what
	// the steps leave. It settles in two.
	rounds = 4
)

// Timed finds the steps of one of s.Series series.
//
// A build counts as the median of its launches' logarithms. The levels are
// those that cost least: each build its squared distance from the level, in
// standard deviations and up to a bound, and each step a penalty (optimal
// partitioning: Killick, Fearnhead and Eckley 2012; the bound: Fearnhead and
// Rigaill 2019). The penalty is the square of the Student's t that one place of
// one series reaches by chance with a probability that keeps Rate.
func (s Search) Timed(builds []Build) []Step {
	var y []float64 // of the builds that were measured
	var index []int // in builds
	var noise []float64
	for i, b := range builds {
		logs := usable(b)
		if len(logs) == 0 {
			continue
		}
		m := median(logs)
		y, index = append(y, m), append(index, i)
		if se, ok := medianError(logs, m); ok {
			noise = append(noise, se)
		}
	}
	if len(y) < 2*least {
		return nil
	}
	floor := finest
	if len(noise) > 0 {
		floor = max(floor, median(noise))
	}
	l := s.fit(y, floor)
	var out []Step
	for k := 1; k < len(l.starts); k++ {
		before, after := l.starts[k]-l.starts[k-1], l.end(k)-l.starts[k]
		if min(before, after) < least {
			continue
		}
		d := l.means[k] - l.means[k-1]
		half := quantile(0.025, l.df) * l.sd * math.Sqrt(1/float64(l.kept[k-1])+1/float64(l.kept[k]))
		out = append(out, Step{At: index[l.starts[k]], Ratio: math.Exp(d), Low: math.Exp(d - half), High: math.Exp(d + half), Seen: after})
	}
	return out
}

// medianError is the standard error of the median m of logarithms, from how
// they lie around it: 1.2533 σ/√n, with 1.4826 MAD for σ. What differs from
// build to build comes on top, so no build's error is smaller.
func medianError(logs []float64, m float64) (float64, bool) {
	if len(logs) < 3 {
		return 0, false
	}
	far := make([]float64, len(logs))
	for i, l := range logs {
		far[i] = math.Abs(l - m)
	}
	return 1.2533 * 1.4826 * median(far) / math.Sqrt(float64(len(logs))), true
}

// levels are the stretches between steps.
type levels struct {
	n      int
	starts []int     // of each stretch
	means  []float64 // of the builds that are within reach
	kept   []int     // builds within reach
	sd     float64   // standard deviation of a build
	df     float64   // of sd
}

func (l *levels) end(k int) int {
	if k+1 < len(l.starts) {
		return l.starts[k+1]
	}
	return l.n
}

// fit finds levels and the standard deviation of a build, which depend on each
// other. The first standard deviation is that of differences of neighbours, in
// which a step counts once.
func (s Search) fit(y []float64, floor float64) *levels {
	n := len(y)
	diffs := make([]float64, n-1)
	for i := range diffs {
		diffs[i] = math.Abs(y[i+1] - y[i])
	}
	l := &levels{n: n, sd: max(floor, median(diffs)*1.4826/math.Sqrt2), df: max(1, float64(n-1)/2)}
	for range rounds {
		penalty, bound := s.penalty(n, l.df)
		starts := partition(y, l.sd, penalty, bound)
		same := slices.Equal(starts, l.starts)
		l.starts = starts
		l.settle(y, bound, floor)
		if same {
			break
		}
	}
	return l
}

// penalty is what a step costs, and the most that a build costs, in squared
// standard deviations.
func (s Search) penalty(n int, df float64) (step, build float64) {
	series, wanted := max(1, s.Series), s.Rate
	if wanted == 0 {
		wanted = rate
	}
	p := wanted / float64(series) / (looks * float64(n))
	t, z := quantile(p/2, df), quantile(p/2, math.Inf(1))
	return t * t, reach * reach * t * t / (z * z)
}

// settle estimates the levels' means and the standard deviation from builds
// within reach.
func (l *levels) settle(y []float64, bound, floor float64) {
	k := len(l.starts)
	l.means, l.kept = make([]float64, k), make([]int, k)
	far := math.Sqrt(bound) * l.sd
	var sq float64
	for j := range k {
		part := y[l.starts[j]:l.end(j)]
		l.means[j], l.kept[j] = centre(part, far)
		for _, v := range part {
			d := min(math.Abs(v-l.means[j]), far)
			sq += d * d
		}
	}
	l.df = max(1, float64(l.n-k))
	l.sd = max(floor, math.Sqrt(sq/l.df))
}

// centre is the mean of the values within reach of it, and how many these are.
func centre(part []float64, far float64) (mean float64, kept int) {
	m := median(slices.Clone(part))
	for range 10 {
		var sum float64
		kept = 0
		for _, v := range part {
			if math.Abs(v-m) <= far {
				sum += v
				kept++
			}
		}
		if kept == 0 { // two builds, far apart
			return m, 1
		}
		if mean = sum / float64(kept); mean == m {
			break
		}
		m = mean
	}
	return m, kept
}

// quantile is the value that Student's t with df degrees of freedom exceeds
// with probability p.
func quantile(p, df float64) float64 {
	if math.IsInf(df, 1) {
		return math.Sqrt2 * math.Erfinv(1-2*p)
	}
	x := mathext.InvRegIncBeta(df/2, 0.5, 2*p)
	return math.Sqrt(df * (1 - x) / x)
}
