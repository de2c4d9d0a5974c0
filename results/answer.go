package results

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Answer says which mechanism is fastest at one point of the plan where only
// the mechanism varies.
type Answer struct {
	Cell     Cell     // of the leader
	Decision Decision // how sure that is
	Within   float64  // the share by which another may be faster
	Ranked   []Ranked // the mechanisms that are ok, the leader of their Contest first, the others by their ratio

	// Best may be recommended, and its first is: the leader, what is as good a
	// choice and, undecided, what is not shown to be slower and takes no more than
	// Within longer. nil where all are aside.
	Best []string

	Scheduler *Scheduler // of an unpinned point that its launches did not decide; nil: little depends on it
	Enough    []string   // places of AlikePlaces that are little of every open bound: launches are better spent on the other
	Placing   []string   // mechanisms whose unpinned launches would decide: the scheduler places the first better than those that are fastest otherwise
}

// Use is the mechanism that is recommended or, where all are aside, the leader.
func (a Answer) Use() Ranked {
	for _, r := range a.Ranked {
		if len(a.Best) > 0 && r.Cell.Mechanism == a.Best[0] {
			return r
		}
	}
	return a.Ranked[0]
}

// Ranked is a mechanism in an answer.
type Ranked struct {
	Summary
	Held              // against the leader
	Pinned []Estimate // ns, the medians at AlikePlaces, where those launches are held against the leader's; else nil
}

// Tied reports whether it may be as good a choice as the leader: it is, or is not
// shown to be slower.
func (r Ranked) Tied() bool {
	return !r.Aside && (r.Equal || !r.Out && !r.Unsure() && r.Ratio.Lo <= 1)
}

// Unsure reports whether there are too few launches for an interval.
func (r Ranked) Unsure() bool { return r.Ratio.Lo == 0 }

// Next returns the mechanism that the recommended one is held against, with the
// ratio of its time to that one's: the leader or, where that is recommended, the
// next that may lead. It is false where there is none.
func (a Answer) Next() (next Ranked, r Ratio, ok bool) {
	if use := a.Use(); use.Cell != a.Cell {
		return a.Ranked[0], use.Ratio.Inverse(), true
	}
	for _, next := range a.Ranked[1:] {
		if !next.Aside {
			return next, next.Ratio, true
		}
	}
	return next, r, false
}

// Verdict says in words how sure the answer is.
func (a Answer) Verdict() string {
	switch a.Decision {
	case Alone:
		return "only one measured"
	case TooFew:
		return CantTell + ": too few launches"
	case Fastest:
		return a.alike() + "fastest"
	case NoneFaster:
		s := a.alike() + fmt.Sprintf("no other is more than %.3g %% faster", 100*a.Within)
		if len(a.Best) > 1 {
			s += "; the same: " + strings.Join(a.Best[1:], ", ")
		}
		return s
	}
	if a.Placing != nil {
		return fmt.Sprintf("%s: placed alike, no other is more than %.3g %% faster than %s; the scheduler places %s better", CantTell, 100*a.Within, strings.Join(a.Placing[1:], ", "), a.Placing[0])
	}
	against := ""
	if a.Use().Cell != a.Cell {
		against = " against " + a.Cell.Mechanism
	}
	var open []string
	for _, r := range a.Ranked[1:] {
		if float64(r.Ratio.Lo) <= 1/(1+a.Within) && r.Tied() {
			open = append(open, r.Cell.Mechanism+" "+r.Ratio.Bounds()+a.farOff(r))
		}
	}
	if more := len(open) - maxOpen; more > 0 {
		open = append(open[:maxOpen], fmt.Sprintf("%d more", more))
	}
	return CantTell + against + ": " + a.alike() + strings.Join(open, "; ")
}

// alike begins what holds of launches pinned alike.
func (a Answer) alike() string {
	if a.Alike() {
		return "placed alike, "
	}
	return ""
}

// Alike reports whether mechanisms that are left are held against each other by
// launches pinned alike: see Scheduler.
func (a Answer) Alike() bool { return a.Scheduler != nil && a.Scheduler.Alike }

// maxOpen is how many mechanisms that may be faster a verdict names.
const maxOpen = 3

// farOff says what most launches of a mechanism are, where a few that lie far off
// make its bounds useless: " (4 of 6 launches 20× slower, 2 far off)".
func (a Answer) farOff(r Ranked) string {
	if r.Capped+a.Ranked[0].Capped == 0 {
		return ""
	}
	first, times := a.Ranked[0].byPass(), r.byPass()
	var logs []float64
	for p, t := range times {
		if of := first[p]; of > 0 {
			logs = append(logs, math.Log(t/of))
		}
	}
	m, most := middle(logs), 0
	for _, d := range logs {
		if d/m > 0.5 {
			most++
		}
	}
	way := Slower
	if m < 0 {
		way = Faster
	}
	if most == len(logs) || math.Abs(m) < math.Log(2) {
		return ""
	}
	return fmt.Sprintf(" (%d of %d launches %.3g× %s, %d far off)", most, len(logs), math.Exp(math.Abs(m)), way, len(logs)-most)
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
func Answers(summaries []Summary) []Answer { return Ranking{}.Answers(summaries) }

// Answers is Answers by this ranking.
func (r Ranking) Answers(summaries []Summary) []Answer {
	groups := GroupBy(summaries, Cell.Point)
	at := map[Cell][]Summary{}
	for _, group := range groups {
		at[group[0].Cell.Point()] = group
	}
	var out []Answer
	for _, group := range groups {
		point := group[0].Cell.Point()
		if point.Workload == FloorWorkload {
			continue
		}
		var alike Alike
		for i, place := range AlikePlaces {
			alike[i] = at[point.Elsewhere(place)]
		}
		if a := r.Rank(group, alike); len(a.Ranked) > 0 {
			out = append(out, a)
		}
	}
	return out
}

// Ranking is how mechanisms are ranked. The zero value ranks all of them.
type Ranking struct {
	Within float64                // share by which another may be faster; 0: that of the race that the summaries are of, or Within
	Aside  func(mech string) bool // whether a mechanism is held against the leader and never leads; nil: none is
}

// Rank holds the summaries that are ok against each other, by ns/op or, at a
// rate, by the 99th percentile. Launches of one pass are a block of the contest.
// Of a race it comes to what the race came to: it looks where the race did.
// Where the summaries are of unpinned processes, alike are those of AlikePlaces; they
// may be empty.
func (r Ranking) Rank(group []Summary, alike Alike) Answer {
	if len(group) > 0 && group[0].Cell.Place == "free" {
		return r.unpinned(group, alike)
	}
	a, _ := r.rank(1-Confidence, [][]Summary{group})
	return a
}

// contestants is a contest and which of its candidates each mechanism is.
type contestants struct {
	*Contest
	of map[string]int
}

// rank ranks the mechanisms of the first part that are ok. Other parts have the same
// mechanisms in the same order, and all parts a weight.
func (r Ranking) rank(level float64, parts [][]Summary, weights ...float64) (Answer, contestants) {
	var ok []Summary
	times := make([][]map[pass]float64, len(parts)) // by part, by summary
	all := map[pass]bool{}
	within := 0.0
	for i, s := range parts[0] {
		values := s.byPass()
		if s.Outcome != OK || len(values) == 0 {
			continue
		}
		ok = append(ok, s)
		within = max(within, s.Race)
		for p := range parts {
			if p > 0 {
				values = parts[p][i].byPass()
			}
			for at := range values {
				all[at] = true
			}
			times[p] = append(times[p], values)
		}
	}
	if ok == nil {
		return Answer{}, contestants{}
	}
	looks := 1
	if within > 0 {
		looks = len(RaceLooks)
	}
	c := contestants{NewContest(len(ok), cmp.Or(r.Within, within, Within), looks, weights...), map[string]int{}}
	c.Level = level
	for i, s := range ok {
		c.of[s.Cell.Mechanism] = i
		if r.Aside != nil {
			c.Aside = append(c.Aside, r.Aside(s.Cell.Mechanism))
		}
	}
	last := 0
	for _, at := range slices.SortedFunc(maps.Keys(all), func(p, q pass) int { return cmp.Or(p.number-q.number, p.again-q.again) }) {
		if within > 0 && at.number > last && slices.Contains(RaceLooks, last) {
			c.Look()
		}
		last = at.number
		for p := range parts {
			block := make([]float64, len(ok))
			for i := range ok {
				block[i] = times[p][i][at]
			}
			c.BlockOf(p, block)
		}
	}
	leader, held, d := c.Look()
	if leader < 0 { // all are aside
		r.Aside = nil
		a, c := r.rank(level, parts, weights...)
		a.Best = nil
		return a, c
	}
	a := Answer{Cell: ok[leader].Cell, Decision: d, Within: c.Within}
	for i, s := range ok {
		a.Ranked = append(a.Ranked, Ranked{Summary: s, Held: held[i]})
	}
	a.sort()
	for i, r := range a.Ranked {
		if i == 0 || r.Equal || d == Undecided && r.Tied() && float64(r.Ratio.Center) < 1+a.Within {
			a.Best = append(a.Best, r.Cell.Mechanism)
		}
	}
	return a, c
}

// sort puts the leader first, the others by their ratio.
func (a *Answer) sort() {
	slices.SortFunc(a.Ranked, func(x, y Ranked) int {
		first := func(r Ranked) int { // 0 for the leader
			if r.Cell.Mechanism == a.Cell.Mechanism {
				return 0
			}
			return 1
		}
		return cmp.Or(first(x)-first(y), cmp.Compare(x.Ratio.Center, y.Ratio.Center), cmp.Compare(x.Cell.Mechanism, y.Cell.Mechanism))
	})
}

// pass is a pass over the plan: the number of a launch, and which of several
// launches of that number it is.
type pass struct{ number, again int }

// byPass has the launches that a mechanism is ranked by.
func (s *Summary) byPass() map[pass]float64 {
	values := map[pass]float64{}
	_, launches, numbers := s.RankingMetric()
	for i, t := range launches {
		p := pass{number: numbers[i]}
		for ; values[p] > 0; p.again++ { // records of several runs
		}
		values[p] = t
	}
	return values
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

// Point is what cells have in common whose mechanisms are ranked.
func (c Cell) Point() Cell {
	c.Mechanism = ""
	return c
}

// Elsewhere is the cell at another place.
func (c Cell) Elsewhere(place string) Cell {
	c.Place = place
	return c
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
	"free": "unpinned", "same": "same CPU", "smt": "two threads of a core", "cross": "different CPUs", "socket": "different sockets",
}
