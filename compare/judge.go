package compare

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"ipcbench/compare/gate"
	"ipcbench/results"
)

// seed of the relabellings: a report is a pure function of records.
const seed = 1

// leastDraws is how many relabellings the change that the gate finds, and the
// launches that a row needs, rest on. From the 100 that are enough where
// nothing is significant, the critical value came out between 4.2 and 7.5.
const leastDraws = 1999

// powered is the normal quantile of the power that detectable changes and
// needed launches are stated for, 0.8; interval that of a 95 % interval. SeenShare
// is how many of the cells that are slower by Gate.Seen the gate finds.
const (
	powered   = 0.8416
	interval  = 1.96
	SeenShare = 0.95
)

// judge gives every row its verdict. The turns are nil where the sides did not
// take any.
func (r *Report) judge(o Options, t *turns) {
	d := design(twoSamples{})
	if slices.ContainsFunc(r.Rows, func(row Row) bool { return row.Paired() }) {
		d = pairs{t}
		r.Gate.Paired = true
	}
	var gated, aside []*Row
	for i := range r.Rows {
		if row := &r.Rows[i]; row.Aside {
			aside = append(aside, row)
		} else {
			gated = append(gated, row)
		}
	}
	// Rows aside are a family of their own: the more of them, the less would the gate see.
	beside := r.Gate
	beside.judge(aside, d, o)
	for _, row := range aside {
		row.setAside()
	}
	r.Gate.judge(gated, d, o)
}

// judge gives rows their verdicts, all together.
func (g *Gate) judge(rows []*Row, d design, o Options) {
	alpha := o.alpha()
	minN := leastOf(d, alpha)
	var judged []*Row
	for _, row := range rows {
		p := d.minP(row.Old.N, row.New.N, row.Pairs)
		switch {
		case !row.positive:
			row.Verdict, row.Why = Unjudged, "a value is 0: there is no ratio"
			if row.negative {
				row.Why = "a value is below 0: there is no ratio"
			}
		case p > alpha && row.equal:
			row.Verdict = Same // counts repeat: one is as good as ten
		case p > alpha:
			row.Verdict, row.Need = Unjudged, minN
			row.Why = fmt.Sprintf("%s: no p can be below %.2g; %d a side would do", d.count(row), p, minN)
		default:
			judged = append(judged, row)
		}
	}
	test := gate.Test{Shift: math.Log1p(o.Threshold), Alpha: alpha, Draws: o.draws(), Seed: seed}
	fall := test
	fall.Fall = true
	test.Least = leastDraws
	up, down := d.run(test, judged), d.run(fall, judged)
	g.Method, g.Cells, g.Draws, g.MinN = d.method(), len(judged), up.Draws(), minN
	if len(judged) == 0 {
		return
	}
	critical := up.Critical(alpha)
	detectable := make([]float64, len(judged))
	for i, row := range judged {
		row.PGate, row.PFaster = results.Float(up.P[i]), results.Float(down.P[i])
		threshold := cmp.Or(row.Threshold, o.Threshold)
		shift := math.Log1p(threshold)
		detectable[i] = math.Expm1(shift + (critical+powered)*up.SE[i])
		switch {
		case up.P[i] <= alpha:
			row.Verdict = Slower
		case down.P[i] <= alpha:
			row.Verdict = Faster
		case row.Ratio.Inside(threshold):
			row.Verdict = Same
		default:
			row.Verdict = CantTell
			row.Need = row.needed(shift, critical, up.SE[i]*up.SE[i]*d.size(row), minN)
		}
	}
	slices.Sort(detectable)
	g.Seen = results.Float(math.Expm1(d.seen(test, judged, up)))
	g.Detectable, g.Worst = results.Float(detectable[len(detectable)/2]), results.Float(detectable[len(detectable)-1])
}

// Least is how many launches a side needs at least: with fewer, no change, however
// large, would be a regression.
func (o Options) Least() int { return leastOf(twoSamples{}, o.alpha()) }

func leastOf(d design, alpha float64) int {
	n := 1
	for d.minP(n, n, n) > alpha {
		n++
	}
	return n
}

// needed is how many launches a side would show it, if the change is what it
// looks like: enough for the statistic to exceed its critical value, or for
// the interval to lie within the threshold, 4 times in 5. The variance is that
// of the change which a single launch a side shows. It is -1 beyond 1000,
// where the change is about the threshold itself.
func (r *Row) needed(shift, critical, variance float64, minN int) int {
	change := math.Abs(math.Log(float64(r.Ratio.Center)))
	z := interval + powered
	if change > shift {
		z = critical + powered
	}
	gap := change - shift
	n := math.Ceil(variance * z * z / (gap * gap))
	if !(n <= 1000) {
		return -1
	}
	return max(int(n), min(r.Old.N, r.New.N)+1, minN)
}

// means averages the ratios of each workload, mechanism and metric.
func means(rows []Row) []Mean {
	var out []Mean
	at := map[Mean]int{}
	var sums []float64
	for i := range rows {
		row := &rows[i]
		if !row.positive || row.Aside {
			continue
		}
		key := Mean{Workload: row.Cell.Workload, Mechanism: row.Cell.Mechanism, Metric: row.Metric}
		k, ok := at[key]
		if !ok {
			k = len(out)
			at[key] = k
			out, sums = append(out, key), append(sums, 0)
		}
		out[k].Rows++
		sums[k] += math.Log(float64(row.Ratio.Center))
	}
	for k := range out {
		out[k].Ratio = results.Float(math.Exp(sums[k] / float64(out[k].Rows)))
	}
	return out
}
