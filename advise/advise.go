package advise

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ipcbench/results"
)

// Advice is the answer to a Question.
type Advice struct {
	Question
	Verdict    string    `json:"verdict"`              // what to use, in a clause
	Best       []string  `json:"best"`                 // the fastest, and those not shown to be slower; none where the fastest is not known
	Ranked     []Choice  `json:"ranked"`               // what fits and was measured at this size, the fastest first
	LeftOut    []LeftOut `json:"left_out"`             // every other mechanism
	Neighbours []Advice  `json:"neighbours,omitempty"` // where the size lies between two that were measured: at these
	CantTell   []string  `json:"cant_tell"`            // from this data, each a sentence
}

// Choice is a mechanism of an Advice, held against the first.
type Choice struct {
	Mechanism string        `json:"mechanism"`
	Cell      string        `json:"cell"`           // its name
	Ratio     results.Ratio `json:"ratio"`          // of its time to the first's
	Tied      bool          `json:"tied"`           // not shown to be slower than the first; true of the first
	Unsure    bool          `json:"unsure"`         // too few launches for an interval
	Cost      *Cost         `json:"cost,omitempty"` // never nil in what Advise returns
}

// Cost is what one operation takes.
type Cost struct {
	Time results.Estimate `json:"time"` // ns
	Rate results.Estimate `json:"rate"` // bytes of payload per second
	CPU  results.Estimate `json:"cpu"`  // ns of all processes together
	N    int              `json:"n"`    // launches

	RelativeCost *results.RelativeCost `json:"worth,omitempty"` // of the time, in units of a floor; nil where none was measured
}

// LeftOut is a mechanism that is not ranked.
type LeftOut struct {
	Mechanism string `json:"mechanism"`
	Kind      Kind   `json:"kind"`
	Why       string `json:"why"`
}

// Kind is in which way a mechanism is left out: the outcome of its cell, or
// one of these.
type Kind string

const (
	Unfit      Kind = "unfit"      // it can't do what is asked
	Unmeasured Kind = "unmeasured" // no record has it
)

// Advise answers q from the summaries of one run. Between two measured sizes it
// reports only what holds at both. It never extrapolates.
func Advise(summaries []results.Summary, q Question) Advice {
	a := Advice{Question: q, Best: []string{}, Ranked: []Choice{}, LeftOut: []LeftOut{}, CantTell: []string{}}
	cells := asked(summaries, q)
	measured := sizes(cells)
	i, exact := slices.BinarySearch(measured, q.Size)
	switch {
	case len(measured) == 0:
		a.Verdict = "can't tell"
		a.cantTell("%s was not measured at place=%s with the default queue: %s measures it.", q.Pattern, q.Place, again(q))
	case exact:
		a.rank(cells[slices.IndexFunc(cells, func(s results.Summary) bool { return s.Cell.Size == q.Size }):])
	case i == 0 || i == len(measured):
		a.Verdict = "can't tell"
		a.cantTell("%s is beyond the measured sizes, %s: %s measures it.", results.FormatBytes(q.Size), span(measured), again(q))
	default:
		a.between(summaries, measured[i-1], measured[i])
	}
	return a
}

// span renders a range of sizes.
func span(sizes []int) string {
	lo, hi := results.FormatBytes(sizes[0]), results.FormatBytes(sizes[len(sizes)-1])
	if lo == hi {
		return lo + " alone"
	}
	return lo + " to " + hi
}

// Answered reports whether there is anything to choose from.
func (a *Advice) Answered() bool {
	return len(a.Ranked) > 0 || slices.ContainsFunc(a.Neighbours, func(n Advice) bool { return n.Answered() })
}

// between reports what holds at both neighbours.
func (a *Advice) between(summaries []results.Summary, below, above int) {
	for _, size := range []int{below, above} {
		q := a.Question
		q.Size = size
		a.Neighbours = append(a.Neighbours, Advise(summaries, q))
	}
	lo, hi := a.Neighbours[0], a.Neighbours[1]
	a.LeftOut = join(lo, hi)
	for _, name := range lo.Best {
		if slices.Contains(hi.Best, name) {
			a.Best = append(a.Best, name)
		}
	}
	at := fmt.Sprintf("at both %s and %s", results.FormatBytes(below), results.FormatBytes(above))
	switch {
	case !lo.Answered() || !hi.Answered():
		a.Verdict = "can't tell: nothing that fits was measured " + at
	case len(a.Best) > 0:
		a.Verdict = "use " + strings.Join(a.Best, " or ") + ": nothing is shown to be faster " + at
	default:
		a.Verdict = fmt.Sprintf("can't tell: it is %s at %s, and %s at %s", strings.Join(lo.Best, " or "), results.FormatBytes(below),
			strings.Join(hi.Best, " or "), results.FormatBytes(above))
	}
	a.cantTell("%s was not measured: both neighbours are shown, and %s measures it.", results.FormatBytes(a.Size), again(a.Question))
	for _, n := range a.Neighbours {
		for _, s := range n.CantTell {
			a.cantTell("At %s: %s", results.FormatBytes(n.Size), s)
		}
	}
}

// join merges what is left out at two sizes.
func join(lo, hi Advice) []LeftOut {
	all := []LeftOut{}
	for _, n := range []Advice{lo, hi} {
		for _, l := range n.LeftOut {
			if !slices.Contains(lo.LeftOut, l) || !slices.Contains(hi.LeftOut, l) {
				l.Why = "at " + results.FormatBytes(n.Size) + ": " + l.Why
			}
			if !slices.Contains(all, l) {
				all = append(all, l)
			}
		}
	}
	return all
}

func (a *Advice) cantTell(format string, args ...any) {
	a.CantTell = append(a.CantTell, fmt.Sprintf(format, args...))
}

// again is the command that measures what a question is about.
func again(q Question) string {
	p, _ := LookupPattern(q.Pattern)
	c := fmt.Sprintf("`ipcbench run --workload %s --size %s", strings.ToLower(p.Workload), results.FormatBytes(q.Size))
	if q.Place != "" {
		c += " --place " + results.Quote(q.Place)
	}
	if q.Peers > 0 {
		c += fmt.Sprintf(" --peers %d", q.Peers)
	}
	return c + "`"
}

// All answers every question that the summaries of one run have data for: each
// pattern at each size, in each place, for related and unrelated processes,
// with and without boundaries.
func All(summaries []results.Summary) (all []Advice) {
	for _, p := range Patterns {
		for _, q := range Everywhere(summaries, Question{Pattern: p.Name}) {
			cells := asked(summaries, q)
			slices.SortStableFunc(cells, func(a, b results.Summary) int { return cmp.Compare(a.Cell.Size, b.Cell.Size) })
			for len(cells) > 0 { // 4,000 sizes took ten minutes when each looked at all
				q.Size = cells[0].Cell.Size
				n := slices.IndexFunc(cells, func(s results.Summary) bool { return s.Cell.Size != q.Size })
				if n < 0 {
					n = len(cells)
				}
				for _, q.Unrelated = range []bool{false, true} {
					for _, q.Boundaries = range []bool{false, true} {
						all = append(all, Advise(cells[:n], q))
					}
				}
				cells = cells[n:]
			}
		}
	}
	return all
}
