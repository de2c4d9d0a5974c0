package compare

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"ipcbench/results"
)

// The gate takes any relabelling of passes to be as likely as the actual one.
// Two ways in which launches themselves show that it is not so are warnings.
// docs/method.md has how often the gate is wrong then.
const (
	mostUneven = 1.5 // launches of one side to those of the other
	mostLag    = 0.2 // mean correlation of a launch with the one before
)

// assumptions warns of what the launches of the judged rows contradict.
func (r *Report) assumptions(old, new *Side, t *turns, interleaved bool) (out []Warning) {
	var judged []*Row
	for i := range r.Rows {
		if row := &r.Rows[i]; !row.Aside && !math.IsNaN(float64(row.PGate)) {
			judged = append(judged, row)
		}
	}
	var all []series
	if r.Gate.Paired {
		for _, row := range judged {
			p := t.pairs(row.pair, row.column)
			all = append(all, newSeries(p.Diff, p.Turn))
		}
	} else {
		out = uneven(judged)
		if interleaved { // what lasts is on both sides then
			return out
		}
		oldRanks, newRanks := old.ranks(), new.ranks()
		add := func(s *settled, metric int, ranks []int32, offset int) {
			values, passes := s.sample(metric)
			for k, p := range passes {
				passes[k] = ranks[p] + int32(offset)
			}
			all = append(all, newSeries(values, passes))
		}
		for _, row := range judged {
			add(row.pair.old, row.column, oldRanks, 0)
			add(row.pair.new, row.column, newRanks, len(oldRanks))
		}
	}
	if lag := meanLag(all, nil); lag > mostLag && rare(all, lag) {
		out = append(out, Warning{Name: "correlated launches", Warning: results.Warning{
			What:   fmt.Sprintf("correlated launches: each is like the one before; the mean lag-1 correlation is %.2f, over %d rows", lag, len(judged)),
			Why:    "the gate takes launches of a side to be independent; a correlation of 0.3 gives a false alarm in 10 % of comparisons, not in 1 %",
			Remedy: "measure the sides in turns, with `ipcbench ab`; where they did take turns, measure more passes on a quieter machine"}})
	}
	return out
}

// uneven warns of rows with many more launches on one side.
func uneven(rows []*Row) []Warning {
	cells := map[results.Cell]bool{}
	var worst *Row
	ratio := func(r *Row) float64 {
		return float64(max(r.Old.N, r.New.N)) / float64(min(r.Old.N, r.New.N))
	}
	for _, row := range rows {
		if ratio(row) > mostUneven {
			cells[row.Cell] = true
			if worst == nil || ratio(row) > ratio(worst) {
				worst = row
			}
		}
	}
	if worst == nil {
		return nil
	}
	return []Warning{{Name: "unequal launches", Cells: len(cells), Warning: results.Warning{
		What:   fmt.Sprintf("unequal launches, as in %s: %d old, %d new", worst.Cell.Short(worst.Name), worst.Old.N, worst.New.N),
		Why:    "where the side with fewer launches also varies twice as much, 3 to 5 % of comparisons have a false alarm, not 1 %",
		Remedy: "measure as many launches on both sides"}}}
}

// ranks are the ranks of a side's passes in time, by their numbers.
func (s *Side) ranks() []int32 {
	out := make([]int32, len(s.passes))
	for rank, key := range s.inTime() {
		out[s.passes[key]] = int32(rank)
	}
	return out
}

// series is the launches of a row on a side, or its pairs.
type series struct {
	residuals []float64 // ranks less their mean; equal values share theirs
	passes    []int32   // in whose order they came
	square    float64   // Σ residual²
}

func newSeries(values []float64, passes []int32) series {
	s := series{residuals: make([]float64, len(values)), passes: passes}
	sorted := slices.Sorted(slices.Values(values))
	for i, v := range values {
		first, _ := slices.BinarySearch(sorted, v)
		last, _ := slices.BinarySearch(sorted, math.Nextafter(v, math.Inf(1)))
		e := float64(first+last-len(values)) / 2
		s.residuals[i] = e
		s.square += e * e
	}
	return s
}

// least is how many values a series must have: the bias of the correlation of
// fewer is larger than what is left of it.
const least = 6

// meanLag is the mean correlation of ranks with those before, over all series,
// in the order of the passes or in another. The mean of a correlation ρ in n
// values is ρ-(1+4ρ)/n (Marriott and Pope 1954), which is taken back: of 0.3 in
// 6, 10 and 20 launches 0.39, 0.31 and 0.30 are found.
func meanLag(all []series, order []int32) float64 {
	var sum, weight float64
	for _, s := range all {
		if n := float64(len(s.passes)); n >= least && s.square > 0 {
			sum += s.lag(order) + 1/n
			weight += 1 - 4/n
		}
	}
	if weight == 0 {
		return 0
	}
	return sum / weight
}

// lag is the correlation of a value's rank with that of the value before.
func (s series) lag(order []int32) float64 {
	place := func(i int) int32 {
		if order == nil {
			return s.passes[i]
		}
		return order[s.passes[i]]
	}
	at := make([]int, len(s.passes)) // in order
	for i := range at {
		at[i] = i
	}
	slices.SortFunc(at, func(a, b int) int { return cmp.Compare(place(a), place(b)) })
	product := 0.0
	for k := 1; k < len(at); k++ {
		product += s.residuals[at[k]] * s.residuals[at[k-1]]
	}
	return product / s.square
}

// rare reports whether passes in a random order, all rows alike, show such a
// correlation in one case of a hundred at most. Few short series may well.
func rare(all []series, lag float64) bool {
	const orders = 99
	passes := int32(0)
	for _, s := range all {
		passes = max(passes, slices.Max(s.passes)+1)
	}
	r := rand.New(rand.NewPCG(seed, 0))
	order := make([]int32, passes)
	for i := range order {
		order[i] = int32(i)
	}
	reached := 1
	for range orders {
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		if meanLag(all, order) >= lag {
			reached++
		}
	}
	return 100*reached <= orders+1
}
