package results

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mathext"
)

// Within is the share by which another may be faster and the first still counts
// as good a choice: a difference of less decides nothing in a program.
const Within = 0.05

// Decision is how much a contest has shown of its leader.
type Decision string

const (
	Fastest    Decision = "fastest"          // every other is shown to be slower by more than Within
	NoneFaster Decision = "none faster"      // no other is more than Within faster; some may be as good a choice
	Undecided  Decision = "can't tell"       // another may be faster by more than that
	TooFew     Decision = "too few launches" // there are fewer than leastBlocks of some
	Alone      Decision = "only one"         // there is no other
)

// RaceLooks are the blocks after which a race looks at a contest: as many as the
// share of the level that each look has allows for.
var RaceLooks = []int{6, 8, 11, 15, 20, 27, 36, 48, 64, 85, 113, 150}

// leastBlocks is how many blocks a bound rests on: of fewer the deviations that
// find a value far off are themselves a matter of luck.
const leastBlocks = 6

// farOff is how many standard deviations, estimated from the median absolute
// deviation, a value may lie from the median before it is moved to there.
const farOff = 3

// normal is how many median absolute deviations the standard deviation of normal
// values is.
const normal = 1.4826

// Contest finds the candidate that takes the least time. It holds launches
// against each other in blocks: the launches of a block came close together, so
// that what slows the machine slows all of them.
//
// The leader has the least mean of logarithms. Another's bounds are those of
// Student's t over the blocks that both have; values far off are moved in first
// (winsorised), so that a disturbed launch widens them and does not decide. Where
// they may be another mode of the candidates, they stay: see most. The level of
// a bound is shared among the other candidates and the looks: of all contests at
// most 1-Confidence name a leader that is slower than the best by more than
// Within, if launches are not correlated with the ones before. It is the comparison with the best of Hsu (1981,
// doi:10.1214/aos/1176345582), by pairs, with Bonferroni's inequality over the
// looks. docs/method.md has error rates by simulation.
type Contest struct {
	Within float64 // share of the time, above 0
	Looks  int     // times that it is looked at, at most; 1 where nothing is added

	// Aside are candidates that are held against the leader and never lead: what
	// they take decides nothing. nil: none.
	Aside []bool

	logs  [][]float64       // by candidate, by block: the natural logarithm of the time, NaN where there is none
	out   []bool            // shown to be slower by more than Within at an earlier look
	bound map[int][]float64 // by number of blocks: see boundOf
}

// NewContest returns one of n candidates without any block.
func NewContest(n int, within float64, looks int) *Contest {
	return &Contest{Within: within, Looks: looks, logs: make([][]float64, n), out: make([]bool, n)}
}

// Block adds one: the time of each candidate in nanoseconds, 0 or NaN where no
// launch of it counts.
func (c *Contest) Block(ns []float64) {
	for i, t := range ns {
		v := math.NaN()
		if t > 0 {
			v = math.Log(t)
		}
		c.logs[i] = append(c.logs[i], v)
	}
}

// Out reports whether an earlier look has shown that the candidate is slower
// than another by more than Within. Less is no reason: of 8 that take the same
// time at least one is out in 17 % of simulated races if any difference counts.
func (c *Contest) Out(i int) bool { return c.out[i] }

func (c *Contest) aside(i int) bool { return c.Aside != nil && c.Aside[i] }

// Held is a candidate against the leader.
type Held struct {
	Ratio  Ratio // of its time to the leader's: 1 for the leader. Lo is 0 and Hi infinite where too few blocks bound it
	Capped int   // of its launches, those that lay far off and were moved in
	Out    bool  // shown to be slower than a leader by more than Within, at this look or before
	Equal  bool  // as good a choice: no other is more than Within faster than it
	Aside  bool  // it never leads: see Contest
}

// Look holds the candidates against the leader. One that is shown to be slower by
// more than Within is out for good.
func (c *Contest) Look() (leader int, held []Held, d Decision) {
	held = make([]Held, len(c.logs))
	least := math.Inf(1)
	leader = -1
	for i, logs := range c.logs {
		values := numbers(logs)
		moved, _ := winsorized(values)
		for b, v := range values {
			if math.Abs(v-moved[b]) > leastMove {
				held[i].Capped++
			}
		}
		if m := mean(moved); !c.out[i] && !c.aside(i) && m < least {
			leader, least = i, m
		}
	}
	if leader < 0 {
		return leader, held, TooFew
	}
	others, few, beaten := 0, false, true
	for i := range c.logs {
		h := &held[i]
		if i == leader {
			h.Ratio = Ratio{1, 1, 1, len(numbers(c.logs[i]))}
			continue
		}
		h.Ratio = c.ratio(i, leader)
		slower := float64(h.Ratio.Lo) > 1+c.Within
		if c.aside(i) {
			h.Out = slower
			continue
		}
		others++
		if slower {
			c.out[i] = true
		}
		if h.Out = c.out[i]; !h.Out {
			few = few || h.Ratio.Lo == 0
		}
		beaten = beaten && slower
	}
	for i := range held {
		held[i].Aside = c.aside(i)
		// What is slower than the leader by more cannot be as good.
		held[i].Equal = !c.aside(i) && float64(held[i].Ratio.Hi) < 1+c.Within && c.noneFaster(i)
	}
	switch {
	case others == 0:
		return leader, held, Alone
	case few:
		return leader, held, TooFew
	case beaten:
		return leader, held, Fastest
	case held[leader].Equal:
		return leader, held, NoneFaster
	}
	return leader, held, Undecided
}

// noneFaster reports whether no other candidate that is left is faster than this
// one by more than Within. Any number of candidates may pass: an error needs the
// bound of one pair to fail, that of the candidate and the best.
func (c *Contest) noneFaster(i int) bool {
	for j := range c.logs {
		if j != i && !c.out[j] && !c.aside(j) && float64(c.ratio(j, i).Lo) <= 1/(1+c.Within) {
			return false
		}
	}
	return true
}

// ratio is by what factor a candidate's time exceeds the leader's.
func (c *Contest) ratio(i, leader int) Ratio {
	var d []float64
	for b, v := range c.logs[i] {
		if diff := v - c.logs[leader][b]; !math.IsNaN(diff) {
			d = append(d, diff)
		}
	}
	moved, all := winsorized(d)
	r := Ratio{Float(math.Exp(mean(moved))), 0, Float(math.Inf(1)), len(d)}
	if len(d) < leastBlocks {
		return r
	}
	bound := c.boundOf(len(d))
	quantile := bound[0]
	if all < len(bound) {
		d, quantile = moved, bound[all]
	}
	m, sum := mean(d), 0.0
	for _, v := range d {
		sum += (v - m) * (v - m)
	}
	// Launches that agree to the last digit say that the clock is coarse, not
	// that there is no scatter.
	n := float64(len(d))
	reach := quantile * max(math.Sqrt(sum/(n-1)), 1e-4) / math.Sqrt(n)
	r.Lo, r.Hi = Float(math.Exp(m-reach)), Float(math.Exp(m+reach))
	return r
}

// boundOf has the quantiles of Student's t for bounds that rest on n blocks, by
// how many values were moved in; there are none for more than may be. A moved
// value counts for no degree of freedom (Dixon and Tukey 1968).
func (c *Contest) boundOf(n int) []float64 {
	if c.bound == nil {
		c.bound = map[int][]float64{}
	}
	if c.bound[n] == nil {
		level := (1 - Confidence) / float64(max(1, len(c.logs)-1)*max(1, c.Looks))
		for moved := range most(n, level/2) + 1 {
			c.bound[n] = append(c.bound[n], studentT(1-level, float64(n-1-moved)))
		}
	}
	return c.bound[n]
}

// most is how many of n values may be moved in. Two candidates with the same two
// modes, drawn once a launch, differ one way in a quarter of the blocks: by luck
// that quarter is the majority, and to move the others to it would show a
// difference that is none. So many may be moved that such luck has at most that
// level. Without it 24 % of races among 8 such candidates are wrong, with it 2 %.
func most(n int, level float64) int {
	k := 0
	for k < n/2 && binomialTail(n, n-k-1, 0.25) <= level {
		k++
	}
	return k
}

// binomialTail is the probability that at least k of n happen, k above 0, each
// with probability p.
func binomialTail(n, k int, p float64) float64 {
	return mathext.RegIncBeta(float64(k), float64(n-k+1), p)
}

// numbers are the values that are numbers.
func numbers(values []float64) []float64 {
	return slices.DeleteFunc(slices.Clone(values), math.IsNaN)
}

// winsorized are the values, what lies far off moved to where that begins, and how
// many those are.
func winsorized(values []float64) (moved []float64, n int) {
	moved = slices.Clone(values)
	if len(values) < 3 {
		return moved, 0
	}
	m := middle(values)
	off := make([]float64, len(values))
	for i, v := range values {
		off[i] = math.Abs(v - m)
	}
	reach := farOff * normal * middle(off)
	for i, v := range values {
		if moved[i] = min(max(v, m-reach), m+reach); moved[i] != v {
			n++
		}
	}
	return moved, n
}

// leastMove is on the scale of logarithms: a launch that is moved by less than
// 5 % was not disturbed in any sense that is worth a word.
const leastMove = 0.05

// middle is the median.
func middle(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// mean of none is NaN.
func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// studentT is the quantile of Student's t, for p above a half.
func studentT(p, df float64) float64 {
	x := mathext.InvRegIncBeta(df/2, 0.5, 2*(1-p))
	return math.Sqrt(df * (1 - x) / x)
}
