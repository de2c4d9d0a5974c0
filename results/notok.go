package results

import (
	"bufio"
	"fmt"
)

// absence is one reason for which cells have no number.
type absence struct {
	reason string
	cells  []Cell
}

// absences groups the cells of one outcome by reason, in order of cells. A
// cell with several reasons is under each.
func absences(summaries []Summary, outcome Outcome) []absence {
	var out []absence
	at := map[string]int{} // by reason
	for _, s := range summaries {
		if s.Outcome != outcome {
			continue
		}
		for _, reason := range s.Reasons {
			i, ok := at[reason]
			if !ok {
				i = len(out)
				at[reason] = i
				out = append(out, absence{reason: reason})
			}
			out[i].cells = append(out[i].cells, s.Cell)
		}
	}
	return out
}

// notOK is every outcome that has no number, the worst first.
var notOK = []Outcome{Failed, Untrusted, Skipped}

// maxNames is how many cells a terminal gets to see of one reason. The
// Markdown report has them all.
const maxNames = 10

func writeNotOK(w *bufio.Writer, summaries []Summary) {
	for _, outcome := range notOK {
		list := absences(summaries, outcome)
		if len(list) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s, %s:\n", outcome, cells(countOutcome(summaries, outcome)))
		for _, a := range list {
			fmt.Fprintf(w, "  %s\n", Quote(a.reason))
			for _, c := range a.cells[:min(len(a.cells), maxNames)] {
				fmt.Fprintf(w, "    %s\n", c.Name())
			}
			if more := len(a.cells) - maxNames; more > 0 {
				fmt.Fprintf(w, "    and %d more\n", more)
			}
		}
		fmt.Fprintln(w)
	}
}

func cells(n int) string {
	if n == 1 {
		return "1 cell"
	}
	return fmt.Sprintf("%d cells", n)
}

func countOutcome(summaries []Summary, outcome Outcome) (n int) {
	for _, s := range summaries {
		if s.Outcome == outcome {
			n++
		}
	}
	return n
}
