package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"

	"github.com/aclements/go-moremath/stats"

	"ipcbench/compare/steps"
)

// flat is how a cell's builds differ without a step. All deviations are of
// logarithms.
type flat struct {
	name    string
	launch  float64 // standard deviation of a build's ten launches
	session float64 // standard deviation of what they share
	lag     float64 // correlation of what they share with that of the build before
	tail    bool    // both have Student's t with 3 degrees of freedom, scaled to the same deviation
	modes   float64 // probability that a build lies 15 % higher
	missing float64 // probability that a build was not measured
}

// stated is what the tables have where nothing else is said.
var stated = flat{name: "as stated", launch: 0.05, session: 0.015}

// flats are the series that have no step.
func flats() []flat {
	with := func(name string, change func(*flat)) flat {
		f := stated
		f.name = name
		change(&f)
		return f
	}
	return []flat{
		stated,
		with("builds differ by 10 %", func(f *flat) { f.session = 0.1 }),
		with("builds do not differ", func(f *flat) { f.session = 0 }),
		with("Student's t with 3 degrees of freedom", func(f *flat) { f.tail = true }),
		with("one build in 5 not measured", func(f *flat) { f.missing = 0.2 }),
		with("one build in 10 lies 15 % higher", func(f *flat) { f.modes = 0.1 }),
		with("every second build lies 15 % higher, by chance", func(f *flat) { f.modes = 0.5 }),
		with("builds correlated with the ones before, 0.3", func(f *flat) { f.lag = 0.3 }),
		with("builds correlated with the ones before, 0.6", func(f *flat) { f.lag = 0.6 }),
	}
}

// draw draws what has a standard deviation of 1.
func (f flat) draw(r *rand.Rand) float64 {
	z := r.NormFloat64()
	if f.tail {
		var chi float64
		for range 3 {
			e := r.NormFloat64()
			chi += e * e
		}
		z /= math.Sqrt(chi) // t/√3, whose variance is 1
	}
	return z
}

// sample is a build: its launches' logarithms, ascending. It is empty if the
// build was not measured.
type sample []float64

func (s sample) median() float64 { return (s[4] + s[5]) / 2 }

// reduced are three launches with the median of the ten, and an error of it as
// large. A search looks at no more, and takes a third of the time.
func (s sample) reduced() steps.Build {
	if len(s) == 0 {
		return nil
	}
	m := s.median()
	far := make([]float64, len(s))
	for i, l := range s {
		far[i] = math.Abs(l - m)
	}
	slices.Sort(far)
	d := (far[4] + far[5]) / 2 * math.Sqrt(3.0/10)
	return steps.Build{math.Exp(m - d), math.Exp(m), math.Exp(m + d)}
}

// series draws n builds, which are slower by a step from the build at on.
func (f flat) series(r *rand.Rand, n, at int, step float64) []sample {
	out := make([]sample, n)
	shared := f.draw(r)
	for i := range out {
		shared = f.lag*shared + math.Sqrt(1-f.lag*f.lag)*f.draw(r)
		level := f.session * shared
		if r.Float64() < f.modes {
			level += mode
		}
		if i >= at {
			level += math.Log1p(step)
		}
		s := make(sample, 10)
		for k := range s {
			s[k] = level + f.launch*f.draw(r)
		}
		slices.Sort(s)
		if r.Float64() >= f.missing {
			out[i] = s
		}
	}
	return out
}

// watched is a series in the forms that monitors look at.
type watched struct {
	samples []sample
	reduced []steps.Build
}

func watch(s []sample) watched {
	w := watched{samples: s}
	for _, b := range s {
		w.reduced = append(w.reduced, b.reduced())
	}
	return w
}

// monitor is a way to watch a series. A look at its first n builds returns
// where it shows steps, or -1 where it does not say.
type monitor struct {
	name string
	look func(w watched, n int) (at []int)
}

// search looks for steps as histories do, among that many series.
func search(series int) monitor {
	return monitor{fmt.Sprintf("steps, %d series", series), func(w watched, n int) (at []int) {
		for _, found := range (steps.Search{Series: series}).Timed(w.reduced[:n]) {
			at = append(at, found.At)
		}
		return at
	}}
}

// latest compares a build with the one before, by Welch's t at 1 %.
var latest = monitor{"latest against previous, 1 %", func(w watched, n int) []int {
	s := w.samples
	n--
	if n < 1 || len(s[n]) == 0 || len(s[n-1]) == 0 {
		return nil
	}
	v1, v2 := stats.Variance(s[n-1])/10, stats.Variance(s[n])/10
	df := (v1 + v2) * (v1 + v2) / (v1*v1/9 + v2*v2/9)
	if (stats.TDist{V: df}).CDF(-math.Abs(stats.Mean(s[n])-stats.Mean(s[n-1]))/math.Sqrt(v1+v2)) < 0.005 {
		return []int{n}
	}
	return nil
}}

// cusum sums what builds exceed the mean of the first ten by, less half a
// standard deviation, and alarms at five (Page 1954).
var cusum = monitor{"CUSUM, 0.5 and 5 standard deviations", func(w watched, n int) []int {
	y := medians(w.samples[:n])
	if len(y) < 11 {
		return nil
	}
	mean, sd := stats.Mean(y[:10]), stats.StdDev(y[:10])
	up, down := 0.0, 0.0
	for _, m := range y[10:] {
		z := (m - mean) / sd
		up, down = max(0, up+z-0.5), max(0, down-z-0.5)
	}
	if max(up, down) > 5 {
		return []int{-1}
	}
	return nil
}}

// fixed partitions the last 40 builds with a penalty that is the same for one
// look and many: 3 log n + 6. A stretch has three builds, but for the last, of
// two. Deviations are in units of the MAD of differences, and at most 6.
var fixed = monitor{"partition at a fixed penalty, 3 log n + 6", func(w watched, builds int) (at []int) {
	y := medians(w.samples[:builds])
	y = y[max(0, len(y)-40):]
	n := len(y)
	if n < 6 {
		return nil
	}
	var diffs []float64
	for i := 1; i < n; i++ {
		diffs = append(diffs, math.Abs(y[i]-y[i-1]))
	}
	sd := middle(diffs) * 1.4826 / math.Sqrt2
	m := middle(y)
	z := make([]float64, n)
	for i := range y {
		z[i] = min(max((y[i]-m)/sd, -6), 6)
	}
	penalty := 3*math.Log(float64(n)) + 6
	cost, from := make([]float64, n+1), make([]int, n+1)
	cost[0] = -penalty
	for end := 1; end <= n; end++ {
		cost[end] = math.Inf(1)
		least := 3
		if end == n {
			least = 2
		}
		sum, sq := 0.0, 0.0
		for k := end - 1; k >= 0; k-- {
			sum, sq = sum+z[k], sq+z[k]*z[k]
			if c := cost[k] + penalty + sq - sum*sum/float64(end-k); end-k >= least && c < cost[end] {
				cost[end], from[end] = c, k
			}
		}
	}
	for k := from[n]; k > 0; k = from[k] {
		at = append(at, builds-n+k)
	}
	return at
}}

func medians(s []sample) (y []float64) {
	for _, b := range s {
		if len(b) > 0 {
			y = append(y, b.median())
		}
	}
	return y
}

func middle(values []float64) float64 {
	v := slices.Sorted(slices.Values(values))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// first is the look at which a monitor shows a step, of those from the number
// of builds first on; 0: at none.
func (m monitor) first(w watched, first int) int {
	for n := first; n <= len(w.samples); n++ {
		if len(m.look(w, n)) > 0 {
			return n
		}
	}
	return 0
}

// trials are n trials of f, each with random numbers of its own.
func trials[T any](n int, f func(r *rand.Rand) T) []T {
	out := make([]T, n)
	workers := runtime.GOMAXPROCS(0)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				out[i] = f(rand.New(rand.NewPCG(4, uint64(i))))
			}
		})
	}
	wg.Wait()
	return out
}

// share is in which share of n trials f is true.
func share(n int, f func(r *rand.Rand) bool) float64 {
	yes := 0
	for _, is := range trials(n, f) {
		if is {
			yes++
		}
	}
	return float64(yes) / float64(n)
}
