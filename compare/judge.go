package compare

import (
	"fmt"
	"math"
	"slices"

	"ipcbench/compare/gate"
	"ipcbench/results"
)

// Method names the gate's test in reports.
const Method = "step-down maxT over relabelled passes, moderated t on logarithms, null shifted by the threshold (docs/method.md)"

// seed of the relabellings: a report is a pure function of records.
const seed = 1

// powered is the normal quantile of the power that detectable changes and
// needed launches are stated for, 0.8; interval that of a 95 % interval.
const (
	powered  = 0.8416
	interval = 1.96
)

// judge gives every row its verdict.
func (r *Report) judge(o Options) {
	alpha, shift := o.alpha(), math.Log1p(o.Threshold)
	minN := 1
	for gate.MinP(minN, minN) > alpha {
		minN++
	}
	var judged []*Row
	for i := range r.Rows {
		row := &r.Rows[i]
		olds, news := row.Old.N, row.New.N
		switch {
		case !row.positive:
			row.Verdict, row.Why = Unjudged, "a value is 0: there is no ratio"
		case olds < 2 || news < 2 || gate.MinP(olds, news) > alpha:
			row.Verdict, row.Need = Unjudged, minN
			row.Why = fmt.Sprintf("%d and %d launches: no p can be below %.2g; %d a side would do", olds, news, gate.MinP(olds, news), minN)
		default:
			judged = append(judged, row)
		}
	}
	cells := func(yield func(gate.Cell) bool) {
		for _, row := range judged {
			if !yield(row.cell()) {
				return
			}
		}
	}
	up := gate.Test{Shift: shift, Draws: o.draws(), Seed: seed}.Run(cells)
	down := gate.Test{Shift: shift, Draws: o.draws(), Seed: seed, Fall: true}.Run(cells)
	r.Gate = Gate{Method: Method, Cells: len(judged), Draws: up.Draws(), MinN: minN}
	if len(judged) == 0 {
		return
	}
	critical := up.Critical(alpha)
	detectable := make([]float64, len(judged))
	for i, row := range judged {
		row.PGate, row.PFaster = results.Float(up.P[i]), results.Float(down.P[i])
		detectable[i] = math.Expm1(shift + (critical+powered)*up.SE[i])
		inside := float64(row.Ratio.Lo) > 1/(1+o.Threshold) && float64(row.Ratio.Hi) < 1+o.Threshold
		switch {
		case up.P[i] <= alpha:
			row.Verdict = Slower
		case down.P[i] <= alpha:
			row.Verdict = Faster
		case inside:
			row.Verdict = Same
		default:
			row.Verdict = CantTell
			row.Need = row.needed(shift, critical, up.SE[i], minN)
		}
	}
	slices.Sort(detectable)
	r.Gate.Detectable, r.Gate.Worst = results.Float(detectable[len(detectable)/2]), results.Float(detectable[len(detectable)-1])
}

// needed is how many launches a side would tell, if the change is what it
// looks like: enough for the statistic to exceed its critical value, or for
// the interval to lie within the threshold, 4 times in 5. It is -1 beyond
// 1000, where the change is about the threshold itself.
func (r *Row) needed(shift, critical, se float64, minN int) int {
	change := math.Abs(math.Log(float64(r.Ratio.Center)))
	z := interval + powered
	if change > shift {
		z = critical + powered
	}
	n1, n2 := float64(r.Old.N), float64(r.New.N)
	variance := se * se / (1/n1 + 1/n2)
	gap := change - shift
	n := math.Ceil(2 * variance * z * z / (gap * gap))
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
		if !row.positive {
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
