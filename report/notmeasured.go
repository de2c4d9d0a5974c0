package report

import (
	"bufio"
	"fmt"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// absence is one reason for which cells have no number.
type absence struct {
	Outcome results.Outcome
	Reason  string
	Cells   []string // their names
}

// notOK is every outcome that has no number, the worst first.
var notOK = []results.Outcome{results.Failed, results.Untrusted, results.Skipped}

// paintOutcome is the word, with what it means for the numbers as its color.
func paintOutcome(screen text.Screen, o results.Outcome) string {
	marks := map[results.Outcome]text.Mark{results.Failed: text.Bad, results.Untrusted: text.Doubt, results.OK: text.Good}
	return screen.Paint(marks[o], string(o))
}

// absences groups the cells without a number by outcome, the worst first, and
// reason, in order of cells. A cell with several reasons is under each.
func absences(summaries []results.Summary) (out []absence) {
	type key struct {
		outcome results.Outcome
		reason  string
	}
	at := map[key]int{}
	for _, outcome := range notOK {
		for _, s := range summaries {
			for _, reason := range s.Reasons {
				if s.Outcome != outcome {
					break
				}
				i, ok := at[key{outcome, reason}]
				if !ok {
					i = len(out)
					at[key{outcome, reason}] = i
					out = append(out, absence{Outcome: outcome, Reason: results.Quote(reason)})
				}
				out[i].Cells = append(out[i].Cells, s.Cell.Name())
			}
		}
	}
	return out
}

// maxNames is how many cells a terminal gets to see of one reason. The
// Markdown report has them all.
const maxNames = 10

func writeNotOK(w *bufio.Writer, summaries []results.Summary, screen text.Screen) {
	all := absences(summaries)
	for i, a := range all {
		if i == 0 || a.Outcome != all[i-1].Outcome {
			fmt.Fprintf(w, "%s, %s:\n", paintOutcome(screen, a.Outcome), cells(countOutcome(summaries, a.Outcome)))
		}
		screen.Wrap(w, "  ", "  ", a.Reason)
		for _, name := range a.Cells[:min(len(a.Cells), maxNames)] {
			fmt.Fprintf(w, "    %s\n", screen.Short(4, name))
		}
		if more := len(a.Cells) - maxNames; more > 0 {
			fmt.Fprintf(w, "    and %d more\n", more)
		}
		if i+1 == len(all) || a.Outcome != all[i+1].Outcome {
			fmt.Fprintln(w)
		}
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
