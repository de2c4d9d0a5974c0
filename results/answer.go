package results

import (
	"cmp"
	"slices"
)

// Answer says which mechanism is fastest at one point of the plan where only
// the mechanism varies.
type Answer struct {
	Cell   Cell      // of the fastest
	Ranked []Summary // the mechanisms that are ok, the smallest median of ns/op first
	Tied   []string  // mechanisms whose interval overlaps the first's, while Sure
	Sure   bool      // the first two have an interval: n is at least 6
}

// Lead returns by how much the second median exceeds the first, 0.05 for 5 %,
// and false where there is no second.
func (a Answer) Lead() (float64, bool) {
	if len(a.Ranked) < 2 {
		return 0, false
	}
	return a.Ranked[1].NsPerOp.Center/a.Ranked[0].NsPerOp.Center - 1, true
}

// Answers ranks the mechanisms wherever at least one is ok, in the order of
// Summarize.
func Answers(summaries []Summary) []Answer {
	var out []Answer
	for _, group := range groupBy(summaries, func(c Cell) Cell { c.Mechanism = ""; return c }) {
		var a Answer
		for _, s := range group {
			if s.Outcome == OK {
				a.Ranked = append(a.Ranked, s)
			}
		}
		if len(a.Ranked) == 0 {
			continue
		}
		slices.SortFunc(a.Ranked, func(x, y Summary) int {
			return cmp.Or(cmp.Compare(x.NsPerOp.Center, y.NsPerOp.Center), cmp.Compare(x.Cell.Mechanism, y.Cell.Mechanism))
		})
		first := a.Ranked[0]
		a.Cell = first.Cell
		a.Sure = bounded(first.NsPerOp)
		if len(a.Ranked) > 1 {
			a.Sure = a.Sure && bounded(a.Ranked[1].NsPerOp)
		}
		for _, s := range a.Ranked[1:] {
			if a.Sure && s.NsPerOp.Lo <= first.NsPerOp.Hi {
				a.Tied = append(a.Tied, s.Cell.Mechanism)
			}
		}
		out = append(out, a)
	}
	return out
}

// groupBy splits summaries into runs whose cells are alike under key. They
// come sorted with the mechanism last, so that a run is a group.
func groupBy(summaries []Summary, key func(Cell) Cell) [][]Summary {
	var out [][]Summary
	for i, s := range summaries {
		if i == 0 || key(s.Cell) != key(summaries[i-1].Cell) {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], s)
	}
	return out
}

// setting is what a table or a section is about: cells of one workload, place
// and number of peers.
func setting(c Cell) Cell { return Cell{Workload: c.Workload, Place: c.Place, Peers: c.Peers} }
