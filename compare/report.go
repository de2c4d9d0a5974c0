package compare

import (
	"slices"

	"ipcbench/results"
)

// Verdict is what a comparison says of one cell and metric.
type Verdict string

const (
	Broken      Verdict = "broken"         // was ok and is failed or skipped
	Slower      Verdict = results.Slower   // worse by more than the threshold: the gate's
	Lost        Verdict = "lost"           // was ok and is untrusted or absent: it can't be judged
	Unjudged    Verdict = "unjudged"       // no p could pass: too few launches, or a value that has no ratio; or go test reports a failure of what was not compared
	Faster      Verdict = results.Faster   // better by more than the threshold
	CantTell    Verdict = results.CantTell // neither shown to be beyond the threshold nor within
	More        Verdict = "more"           // of a row aside: the number grew by more than the threshold
	Less        Verdict = "less"           // of a row aside: it fell by more than the threshold
	Same        Verdict = results.Same     // the interval of the ratio lies within the threshold
	Recovered   Verdict = "recovered"      // was not ok and is
	NotCompared Verdict = "other"          // another outcome, which fails no gate
)

// verdicts in the order in which they matter.
var verdicts = []Verdict{Broken, Slower, Lost, Unjudged, Faster, More, Less, CantTell, Same, Recovered, NotCompared}

// Verdicts returns all verdicts in the order in which they matter.
func Verdicts() []Verdict { return slices.Clone(verdicts) }

func (v Verdict) order() int {
	for i, w := range verdicts {
		if v == w {
			return i
		}
	}
	return len(verdicts)
}

// Report is what a comparison found. It is complete: formats only render it.
type Report struct {
	Sentence  string  `json:"sentence"` // what it came to: the writer of JSON fills it in
	Old       About   `json:"old"`
	New       About   `json:"new"`
	Threshold float64 `json:"threshold"`
	Alpha     float64 `json:"alpha"` // of this comparison
	Gate      Gate    `json:"gate"`

	Refused      bool           `json:"refused"` // the sides are not comparable
	Warnings     []Warning      `json:"warnings"`
	Before       []Warning      `json:"doubts"` // Warnings, by their key of before, for one release: the writer of JSON fills it in
	Rows         []Row          `json:"rows"`   // what matters first
	Means        []Mean         `json:"means"`
	Outcomes     []Change       `json:"outcomes"`                 // cells whose outcome changed
	Incomparable []Incomparable `json:"incomparable"`             // rows that were left out
	NotCompared  []string       `json:"not_compared,omitempty"`   // units and metrics of the files that no row shows
	Cause        string         `json:"cause,omitempty"`          // why nothing could be compared
	Implied      []string       `json:"implied,omitempty"`        // cells whose B/s follows from their ns/op: they have no row for it
	NeverOK      int            `json:"never_ok"`                 // cells that are not ok, with the same outcome on both sides
	Missing      []Change       `json:"without_number,omitempty"` // these cells, with the reason of the new side

	found   []pair   // every cell of either side
	metrics []string // that were asked for
}

// Gate is how the gate came to its p.
type Gate struct {
	Method     string        `json:"method"`
	Cells      int           `json:"cells"`      // rows it corrects for
	Draws      int           `json:"draws"`      // relabellings
	Paired     bool          `json:"paired"`     // launches were compared within pairs
	MinN       int           `json:"min_n"`      // launches a side, or pairs, below which no p can pass
	Seen       results.Float `json:"seen"`       // change of which it finds SeenShare, over all rows (gate.Test.Seen): 0.15 is 15 %; null where no row is judged
	Detectable results.Float `json:"detectable"` // change that it finds in a typical row 4 times in 5: 0.12 is 12 %; null where no row is judged
	Worst      results.Float `json:"worst"`      // the same in the noisiest row
}

// Row is one cell and metric that is ok on both sides.
type Row struct {
	Cell     results.Cell  `json:"cell"`
	Name     string        `json:"name"`   // the cell's, and its configuration where a side has several: "… [cpu: CPU Two]"
	Metric   string        `json:"metric"` // as in the benchmark format: "ns/op"
	Better   string        `json:"better"` // which way: lower, higher
	Unit     string        `json:"unit"`   // of the estimates, as benchstat has it: "sec/op"
	Old      Estimate      `json:"old"`
	New      Estimate      `json:"new"`
	Ratio    results.Ratio `json:"ratio"`
	Pairs    int           `json:"pairs"`    // launches of both sides that came one after the other; 0 unless the sides took turns
	P        results.Float `json:"p"`        // two-sided Mann–Whitney, of this row alone
	PGate    results.Float `json:"p_gate"`   // of being slower than the threshold, corrected; null: not judged
	PFaster  results.Float `json:"p_faster"` // the same of being faster
	Verdict  Verdict       `json:"verdict"`
	Why      string        `json:"why,omitempty"`  // it is unjudged
	Need     int           `json:"need,omitempty"` // launches a side that would show it, about; -1: more than 1000
	Warnings []string      `json:"warnings,omitempty"`
	Before   []string      `json:"doubts,omitempty"` // see Report

	Aside    bool      `json:"aside,omitempty"`    // what the scheduler does to a cell whose path another row has: it fails no gate
	Says     string    `json:"says,omitempty"`     // of a row aside whose number changed, what that means
	Switches *Switches `json:"switches,omitempty"` // of a row of instructions

	Threshold float64 `json:"threshold,omitempty"` // of this cell, where it is not the report's: 0.1 is 10 %

	pair     pair
	column   int // of the metric
	refused  bool
	positive bool    // all values have logarithms
	negative bool    // one is below 0
	equal    bool    // counts of instructions, the same on both sides to the digit
	weight   float64 // of switches an operation: what one takes, as a share of the path; 0: the values count themselves
	insns    float64 // what one takes
}

// Switches is how often the processes of a cell stop running in an operation, all
// together: medians.
type Switches struct {
	Old results.Float `json:"old"`
	New results.Float `json:"new"`
}

// Estimate is a median with its interval at 95 % (results.MedianOf), and how the
// launches lie about it. Values are in the row's unit.
type Estimate struct {
	results.Estimate
	MAD      results.Float `json:"mad"`               // median absolute deviation
	CV       results.Float `json:"cv"`                // standard deviation over mean; null of one launch, or of a mean of 0
	Outliers results.Count `json:"outliers,omitzero"` // launches more than 1.5 interquartile ranges beyond the quartiles; absent below four, which have none
}

// Mean is the geometric mean of the ratios of a workload and mechanism. Both
// are "" for all benchmarks that are not cells.
type Mean struct {
	Workload  string        `json:"workload"`
	Mechanism string        `json:"mechanism"`
	Metric    string        `json:"metric"`
	Ratio     results.Float `json:"ratio"`
	Rows      int           `json:"rows"`
}

// Change is a cell whose outcome is not ok on both sides.
type Change struct {
	Cell    results.Cell    `json:"cell"`
	Name    string          `json:"name"`
	From    results.Outcome `json:"from"`
	To      results.Outcome `json:"to"`
	Reason  string          `json:"reason,omitempty"`
	Verdict Verdict         `json:"verdict"`
}

// Incomparable is a row that was left out for its warnings.
type Incomparable struct {
	Cell     results.Cell `json:"cell"`
	Name     string       `json:"name"` // as a row's
	Metric   string       `json:"metric"`
	Warnings []string     `json:"warnings"`
	Before   []string     `json:"doubts,omitempty"` // see Report
}

// newChange says what a change of outcome means. Where an axis distinguishes the
// sides apart, a mechanism that can't do what another can is no regression.
func newChange(cell results.Cell, name string, a, b *settled, o Options) Change {
	c := Change{Cell: cell, Name: name, From: a.outcome, To: b.outcome, Reason: results.Quote(b.reason), Verdict: NotCompared}
	switch {
	case b.outcome == results.OK && a.outcome != Absent:
		c.Verdict, c.Reason = Recovered, results.Quote(a.reason)
	case results.LookupAxis(o.By) != nil:
	case a.outcome == Absent && b.outcome == results.Failed && cell.Other != "":
		c.Verdict = Unjudged // go test reports it
	case a.outcome != results.OK:
	case b.outcome == results.Failed, b.outcome == results.Skipped:
		c.Verdict = Broken
	case b.outcome == results.Untrusted, !o.Force:
		c.Verdict = Lost
	}
	return c
}

// Status is what a report comes to.
type Status int

const (
	Passed    Status = iota // nothing is slower
	Regressed               // a row is slower or a cell broken
	Nothing                 // no row could be compared
	Undecided               // what could be judged passed, and some could not
)

// Count returns how many rows and changed outcomes have the verdict. Rows aside do not
// count.
func (r *Report) Count(v Verdict) (n int) {
	for i := range r.Rows {
		if r.Rows[i].Verdict == v && !r.Rows[i].Aside {
			n++
		}
	}
	for _, c := range r.Outcomes {
		if c.Verdict == v {
			n++
		}
	}
	return n
}

// Status sums up. A regression that was found outweighs what was not judged.
func (r *Report) Status() Status {
	switch {
	case r.Count(Slower)+r.Count(Broken) > 0:
		return Regressed
	case len(r.Rows) == 0 && !slices.ContainsFunc(r.Outcomes, func(c Change) bool { return c.To == results.Untrusted || c.Verdict == Unjudged }):
		return Nothing
	case r.Count(Unjudged)+r.Count(Lost)+len(r.Incomparable) > 0:
		return Undecided
	}
	return Passed
}
