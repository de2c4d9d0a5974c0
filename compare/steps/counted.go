package steps

import (
	"math"
	"slices"
)

const (
	// alike is the change of a counted value that is none, as a logarithm.
	// The CI of rustls has the same floor.
	alike = 0.002

	// seeds is how many seeds must be there before and after a step. Five agree
	// in sign by chance once in 16.
	seeds = 5

	// past is how many changes the quartiles need, and recent how many they look
	// at. Fewer show nothing: of seven releases of a kernel most changes are steps.
	past, recent = 8, 40
)

// Counted finds the steps of values that a build and a seed determine, such as
// insns/op. A row is a build, a column a seed; NaN is a value that is missing,
// and a row may be shorter than others.
//
// A build is compared with the medians of the builds since the last step, seed
// by seed. It is a step if all seeds agree in sign, and the median change
// exceeds 0.2 % and what the series does from build to build: the upper
// quartile plus three interquartile ranges of the last 40 such changes, or of
// the first 40. With fewer than 8 there is no such bound. One build shows a step.
//
// A build with fewer than five seeds counts as not measured, and one that
// shares fewer than five with the builds before is not judged. The interval is
// that of the median over seeds by the sign test: from the least to the
// greatest of five (93.8 %) to eight (99.2 %).
func Counted(builds [][]float64) []Step {
	var logs [][]float64 // of the builds that were measured
	var index []int      // in builds
	for i, b := range builds {
		l := make([]float64, len(b))
		for k, v := range b {
			l[k] = math.NaN()
			if v > 0 && !math.IsInf(v, 0) {
				l[k] = math.Log(v)
			}
		}
		if len(differences(l, l)) >= seeds {
			logs, index = append(logs, l), append(index, i)
		}
	}
	changes := make([]float64, len(logs)) // from the build before; 0: not known
	for i := 1; i < len(logs); i++ {
		if d := differences(logs[i-1], logs[i]); len(d) >= seeds {
			changes[i] = math.Abs(median(d))
		}
	}
	var out []Step
	var now, before stretch // since the last step, and between it and the one before
	end := func(i int) {    // of a stretch: the step before it is known by now
		if len(out) > 0 {
			s := &out[len(out)-1]
			s.Seen = i - s.At
			s.At = index[s.At]
			s.Ratio, s.Low, s.High = spread(differences(before.level(), now.level()))
		}
	}
	for i, l := range logs {
		if d := differences(now.level(), l); len(d) >= seeds {
			m := median(d) // sorts
			last := min(max(i+1, recent+1), len(logs))
			if (d[0] > 0 || d[len(d)-1] < 0) && math.Abs(m) > limit(changes[max(1, last-recent):last]) {
				end(i)
				out = append(out, Step{At: i})
				before, now = now, nil
			}
		}
		now.add(l)
	}
	end(len(logs))
	return out
}

// stretch has the values of builds by seed, ascending.
type stretch [][]float64

func (s *stretch) add(logs []float64) {
	for k, l := range logs {
		if k == len(*s) {
			*s = append(*s, nil)
		}
		if l == l {
			values := &(*s)[k]
			at, _ := slices.BinarySearch(*values, l)
			*values = slices.Insert(*values, at, l)
		}
	}
}

// level is the median of each seed, and NaN of one without values.
func (s stretch) level() []float64 {
	out := make([]float64, len(s))
	for k, values := range s {
		if n := len(values); n > 0 {
			out[k] = (values[(n-1)/2] + values[n/2]) / 2
		} else {
			out[k] = math.NaN()
		}
	}
	return out
}

// differences are new less old of the seeds that both have.
func differences(old, new []float64) []float64 {
	var out []float64
	for k := range min(len(old), len(new)) {
		if d := new[k] - old[k]; d == d {
			out = append(out, d)
		}
	}
	return out
}

// limit is the change that a step must exceed.
func limit(changes []float64) float64 {
	if len(changes) < past {
		return alike
	}
	last := slices.Sorted(slices.Values(changes))
	q1, q3 := quartile(last, 0.25), quartile(last, 0.75)
	return max(alike, q3+3*(q3-q1))
}

// quartile interpolates between sorted values.
func quartile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// spread is the median of differences as a ratio, with the interval of the
// sign test: from the d-th least to the d-th greatest, d as large as 95 %
// allow, and at least 1.
func spread(d []float64) (ratio, low, high float64) {
	n := len(d)
	m := median(d) // sorts
	k, chance, tail := 0, math.Exp2(-float64(n)), 0.0
	for tail+chance <= 0.025 { // P(Bin(n, ½) ≤ k)
		tail += chance
		chance *= float64(n-k) / float64(k+1)
		k++
	}
	k = max(k, 1)
	return math.Exp(m), math.Exp(d[k-1]), math.Exp(d[n-k])
}
