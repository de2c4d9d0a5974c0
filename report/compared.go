package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/perf/benchunit"

	"ipcbench/compare"
	"ipcbench/results"
)

// What a comparison found, in words that every form of it shows alike.

// medians renders both as benchstat does, on one scale. Their intervals are ours.
func medians(r *compare.Row) (old, new string) {
	all := onOneScale(r.Unit, r.Old, r.New)
	return all[0], all[1]
}

// onOneScale renders medians of one unit; "" where there is none.
func onOneScale(unit string, estimates ...compare.Estimate) (all []string) {
	var known []float64
	for _, e := range estimates {
		if e.N > 0 {
			known = append(known, float64(e.Center))
		}
	}
	if unit == "switches/op" { // 121.000m reads badly
		for _, e := range estimates {
			s := ""
			if e.N > 0 {
				s = results.Number.Format(float64(e.Center))
			}
			all = append(all, s)
		}
		return all
	}
	scale := benchunit.CommonScale(known, benchunit.ClassOf(unit))
	suffix := ""
	switch {
	case strings.Contains(unit, "B/s"):
		suffix = "B/s"
	case strings.Contains(unit, "sec"):
		suffix = "s"
	}
	for _, e := range estimates {
		s := ""
		if e.N > 0 {
			s = scale.Format(float64(e.Center)) + suffix
		}
		all = append(all, s)
	}
	return all
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

// judgement is the verdict, and where it is none what is known, and what would
// decide it: "can't tell: between -3.1 and +9.2 % (n ≈ 40 would decide)".
func judgement(r *compare.Row) string {
	s := string(r.Verdict)
	if r.Verdict == compare.CantTell {
		s = r.Ratio.Open()
	}
	return s + remarks(r, " would decide")
}

// remarks are what stands behind a verdict: why there is none, how many launches
// would decide, in these words, and that the medians lie the other way.
func remarks(r *compare.Row, decide string) (s string) {
	switch {
	case r.Why != "":
		s = " (" + r.Why + ")"
	case r.Need > 0:
		s = fmt.Sprintf(" (n ≈ %d%s)", r.Need, decide)
	case r.Need < 0:
		s = " (about the threshold)"
	}
	medians := r.New.Center / r.Old.Center
	if tenths(medians)*tenths(r.Ratio.Center) < 0 {
		s += fmt.Sprintf(" (medians say %s, %s %s)", results.Change(medians), map[bool]string{true: "pairs", false: "ratios"}[r.Paired()], results.Change(r.Ratio.Center))
	}
	return s + ownThreshold(r)
}

// ownThresholds is how many rows have a threshold that is not the report's.
func ownThresholds(r *compare.Report) (n int) {
	for i := range r.Rows {
		if r.Rows[i].Threshold > 0 {
			n++
		}
	}
	return n
}

// ownThreshold names that of a row where it is not the report's.
func ownThreshold(r *compare.Row) string {
	if r.Threshold == 0 {
		return ""
	}
	return " (threshold " + results.Percent(r.Threshold) + ")"
}

// tenths is by how much a ratio exceeds 1, in the tenths of a percent that are shown.
func tenths(ratio results.Float) float64 { return math.Round(1000 * (float64(ratio) - 1)) }

// says is what the scheduler changed, a sentence each.
func says(r *compare.Report) (all []string) {
	for i := range r.Rows {
		if s := r.Rows[i].Says; s != "" {
			all = append(all, s)
		}
	}
	return all
}

// outcome renders a change of outcome: "broken: CELL was ok and is failed: …".
func outcome(c compare.Change) string {
	s := fmt.Sprintf("%s: %s was %s and is %s", c.Verdict, c.Name, c.From, c.To)
	if c.Verdict == compare.NotCompared {
		s = fmt.Sprintf("%s was %s and is %s", c.Name, c.From, c.To)
	}
	if c.Reason != "" && c.To != compare.Absent {
		s += ": " + c.Reason
	}
	return s
}

// scope states what was tested, how, and what size of change it can see.
func scope(r *compare.Report) string {
	g := r.Gate
	if g.Cells == 0 {
		return "Gate: nothing was judged."
	}
	s := fmt.Sprintf("Gate: slower by more than %s, at most %s false alarms over %s together; %s, %d relabellings.",
		results.Percent(r.Threshold), results.Percent(r.Alpha), judged(r), g.Method, g.Draws)
	s += fmt.Sprintf(" With these launches it finds a change of %s in a typical cell 4 times in 5, in the noisiest one of %s. Of cells slower by %s it finds %s.",
		results.Percent(float64(g.Detectable)), results.Percent(float64(g.Worst)), results.Percent(roundedUp(float64(g.Seen))), results.Percent(compare.SeenShare))
	if own := ownThresholds(r); own > 0 {
		s += fmt.Sprintf(" Rows with a threshold of their own: %d.", own)
	}
	if n := len(r.Implied); n > 0 {
		s += " B/s follows from ns/op, and is not judged twice."
	}
	return s
}

// change states what the change of a row is.
func change(r *compare.Report) string {
	of := "of each new to each old launch"
	if r.Gate.Paired {
		of = "within pairs of launches that came one right after the other"
	}
	aside := ""
	if slices.ContainsFunc(r.Rows, func(row compare.Row) bool { return row.Aside }) {
		aside = " Of switches/op: of what an operation takes with them, in instructions. path-insns/op: without preemption; the gate judges this one alone."
	}
	old, new := compare.Called(r.Old.Label, r.New.Label)
	return "Change: the median ratio " + of + ", with its 95 % interval." + aside + " " + capital(old) + " and " + new + ": medians of launches, which may differ from it, even in sign. n: launches a side; after can't tell, those that would decide."
}

// variation states how launches vary, those of a base that reports share counted once.
func variation(reports ...*compare.Report) string {
	var worst *compare.Row
	most, outliers, n, capped := 0.0, int64(0), 0, 0
	for k, r := range reports {
		for i := range r.Rows {
			row := &r.Rows[i]
			if row.Aside {
				continue
			}
			for _, e := range []compare.Estimate{row.New, row.Old}[:map[bool]int{true: 2, false: 1}[k == 0]] {
				outliers += e.Outliers.Or(0)
				n, capped = n+e.N, capped+e.Capped
				if cv := float64(e.CV); !math.IsNaN(cv) && (worst == nil || cv > most) {
					worst, most = row, cv
				}
			}
		}
	}
	switch {
	case n == 0:
		return ""
	case worst == nil:
		return fmt.Sprintf("Launches: %d values, too few to show how they vary.", n)
	}
	moved := ""
	if capped > 0 {
		moved = fmt.Sprintf(", %d capped for the interval of a median", capped)
	}
	return fmt.Sprintf("Launches: %d values, %s, none removed%s; coefficient of variation at most %s, in %s, %s.",
		n, results.Plural(int(outliers), "outlier"), moved, results.Percent(most), worst.Cell.Short(worst.Name), worst.Metric)
}

// counts sums up: "1 slower, 30 same".
func counts(r *compare.Report) string {
	var parts []string
	for _, v := range compare.Verdicts() {
		if n := r.Count(v); n > 0 && v != compare.NotCompared {
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

// comparedTable has the rows of a table in Markdown. Warnings have a column where a
// row has one.
func comparedTable(rows []*compare.Row, old, new string) [][]string {
	table := [][]string{{"cell", "metric", old, new, "change", bounds, "p", "p gate", "n", "verdict", switchesHead, "warnings"}}
	marked, switches := false, false
	for _, r := range rows {
		marked, switches = marked || len(r.Warnings) > 0, switches || r.Switches != nil
		table = append(table, comparedRow(r))
	}
	for i := range table {
		if !switches {
			table[i] = slices.Delete(table[i], len(table[i])-2, len(table[i])-1)
		}
		if !marked {
			table[i] = table[i][:len(table[i])-1]
		}
	}
	return table
}

func comparedRow(r *compare.Row) []string {
	old, new := medians(r)
	return []string{r.Name, r.Metric, old + " " + r.Old.PlusMinus(), new + " " + r.New.PlusMinus(), results.Change(r.Ratio.Center), r.Ratio.Interval(), probability(r.P), probability(r.PGate), launchesOf(r),
		judgement(r), switchesOf(r), strings.Join(r.Warnings, ", ")}
}

// switchesHead heads the column of context switches an operation.
const switchesHead = "switches/op"

// switchesOf is how often the processes of a cell switch: "4.0", or "4.0, 2.0" of old
// and new where they differ.
func switchesOf(r *compare.Row) string {
	if r.Switches == nil {
		return ""
	}
	old, new := results.Number.Format(float64(r.Switches.Old)), results.Number.Format(float64(r.Switches.New))
	if old == new {
		return old
	}
	return old + ", " + new
}

// launchesOf is how many each side has: "10", "10+6".
func launchesOf(r *compare.Row) string {
	if r.Old.N != r.New.N {
		return fmt.Sprintf("%d+%d", r.Old.N, r.New.N)
	}
	return fmt.Sprint(r.Old.N)
}

// meansTable is nil where there is none.
func meansTable(r *compare.Report) (table [][]string) {
	for i, m := range r.Means {
		if i == 0 {
			table = [][]string{{"geometric mean of", "metric", "change", "rows"}}
		}
		of := "other benchmarks"
		if m.Mechanism != "" {
			of = m.Workload + "/mech=" + m.Mechanism
		}
		table = append(table, []string{of, m.Metric, results.Change(m.Ratio), fmt.Sprint(m.Rows)})
	}
	return table
}

func about(a compare.About) string {
	s := fmt.Sprintf("%s: %d cells, %d records", a.Name, a.Cells, a.Records)
	if a.Again > 0 {
		s += fmt.Sprintf(", %d of them another attempt at a launch that was untrusted, or whose partner was", a.Again)
	}
	if a.Lost > 0 {
		s += fmt.Sprintf(", %s untrusted at every attempt and left out", results.Plural(a.Lost, "launch"))
	}
	if len(a.Kernels) > 0 {
		s += ", " + strings.Join(a.Kernels, " and ")
	}
	return s
}
