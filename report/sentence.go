package report

import (
	"fmt"
	"math"
	"strings"

	"ipcbench/compare"
	"ipcbench/results"
)

// sentence is what a comparison came to, in one: every form begins with it, word
// for word.
func sentence(r *compare.Report) string {
	status := r.Status()
	if status == compare.Nothing {
		return "Nothing was compared: " + r.Cause
	}
	threshold := results.Percent(r.Threshold)
	if ownThresholds(r) > 0 {
		threshold = "their thresholds"
	}
	above := " more than " + threshold
	var parts []string
	if n := r.Count(compare.Broken); n > 0 {
		parts = append(parts, fmt.Sprintf("%s ok and %s failed or skipped: %s", are(n, "cell", "was", "were"), word(n, "is", "are"), firstOf(n, r.Outcomes[0].Cell.Short(r.Outcomes[0].Name))))
	}
	if n := r.Count(compare.Slower); n > 0 {
		worst := &r.Rows[0] // of one verdict the largest change is first
		name := worst.Cell.Short(worst.Name) + " " + results.Change(worst.Ratio.Center)
		if severalMetrics(r) {
			name = worst.Cell.Short(worst.Name) + ", " + worst.Metric + " " + results.Change(worst.Ratio.Center)
		}
		if n > 1 {
			name = "worst " + name
		}
		parts = append(parts, fmt.Sprintf("%d of %s %s slower by%s: %s", n, judged(r), word(n, "is", "are"), above, name))
	}
	if n, which := unknown(r); n > 0 {
		parts = append(parts, fmt.Sprintf("%s not be judged: %s", are(n, "cell", "could", "could"), firstOf(n, which)))
	}
	if status != compare.Regressed && r.Gate.Cells > 0 {
		in := judged(r)
		if len(parts) > 0 {
			in = "the other " + in
		}
		s := fmt.Sprintf("no regression above %s in %s", threshold, in)
		if n := r.Count(compare.Faster); n > 0 {
			s += fmt.Sprintf(", and %d %s faster by%s", n, word(n, "is", "are"), above)
		}
		parts = append(parts, s, seen(r))
	}
	if n := r.Count(compare.Same); len(parts) == 0 { // too few launches for the gate to judge any
		parts = append(parts, fmt.Sprintf("no regression: the counts of %s are equal", results.Plural(n, "cell")))
	}
	return capital(strings.Join(parts, "; "))
}

// seen states which change the launches would have shown. Of few cells a share says
// little, and the probability is the same number.
func seen(r *compare.Report) string {
	const few = 20
	share := results.Percent(compare.SeenShare)
	if r.Gate.Seen > 10 {
		return "would hardly have seen even 1000 %"
	}
	s := "would have seen " + results.Percent(roundedUp(float64(r.Gate.Seen)))
	if r.Gate.Cells < few {
		return s + " with " + share + " probability"
	}
	return s + " in " + share + " of them"
}

// roundedUp has two digits: what is claimed must be no less than what was computed.
func roundedUp(share float64) float64 {
	digit := math.Pow10(int(math.Floor(math.Log10(share))) - 1)
	return digit * math.Ceil(share/digit-1e-9)
}

// judged is how many the gate judged: cells, or rows where a cell has several.
func judged(r *compare.Report) string {
	if severalMetrics(r) {
		return results.Plural(r.Gate.Cells, "row")
	}
	return results.Plural(r.Gate.Cells, "cell")
}

// severalMetrics reports whether the gate judged several metrics of a cell.
func severalMetrics(r *compare.Report) bool {
	of := map[string]string{}
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Aside {
			continue
		}
		if metric, known := of[row.Name]; known && metric != row.Metric {
			return true
		}
		of[row.Name] = row.Metric
	}
	return false
}

// unknown is how many could not be judged, and the first of them with its reason.
func unknown(r *compare.Report) (n int, first string) {
	note := func(s string) {
		if n++; n == 1 {
			first = s
		}
	}
	for _, c := range r.Outcomes {
		if c.Verdict == compare.Lost || c.Verdict == compare.Unjudged {
			note(fmt.Sprintf("%s was %s and is %s", c.Cell.Short(c.Name), c.From, c.To))
		}
	}
	for i := range r.Rows {
		if row := &r.Rows[i]; row.Verdict == compare.Unjudged && !row.Aside {
			note(row.Cell.Short(row.Name) + ": " + row.Why)
		}
	}
	for _, c := range r.Incomparable {
		note(fmt.Sprintf("%s, %s: %s", c.Cell.Short(c.Name), c.Metric, strings.Join(c.Warnings, ", ")))
	}
	return n, first
}

// are is a number of things with their verb: "1 cell was", "2 cells were".
func are(n int, what, one, many string) string {
	return results.Plural(n, what) + " " + word(n, one, many)
}

func word(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// firstOf is the only one of n, or "first …".
func firstOf(n int, name string) string {
	if n == 1 {
		return name
	}
	return "first " + name
}
