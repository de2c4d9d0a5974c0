package gate

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// variances collects the cells' variances to find what they have in common.
type variances struct {
	n          int
	sum, sumSq float64 // of log s² less its expectation
	expected   float64 // how far log s² scatters by sampling alone
}

// freedom is the degrees of freedom of a variance s² whose true value is 1,
// and the mean and variance that log s² has by sampling alone.
type freedom struct{ df, mean, variance float64 }

func free(df float64) freedom {
	return freedom{df, mathext.Digamma(df/2) - math.Log(df/2), trigamma(df / 2)}
}

func (v *variances) add(s2 float64, f freedom) {
	e := math.Log(s2) - f.mean
	v.n++
	v.sum += e
	v.sumSq += e * e
	v.expected += f.variance
}

// prior is the distribution that the cells' true variances come from: a
// scaled inverse χ² with mean s2 and df degrees of freedom.
type prior struct{ s2, df float64 }

// prior estimates it from the mean and the variance of log s² (Smyth 2004,
// section 6.2). Where log s² scatters no more than by sampling all cells are
// taken to have one variance: df is infinite.
func (v *variances) prior() prior {
	if v.n < 2 {
		return prior{1, 0}
	}
	n := float64(v.n)
	mean := v.sum / n
	scatter := (v.sumSq-n*mean*mean)/(n-1) - v.expected/n
	if scatter <= 0 {
		return prior{math.Exp(mean), math.Inf(1)}
	}
	df := 2 * trigammaInverse(scatter)
	return prior{math.Exp(mean + mathext.Digamma(df/2) - math.Log(df/2)), df}
}

// shrink is the posterior mean of a cell's variance.
func (p prior) shrink(s2, df float64) float64 {
	if math.IsInf(p.df, 1) {
		return p.s2
	}
	return (p.df*p.s2 + df*s2) / (p.df + df)
}

// trigamma is ψ', the derivative of digamma.
func trigamma(x float64) float64 { return mathext.Zeta(2, x) }

// trigammaInverse solves ψ'(x) = y by Newton's method on 1/ψ', which is
// convex and nearly linear (Smyth 2004, appendix). ψ” is -2ζ(3, x).
func trigammaInverse(y float64) float64 {
	if y < 1e-6 {
		return 1 / y
	}
	x := 0.5 + 1/y
	for range 50 {
		tri := trigamma(x)
		step := tri * (1 - tri/y) / (-2 * mathext.Zeta(3, x))
		x += step
		if -step/x < 1e-8 {
			break
		}
	}
	return x
}
