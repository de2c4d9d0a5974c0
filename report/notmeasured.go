package report

import (
	"bufio"
	"fmt"

	"ipcbench/results"
)

// reasonGroup is one reason for which cells have no number.
type reasonGroup struct {
	reason string
	cells  []results.Cell
}

// reasonGroups groups the cells of one outcome by reason, in order of cells. A
// cell with several reasons is under each.
func reasonGroups(summaries []results.Summary, outcome results.Outcome) []reasonGroup {
	var out []reasonGroup
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
				out = append(out, reasonGroup{reason: reason})
			}
			out[i].cells = append(out[i].cells, s.Cell)
		}
	}
	return out
}

// notOK is every outcome that has no number, the worst first.
var notOK = []results.Outcome{results.Failed, results.Untrusted, results.Skipped}

// maxNames is how many cells a terminal gets to see of one reason. The
// Markdown report has them all.
const maxNames = 10

func writeNotOK(w *bufio.Writer, summaries []results.Summary) {
	for _, outcome := range notOK {
		list := reasonGroups(summaries, outcome)
		if len(list) == 0 {
			continue
		}
		fmt.Fprintf(w, "%s, %s:\n", outcome, cells(countOutcome(summaries, outcome)))
		for _, a := range list {
			fmt.Fprintf(w, "  %s\n", results.Quote(a.reason))
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

func countOutcome(summaries []results.Summary, outcome results.Outcome) (n int) {
	for _, s := range summaries {
		if s.Outcome == outcome {
			n++
		}
	}
	return n
}
