package compare

import (
	"fmt"
	"math"
	"strings"

	"golang.org/x/perf/benchunit"

	"ipcbench/results"
)

// Values are scaled here, for text and Markdown alike.

// medians renders both as benchstat does, on one scale.
func (r *Row) medians() (old, new string) {
	scale := benchunit.CommonScale([]float64{float64(r.Old.Median), float64(r.New.Median)}, benchunit.ClassOf(r.Unit))
	suffix := ""
	switch {
	case strings.Contains(r.Unit, "B/s"):
		suffix = "B/s"
	case strings.Contains(r.Unit, "sec"):
		suffix = "s"
	}
	show := func(e Estimate) string {
		return fmt.Sprintf("%s%s ±%s", scale.Format(float64(e.Median)), suffix, e.interval())
	}
	return show(r.Old), show(r.New)
}

// change renders a ratio: "+4.2 %".
func change(ratio results.Float) string {
	if math.IsNaN(float64(ratio)) || math.IsInf(float64(ratio), 0) {
		return "–"
	}
	return fmt.Sprintf("%+.1f %%", 100*(float64(ratio)-1))
}

// probability renders p as benchstat does, and smaller ones with the digits
// that they have.
func probability(p results.Float) string {
	switch {
	case math.IsNaN(float64(p)):
		return "–"
	case p < 0.001:
		return fmt.Sprintf("%.1g", float64(p))
	}
	return fmt.Sprintf("%.3f", float64(p))
}

func (r *Row) n() string {
	if r.Old.N == r.New.N {
		return fmt.Sprint(r.Old.N)
	}
	return fmt.Sprintf("%d+%d", r.Old.N, r.New.N)
}

// Judgement is the verdict, and what would decide it where it is none: "can't tell
// (n ≈ 40 would)".
func (r *Row) Judgement() string {
	s := string(r.Verdict)
	switch {
	case r.Why != "":
		s += " (" + r.Why + ")"
	case r.Need > 0:
		s += fmt.Sprintf(" (n ≈ %d would)", r.Need)
	case r.Need < 0:
		s += " (about the threshold)"
	}
	return s
}

// outcome renders a change of outcome: "broken: CELL was ok and is failed: …".
func (c Change) outcome() string {
	s := fmt.Sprintf("%s: %s was %s and is %s", c.Verdict, c.Name, c.From, c.To)
	if c.Verdict == NotCompared {
		s = fmt.Sprintf("%s was %s and is %s", c.Name, c.From, c.To)
	}
	if c.Reason != "" && c.To != Absent {
		s += ": " + c.Reason
	}
	return s
}

// Scope says what was tested, how, and what size of change it can see.
func (r *Report) Scope() string {
	g := r.Gate
	s := fmt.Sprintf("Gate: slower by more than %s, at most %s false alarms over all %d rows; %s, %d relabellings.",
		percent(r.Threshold), percent(r.Alpha), g.Cells, g.Method, g.Draws)
	if g.Cells > 0 {
		s += fmt.Sprintf(" With these launches it finds a change of %s in a typical row 4 times in 5, in the noisiest one of %s.",
			percent(float64(g.Detectable)), percent(float64(g.Worst)))
	}
	return s
}

func percent(f float64) string { return fmt.Sprintf("%.3g %%", 100*f) }

// Variation says how launches vary.
func (r *Report) Variation() string {
	var worst *Row
	most, outliers, n := 0.0, int64(0), 0
	for i := range r.Rows {
		row := &r.Rows[i]
		outliers += row.Old.Outliers.Or(0) + row.New.Outliers.Or(0)
		n += row.Old.N + row.New.N
		if cv, ok := row.variation(); ok && (worst == nil || cv > most) {
			worst, most = row, cv
		}
	}
	switch {
	case n == 0:
		return ""
	case worst == nil:
		return fmt.Sprintf("Launches: %d values, too few to show how they vary.", n)
	}
	return fmt.Sprintf("Launches: %d values, %d outliers, none removed; coefficient of variation at most %s, in %s, %s.",
		n, outliers, percent(most), worst.Name, worst.Metric)
}

// Counts sums up: "1 slower, 30 same".
func (r *Report) Counts() string {
	var parts []string
	for _, v := range verdicts {
		if n := r.Count(v); n > 0 && v != NotCompared {
			parts = append(parts, fmt.Sprintf("%d %s", n, v))
		}
	}
	if n := len(r.Incomparable); n > 0 {
		parts = append(parts, fmt.Sprintf("%d not comparable", n))
	}
	if len(parts) == 0 {
		return "nothing was compared"
	}
	return strings.Join(parts, ", ")
}

// shown are the rows that a report lists: a summary has only what matters.
func (r *Report) shown(summary bool) (rows []*Row, left int) {
	for i := range r.Rows {
		row := &r.Rows[i]
		if summary && (row.Verdict == Same || row.Verdict == CantTell) {
			left++
			continue
		}
		rows = append(rows, row)
	}
	return rows, left
}

// columns are the head of the table of rows; marked adds the warnings.
func columns(marked bool) []string {
	head := []string{"cell", "metric", "old", "new", "change", "95 % interval", "p", "p gate", "n", "verdict"}
	if marked {
		head = append(head, "warnings")
	}
	return head
}

func (r *Row) columns(marked bool) []string {
	old, new := r.medians()
	out := []string{r.Name, r.Metric, old, new, change(r.Ratio.Center), r.Ratio.Interval(), probability(r.P), probability(r.PGate), r.n(), r.Judgement()}
	if marked {
		out = append(out, strings.Join(r.Doubts, ", "))
	}
	return out
}

// marked reports whether a row has a doubt of its own.
func (r *Report) marked() bool {
	for i := range r.Rows {
		if len(r.Rows[i].Doubts) > 0 {
			return true
		}
	}
	return false
}

func (a About) String() string {
	s := fmt.Sprintf("%s: %d cells, %d records", a.Name, a.Cells, a.Records)
	if a.Again > 0 {
		s += fmt.Sprintf(", %d of them another attempt at a launch that was untrusted, or whose partner was", a.Again)
	}
	if a.Lost > 0 {
		s += fmt.Sprintf(", %d launches untrusted at every attempt and left out", a.Lost)
	}
	if len(a.Kernels) > 0 {
		s += ", " + strings.Join(a.Kernels, " and ")
	}
	return s
}
