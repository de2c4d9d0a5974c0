package results

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Answer says which mechanism is fastest at one point of the plan where only
// the mechanism varies.
type Answer struct {
	Cell     Cell     // of the leader
	Decision Decision // how sure that is
	Ranked   []Ranked // the mechanisms that are ok, the leader of their Contest first, the others by their ratio
}

// Ranked is a mechanism in an answer.
type Ranked struct {
	Summary
	Held // against the leader
}

// Tied reports whether it may be as good a choice as the leader: it is, or is not
// shown to be slower.
func (r Ranked) Tied() bool { return r.Equal || !r.Out && !r.Unsure() && r.Ratio.Lo <= 1 }

// Unsure reports whether there are too few launches for an interval.
func (r Ranked) Unsure() bool { return r.Ratio.Lo == 0 }

// Next returns the mechanism that follows the leader, and false where there is
// none.
func (a Answer) Next() (Ranked, bool) {
	if len(a.Ranked) < 2 {
		return Ranked{}, false
	}
	return a.Ranked[1], true
}

// Equal names the mechanisms that are as good a choice as the leader.
func (a Answer) Equal() (names []string) {
	for _, r := range a.Ranked[1:] {
		if r.Equal {
			names = append(names, r.Cell.Mechanism)
		}
	}
	return names
}

// Verdict says in words how sure the answer is.
func (a Answer) Verdict() string {
	switch a.Decision {
	case Alone:
		return "only one measured"
	case TooFew:
		return "too few launches to tell"
	case Fastest:
		return "fastest"
	case NoneFaster:
		s := fmt.Sprintf("no other is more than %.3g %% faster", 100*Within)
		if equal := a.Equal(); equal != nil {
			s += "; the same: " + strings.Join(equal, ", ")
		}
		return s
	}
	var open []string
	for _, r := range a.Ranked[1:] {
		if float64(r.Ratio.Lo) <= 1/(1+Within) && r.Tied() {
			open = append(open, fmt.Sprintf("%s: between %s %%", r.Cell.Mechanism, r.Ratio.Interval()))
		}
	}
	return "can't tell from " + strings.Join(open, "; ")
}

// Exceeds renders by how much the ratio exceeds 1, with its interval:
// "+12.0 % (+3.1 to +20.5)".
func (r Ratio) Exceeds() string {
	if c := Change(r.Center); c != "–" {
		return fmt.Sprintf("%s (%s)", c, r.Interval())
	}
	return "–"
}

// Interval renders the interval in percent: "+3.1 to +20.5", or "none" where
// there are too few launches for one.
func (r Ratio) Interval() string {
	if r.Lo == 0 {
		return "none"
	}
	return points(r.Lo) + " to " + points(r.Hi)
}

func points(ratio Float) string { return fmt.Sprintf("%+.1f", 100*(float64(ratio)-1)) }

// Change renders by how much a ratio exceeds 1: "+4.2 %", or "–" where it is not
// known.
func Change(ratio Float) string {
	if math.IsNaN(float64(ratio)) || math.IsInf(float64(ratio), 0) {
		return "–"
	}
	return points(ratio) + " %"
}

// Percent renders a share: "12.3 %".
func Percent(share float64) string { return fmt.Sprintf("%.3g %%", 100*share) }

// Answers ranks the mechanisms wherever at least one is ok, in the order of
// Summarize. A floor is a bound, not a choice, and gets no answer.
func Answers(summaries []Summary) []Answer {
	var out []Answer
	for _, group := range GroupBy(summaries, func(c Cell) Cell { c.Mechanism = ""; return c }) {
		if group[0].Cell.Workload == FloorWorkload {
			continue
		}
		if a := Rank(group); len(a.Ranked) > 0 {
			out = append(out, a)
		}
	}
	return out
}

// Rank holds the summaries that are ok against each other, by ns/op or, at a
// rate, by the 99th percentile. Launches of one pass are a block of the contest.
func Rank(group []Summary) Answer {
	var ok []Summary
	var of []map[pass]float64 // by summary
	all := map[pass]bool{}
	for _, s := range group {
		if _, launches, numbers := s.RankingMetric(); s.Outcome == OK && len(launches) > 0 {
			values := map[pass]float64{}
			for i, t := range launches {
				p := pass{number: numbers[i]}
				for ; values[p] > 0; p.again++ { // records of several runs
				}
				values[p], all[p] = t, true
			}
			ok, of = append(ok, s), append(of, values)
		}
	}
	if ok == nil {
		return Answer{}
	}
	c := NewContest(len(ok), Within, 1)
	for p := range all {
		block := make([]float64, len(ok))
		for i := range ok {
			block[i] = of[i][p]
		}
		c.Block(block)
	}
	leader, held, d := c.Look()
	a := Answer{Cell: ok[leader].Cell, Decision: d}
	for i, s := range ok {
		a.Ranked = append(a.Ranked, Ranked{s, held[i]})
	}
	slices.SortFunc(a.Ranked, func(x, y Ranked) int {
		first := func(r Ranked) int { return cmp.Compare(r.Cell.Mechanism, a.Cell.Mechanism) & 1 } // 0 for the leader
		return cmp.Or(cmp.Compare(first(x), first(y)), cmp.Compare(x.Ratio.Center, y.Ratio.Center), cmp.Compare(x.Cell.Mechanism, y.Cell.Mechanism))
	})
	return a
}

// pass is a pass over the plan: the number of a launch, and which of several
// launches of that number it is.
type pass struct{ number, again int }

// Logs are the natural logarithms of values, which NewRatio takes.
func Logs(values []float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = math.Log(v)
	}
	return out
}

// GroupBy splits summaries into runs whose cells are alike under key. They
// come sorted with the mechanism last, so that a run is a group.
func GroupBy(summaries []Summary, key func(Cell) Cell) [][]Summary {
	var out [][]Summary
	for i, s := range summaries {
		if i == 0 || key(s.Cell) != key(summaries[i-1].Cell) {
			out = append(out, nil)
		}
		out[len(out)-1] = append(out[len(out)-1], s)
	}
	return out
}

// Setting is what a table or a section is about: cells of one workload, place
// and number of peers. Rates are rows of it, as sizes are.
func (c Cell) Setting() Cell {
	return Cell{Workload: c.Workload, Place: c.Place, Peers: c.Peers, Options: c.Options.Without("rate")}
}

// PlaceTitle is where the processes of a place run, in words: "same CPU".
func PlaceTitle(place string) string {
	if title := placeTitles[place]; title != "" {
		return title
	}
	return "place " + place
}

var placeTitles = map[string]string{
	"same": "same CPU", "smt": "two threads of a core", "cross": "different CPUs", "socket": "different sockets", "free": "unpinned",
}
