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
	Cell   Cell     // of the fastest
	Ranked []Ranked // the mechanisms that are ok, the smallest median of ns/op first; at a rate, of the 99th percentile
}

// Ranked is a mechanism in an answer.
type Ranked struct {
	Summary
	Ratio Ratio // of what they are ranked by to the fastest's; 1 for the fastest
}

// Tied reports whether the launches do not show it slower than the fastest: the
// interval of the ratio holds 1.
func (r Ranked) Tied() bool { return r.Ratio.Lo <= 1 && r.Ratio.Lo > 0 }

// Unsure reports whether there are too few launches for an interval.
func (r Ranked) Unsure() bool { return r.Ratio.Lo == 0 }

// Next returns the mechanism with the second median, and false where there is
// none.
func (a Answer) Next() (Ranked, bool) {
	if len(a.Ranked) < 2 {
		return Ranked{}, false
	}
	return a.Ranked[1], true
}

// Tied names the mechanisms that are not shown to be slower than the fastest.
func (a Answer) Tied() (names []string) {
	for _, r := range a.Ranked[1:] {
		if r.Tied() {
			names = append(names, r.Cell.Mechanism)
		}
	}
	return names
}

// Verdict says in words how sure the answer is.
func (a Answer) Verdict() string {
	next, ok := a.Next()
	switch {
	case !ok:
		return "only one measured"
	case next.Unsure():
		return "too few launches to tell"
	case len(a.Tied()) == 0:
		return "faster"
	}
	return "can't tell from " + strings.Join(a.Tied(), ", ")
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
		if ranked := Rank(group); len(ranked) > 0 {
			out = append(out, Answer{Cell: ranked[0].Cell, Ranked: ranked})
		}
	}
	return out
}

// Rank orders the summaries that are ok, the smallest median of ns/op first or,
// at a rate, of the 99th percentile, and holds each against the first.
func Rank(group []Summary) []Ranked {
	var out []Ranked
	for _, s := range group {
		if _, launches := s.RankingMetric(); s.Outcome == OK && len(launches) > 0 {
			out = append(out, Ranked{Summary: s, Ratio: Ratio{Center: 1, Lo: 1, Hi: 1}})
		}
	}
	slices.SortFunc(out, func(x, y Ranked) int {
		a, _ := x.RankingMetric()
		b, _ := y.RankingMetric()
		return cmp.Or(cmp.Compare(a.Center, b.Center), cmp.Compare(x.Cell.Mechanism, y.Cell.Mechanism))
	})
	for i := range out {
		if i > 0 {
			_, first := out[0].RankingMetric()
			_, launches := out[i].RankingMetric()
			out[i].Ratio = NewRatio(Logs(first), Logs(launches))
		}
	}
	return out
}

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
