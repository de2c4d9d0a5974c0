package steps

import (
	"math"
	"slices"
)

// Search is how steps of timed series are sought.
type Search struct {
	// Series is how many series are looked at together, such as the cells of a
	// history. 0 stands for one.
	Series int

	// Rate is how many false steps all of them together may show in the mean,
	// if they are looked at after each of 200 builds: 1 is one of all series in
	// four years of weekly builds. 0 stands for 0.05.
	Rate float64
}

// Timed finds the steps of one series, at the rate of a single series.
func Timed(builds []Build) []Step { return Search{}.Timed(builds) }

const (
	// rate is the default of Search.Rate.
	rate = 0.05

	// A step needs a p of Rate over looks n^growth among n builds. The powers
	// come from simulation, by which the rate after 200 builds is Rate.
	looks, growth = 1.5, 1.25

	// lags is up to which distance builds are looked at for what they share.
	lags = 3

	// stray is the share of builds that lie far off for a reason of their own,
	// before a series has shown its own share, and worth that of strays builds.
	stray, strays = 0.003, 50

	// most is how many builds are looked at, the last ones. It bounds the time of
	// a series whose builds have nothing in common: 0.1 s.
	most = 1000

	// finest is the least standard deviation of a build, as a logarithm: 0.01 %.
	finest = 1e-4

	// rounds is how often the standard deviation is estimated anew from what
	// the steps leave. It settles in two.
	rounds = 4
)

// Timed finds the steps of one of s.Series series, in its last 1,000 builds.
//
// A build counts as the median of its launches' logarithms. The levels are
// those that cost least: each build its squared distance from the level, in
// standard deviations and up to a bound, and each step a penalty (optimal
// partitioning: Killick, Fearnhead and Eckley 2012; the bound: Fearnhead and
// Rigaill 2019). The penalty is the square of the Student's t that one place of
// one series exceeds with a probability that keeps Rate.
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
	old := max(0, len(y)-most)
	y, index = y[old:], index[old:]
	if len(y) < 4 {
		return nil
	}
	floor := finest
	if len(noise) > 0 {
		floor = max(floor, median(noise))
	}
	l := s.fit(y, floor)
	var out []Step
	for k := 1; k < len(l.starts); k++ {
		d := l.means[k] - l.means[k-1]
		half := quantile(0.025, l.df) * l.sd * math.Sqrt(l.like*(1/float64(l.kept[k-1])+1/float64(l.kept[k])))
		out = append(out, Step{At: index[l.starts[k]], Ratio: math.Exp(d), Low: math.Exp(d - half), High: math.Exp(d + half), Seen: l.end(k) - l.starts[k]})
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
	stray  float64   // share of builds that are not within reach
	like   float64   // variance of a mean of builds, relative to that of independent ones, at least 1
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
	l := &levels{n: n, sd: max(floor, median(diffs)*1.4826/math.Sqrt2), df: max(1, float64(n-1)/2), stray: stray, like: 1}
	for range rounds {
		penalty, bound := s.penalty(l)
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
//
// A step costs what chance reaches with probability p. m builds that are far
// off have the probability stray^m to follow each other, and cost -2 m log
// stray: they make a step if that is less than p. One build alone never does.
func (s Search) penalty(l *levels) (step, build float64) {
	series, wanted := max(1, s.Series), s.Rate
	if wanted == 0 {
		wanted = rate
	}
	p := min(wanted/float64(series), 0.5) / (looks * math.Pow(float64(l.n), growth))
	t := quantile(p/2, l.df)
	return t * t * l.like, t * t * min(math.Log(l.stray)/math.Log(p), 0.99)
}

// settle estimates the levels' means and how builds scatter around them.
func (l *levels) settle(y []float64, bound, floor float64) {
	k := len(l.starts)
	l.means, l.kept = make([]float64, k), make([]int, k)
	far := math.Sqrt(bound) * l.sd
	rest := make([]float64, l.n)
	var sq float64
	within := 0
	for j := range k {
		part := y[l.starts[j]:l.end(j)]
		l.means[j], l.kept[j] = centre(part, far)
		within += l.kept[j]
		for i, v := range part {
			d := min(max(v-l.means[j], -far), far)
			rest[l.starts[j]+i] = d
			sq += d * d
		}
	}
	l.df = max(1, float64(l.n-k))
	l.sd = max(floor, math.Sqrt(sq/l.df))
	l.stray = (stray*strays + float64(l.n-within)) / float64(strays+l.n)
	// A variance of means from correlations up to lags. They are too small by
	// 1/n for each level that was estimated (Marriott and Pope 1954).
	var sum float64
	for lag := 1; lag <= lags && 8*lag <= l.n && sq > 0; lag++ {
		var product float64
		for i := lag; i < l.n; i++ {
			product += rest[i] * rest[i-lag]
		}
		sum += product/sq + float64(k)/float64(l.n)
	}
	l.like = max(1, 1+2*sum)
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
// with probability p, after Wallace (1959). It is too large by 1 % at p = 0.025
// with 3 degrees of freedom, and by 0.3 % at p = 0.0005 with 10.
func quantile(p, df float64) float64 {
	z := math.Sqrt2 * math.Erfinv(1-2*p) * (8*df + 3) / (8*df + 1)
	return math.Sqrt(df * math.Expm1(z*z/df))
}
