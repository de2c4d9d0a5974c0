package report

import (
	"ipcbench/compare"
	"ipcbench/results"
)

// Comparison is what package compare found between two sides, as data. Its
// charts are among those of the page, families "change" and "forest".
type Comparison struct {
	Old       string                 `json:"old"` // name, cells, records, kernels
	New       string                 `json:"new"`
	Sum       string                 `json:"sum"`       // "1 slower, 30 same"
	Counts    []Tally                `json:"counts"`    // what matters first; none is 0
	Gate      string                 `json:"gate"`      // what was tested, how, and what size of change it can see
	Launches  string                 `json:"launches"`  // how they vary
	Threshold float64                `json:"threshold"` // change up to which nothing matters: 0.05 is 5 %
	Refused   bool                   `json:"refused"`   // the sides are not comparable: Warnings give the reasons
	Warnings  []compare.Warning      `json:"warnings,omitempty"`
	Rows      []ComparedRow          `json:"rows"`               // what matters first
	Outcomes  []compare.Change       `json:"outcomes,omitempty"` // cells whose outcome changed
	Means     []compare.Mean         `json:"means,omitempty"`
	Left      []compare.Incomparable `json:"incomparable,omitempty"` // rows that were left out for their warnings
	NeverOK   int                    `json:"never_ok"`               // cells that are not ok, with the same outcome on both sides
}

// Tally is how many rows and changed outcomes have a verdict.
type Tally struct {
	Verdict compare.Verdict `json:"verdict"`
	N       int             `json:"n"`
}

// ComparedRow is one cell and metric that is ok on both sides.
type ComparedRow struct {
	Cell     string           `json:"cell"` // the name
	Metric   string           `json:"metric"`
	Unit     string           `json:"unit"` // of old and new: "sec/op", "B/s"
	Better   string           `json:"better"`
	Old      results.Interval `json:"old"`
	New      results.Interval `json:"new"`
	Change   results.Ratio    `json:"change"` // of new to old; 1 is no change
	P        results.Float    `json:"p_gate"` // of being slower than the threshold, corrected; null: not judged
	OldN     int              `json:"old_n"`  // launches
	NewN     int              `json:"new_n"`
	Verdict  compare.Verdict  `json:"verdict"`
	Note     string           `json:"note"` // the verdict, with what would decide it where it is none
	Warnings []string         `json:"warnings,omitempty"`
}

// Compare adds a comparison to the page. Its new side should be the run that
// the page is of.
func (p *Page) Compare(r *compare.Report) {
	c := Comparison{
		Old: results.Quote(about(r.Old)), New: results.Quote(about(r.New)), Sum: counts(r), Gate: scope(r), Launches: results.Quote(variation(r)),
		Threshold: r.Threshold, Refused: r.Refused, Warnings: r.Warnings, Outcomes: r.Outcomes, Left: r.Incomparable, Means: r.Means, NeverOK: r.NeverOK,
	}
	for _, v := range compare.Verdicts() {
		if n := r.Count(v); n > 0 {
			c.Counts = append(c.Counts, Tally{v, n})
		}
	}
	for i := range r.Rows {
		c.Rows = append(c.Rows, newComparedRow(&r.Rows[i]))
	}
	charts := changes(r)
	p.color(charts)
	charts = append(charts, forests(r)...)
	if n := len(p.Comparisons); n > 0 {
		for i := range charts { // an ID is unique
			charts[i].ID += "-" + string(rune('a'+n))
		}
	}
	p.Comparisons = append(p.Comparisons, c)
	p.Charts = append(charts, p.Charts...)
}

func newComparedRow(r *compare.Row) ComparedRow {
	return ComparedRow{
		Cell: r.Name, Metric: r.Metric, Unit: r.Unit, Better: r.Better, Old: ofEstimate(r.Old), New: ofEstimate(r.New),
		Change: results.Ratio{Center: five(r.Ratio.Center), Lo: five(r.Ratio.Lo), Hi: five(r.Ratio.Hi)},
		P:      five(r.PGate), OldN: r.Old.N, NewN: r.New.N, Verdict: r.Verdict, Note: judgement(r), Warnings: r.Warnings,
	}
}

func ofEstimate(e compare.Estimate) results.Interval {
	return results.Interval{Median: five(e.Median), Lo: five(e.Lo), Hi: five(e.Hi)}
}

func five(v results.Float) results.Float { return results.Float(digits(float64(v))) }
