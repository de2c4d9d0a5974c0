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
//
// Launches may be of several parts that are never held against each other, such as
// those on one CPU and those on different ones. Then a candidate's time is the mean of
// its parts by their weights, a ratio that of such times, and its bound the sum of those
// of the parts, which share the level.
type Contest struct {
	Within float64 // share of the time, above 0
	Looks  int     // times that it is looked at, at most; 1 where nothing is added
	Level  float64 // the share of contests that may be wrong

	// Aside are candidates that are held against the leader and never lead: what
	// they take decides nothing. nil: none.
	Aside []bool

	weights []float64         // of the parts
	parts   [][][]float64     // by part, by candidate, by block: the natural logarithm of the time, NaN where there is none
	out     []bool            // shown to be slower by more than Within at an earlier look
	slower  [][]float64       // by part, by block, at the last look: see slowerIn
	bound   map[int][]float64 // by number of blocks: see boundOf
}

// NewContest returns one of n candidates without any block, of a part for each of the
// weights, which add up to 1; without any it has one part.
func NewContest(n int, within float64, looks int, weights ...float64) *Contest {
	if weights == nil {
		weights = []float64{1}
	}
	c := &Contest{Within: within, Looks: looks, Level: 1 - Confidence, weights: weights, out: make([]bool, n), slower: make([][]float64, len(weights)), bound: map[int][]float64{}}
	for range weights {
		c.parts = append(c.parts, make([][]float64, n))
	}
	return c
}

// Block adds one to a contest of one part: the time of each candidate in nanoseconds,
// 0 or NaN where no launch of it counts.
func (c *Contest) Block(ns []float64) { c.BlockOf(0, ns) }

// BlockOf adds a block to a part, which are numbered from 0.
func (c *Contest) BlockOf(part int, ns []float64) {
	for i, t := range ns {
		v := math.NaN()
		if t > 0 {
			v = math.Log(t)
		}
		c.parts[part][i] = append(c.parts[part][i], v)
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

// PauseAfter is after how many blocks of a race a candidate that is settled pauses.
// Before, its launches may yet show it to be as good a choice.
const PauseAfter = 20

// Settled reports whether the candidate is shown not to be faster than the leader by more
// than within: more launches of it would decide nothing, unless another leads.
func (h Held) Settled(within float64) bool { return float64(h.Ratio.Lo) > 1/(1+within) }

// Look holds the candidates against the leader. One that is shown to be slower by
// more than Within is out for good.
func (c *Contest) Look() (leader int, held []Held, d Decision) {
	held = make([]Held, len(c.out))
	for p := range c.parts {
		c.slower[p] = c.slowerIn(p)
	}
	least := math.Inf(1)
	leader = -1
	for i := range c.out {
		time := 0.0
		for p, w := range c.weights {
			m, capped := c.center(p, i)
			time += w * math.Exp(m)
			held[i].Capped += capped
		}
		if !c.out[i] && !c.aside(i) && time < least {
			leader, least = i, time
		}
	}
	if leader < 0 {
		return leader, held, TooFew
	}
	others, few, beaten := 0, false, true
	for i := range c.out {
		h := &held[i]
		if i == leader {
			h.Ratio = Ratio{1, 1, 1, len(numbers(c.parts[0][i]))}
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
	for j := range c.out {
		if j != i && !c.out[j] && !c.aside(j) && float64(c.ratio(j, i).Lo) <= 1/(1+c.Within) {
			return false
		}
	}
	return true
}

// center is the mean of a candidate's logarithms in a part, less what slows each block,
// values far off moved in; and how many of them lie so far off that it is worth a word.
func (c *Contest) center(part, i int) (m float64, capped int) {
	values := numbers(c.parts[part][i])
	moved, _ := winsorized(values)
	for b, v := range values {
		if math.Abs(v-moved[b]) > leastMove {
			capped++
		}
	}
	var own []float64
	for b, v := range c.parts[part][i] {
		own = append(own, v-c.slower[part][b])
	}
	moved, _ = winsorized(numbers(own))
	return mean(moved), capped
}

// slowerIn is by what each block of a part is slower than others: the median of what the
// launches of candidates that are left differ from the median of the candidate (a
// step of the median polish of Tukey, Exploratory Data Analysis, 1977). Candidates that
// pause miss blocks, and the machine drifts.
func (c *Contest) slowerIn(part int) []float64 {
	var all [][]float64 // by block
	for i, logs := range c.parts[part] {
		values := numbers(logs)
		if all == nil {
			all = make([][]float64, len(logs))
		}
		if c.out[i] || c.aside(i) || len(values) == 0 {
			continue
		}
		m := middle(values)
		for b, v := range logs {
			if !math.IsNaN(v) {
				all[b] = append(all[b], v-m)
			}
		}
	}
	slower := make([]float64, len(all))
	for b, off := range all {
		if len(off) > 0 {
			slower[b] = middle(off)
		}
	}
	return slower
}

// ratio is by what factor a candidate's time exceeds the leader's. Of several parts
// each has its share of the level, and of the leader's time.
func (c *Contest) ratio(i, leader int) Ratio {
	shares := c.shares(leader)
	all := Ratio{0, 0, 0, math.MaxInt}
	for p, share := range shares {
		r := c.ratioOf(p, i, leader)
		all.Center += Float(share) * r.Center
		all.Lo += Float(share) * r.Lo
		all.Hi += Float(share) * r.Hi
		if r.Lo == 0 { // too few
			all.Lo, all.Hi = Float(math.Inf(-1)), Float(math.Inf(1))
		}
		all.N = min(all.N, r.N)
	}
	all.Lo = max(all.Lo, 0)
	return all
}

// ratioOf is the ratio in one part. Lo is 0 and Hi infinite where too few blocks bound it.
func (c *Contest) ratioOf(part, i, leader int) Ratio {
	d := c.differences(part, i, leader)
	moved, n := winsorized(d)
	r := Ratio{Float(math.Exp(mean(moved))), 0, Float(math.Inf(1)), len(d)}
	if len(d) < leastBlocks {
		return r
	}
	bound := c.boundOf(len(d))
	quantile := bound[0]
	if n < len(bound) {
		d, quantile = moved, bound[n]
	}
	m, sum := mean(d), 0.0
	for _, v := range d {
		sum += (v - m) * (v - m)
	}
	// Launches that agree to the last digit say that the clock is coarse, not
	// that there is no scatter.
	blocks := float64(len(d))
	reach := quantile * max(math.Sqrt(sum/(blocks-1)), 1e-4) / math.Sqrt(blocks)
	r.Lo, r.Hi = Float(math.Exp(m-reach)), Float(math.Exp(m+reach))
	return r
}

// enough reports whether a part is so little of every open bound that its launches are
// better spent on others.
func (c *Contest) enough(part, leader int) bool {
	const little = 0.2
	share := Float(c.shares(leader)[part])
	for i := range c.out {
		if i == leader || c.out[i] || c.aside(i) {
			continue
		}
		r, all := c.ratioOf(part, i, leader), c.ratio(i, leader)
		if open := float64(all.Lo) <= 1/(1+c.Within); r.Lo == 0 || open && share*(r.Hi-r.Lo) > little*(all.Hi-all.Lo) {
			return false
		}
	}
	return true
}

// differences are those of the logarithms of two candidates, in the blocks of a part that both have.
func (c *Contest) differences(part, i, j int) (d []float64) {
	for b, v := range c.parts[part][i] {
		if diff := v - c.parts[part][j][b]; !math.IsNaN(diff) {
			d = append(d, diff)
		}
	}
	return d
}

// shares are those of the leader's time that its parts make up.
func (c *Contest) shares(leader int) []float64 {
	if len(c.weights) == 1 {
		return c.weights
	}
	var shares []float64
	sum := 0.0
	for p, w := range c.weights {
		m, _ := c.center(p, leader)
		shares = append(shares, w*math.Exp(m))
		sum += shares[p]
	}
	for p := range shares {
		shares[p] /= sum
	}
	return shares
}

// boundOf has the quantiles of Student's t for bounds that rest on n blocks, by
// how many values were moved in; there are none for more than may be. A moved
// value counts for no degree of freedom (Dixon and Tukey 1968). The other candidates
// share the level, and so do the looks and the parts.
func (c *Contest) boundOf(n int) []float64 {
	if c.bound[n] == nil {
		level := c.Level / float64(max(1, len(c.out)-1)*max(1, c.Looks)*len(c.parts))
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
