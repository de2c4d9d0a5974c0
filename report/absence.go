package report

import (
	"slices"
	"strings"

	"ipcbench/results"
)

// absence is why cells have no number.
type absence struct {
	Outcome results.Outcome
	Reason  string
	Cells   []string // their names
}

// newAbsences groups cells by outcome, the worst first, and reason.
func newAbsences(cells []Cell) (out []absence) {
	for _, outcome := range []results.Outcome{results.Failed, results.Untrusted, results.Skipped} {
		from := len(out)
		for _, c := range cells {
			if c.Outcome != outcome {
				continue
			}
			reason := strings.Join(c.Reasons, "; ")
			i := slices.IndexFunc(out[from:], func(a absence) bool { return a.Reason == reason })
			if i < 0 {
				i = len(out) - from
				out = append(out, absence{Outcome: outcome, Reason: reason})
			}
			out[from+i].Cells = append(out[from+i].Cells, c.Name)
		}
	}
	return out
}
