package semantics

import (
	"fmt"
	"io"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// WriteClaims answers every claim as Markdown: those about what the kernel does
// from a report, those about speed from the cells of a run. Equal inputs give
// equal bytes. run names the run.
func WriteClaims(w io.Writer, r *Report, run string, cells []results.Summary) error {
	fmt.Fprintf(w, "Observed on %s.\n", results.EscapeMarkdown(r.Host.Strip()))
	fmt.Fprintf(w, "Speed was measured in %s.\n", results.EscapeMarkdown(run))
	for i, c := range Claims {
		fmt.Fprintf(w, "\n## %d. “%s”\n\n%s\n", i+1, c.Text, c.Answer)
		if c.Checks != nil {
			fmt.Fprintln(w)
			text.Head(w, "l", "", "statement", "verdict", "observed")
		}
		for _, id := range c.Checks {
			f := r.Finding(id)
			if f == nil {
				return fmt.Errorf("claim %d: the report has no statement %s: it was written by another version", i+1, id)
			}
			text.Row(w, id, results.EscapeMarkdown(f.Statement), f.Verdict, results.EscapeMarkdown(f.Outcome()))
		}
		if c.Speed != "" {
			if err := writeSpeed(w, c, cells); err != nil {
				return err
			}
		}
	}
	_, err := fmt.Fprintln(w)
	return err
}

// writeSpeed answers a claim about speed, setting by setting.
func writeSpeed(w io.Writer, c Claim, cells []results.Summary) error {
	fmt.Fprintln(w)
	text.Head(w, "l", "workload", "size", "place", "fastest", "`"+c.Speed+"` takes")
	faster, slower, unknown := 0, 0, 0
	for _, a := range results.Answers(cells) {
		if a.Cell.Queue != 0 || a.Cell.Workload != "PingPong" && a.Cell.Workload != "Stream" {
			continue
		}
		own, other := ranked(a, c.Speed), &a.Ranked[0]
		if c.Than != "" {
			other = ranked(a, c.Than)
		} else if own == other && len(a.Ranked) > 1 {
			other = &a.Ranked[1]
		}
		if own == nil || other == nil || own == other {
			continue
		}
		ratio := results.NewRatio(results.Logs(other.Times), results.Logs(own.Times))
		takes := "can't tell from"
		switch {
		case ratio.Lo == 0:
			takes = "– too few launches"
		case ratio.Hi < 1:
			takes = fmt.Sprintf("%.2f times as long as `%s`", float64(ratio.Center), other.Cell.Mechanism)
			faster++
		case ratio.Lo > 1:
			takes = fmt.Sprintf("%.2f times as long as `%s`", float64(ratio.Center), other.Cell.Mechanism)
			slower++
		default:
			takes += " `" + other.Cell.Mechanism + "`: " + ratio.Bounds()
			unknown++
		}
		text.Row(w, a.Cell.Workload, results.FormatBytes(a.Cell.Size), results.PlaceTitle(a.Cell.Place), "`"+a.Ranked[0].Cell.Mechanism+"`", takes)
	}
	than := "any other"
	if c.Than != "" {
		than = "`" + c.Than + "`"
	}
	_, err := fmt.Fprintf(w, "\nFaster than %s in %d rows, slower in %d, can't tell in %d.\n", than, faster, slower, unknown)
	return err
}

// ranked is a mechanism in an answer, or nil.
func ranked(a results.Answer, mechanism string) *results.Ranked {
	for i := range a.Ranked {
		if a.Ranked[i].Cell.Mechanism == mechanism {
			return &a.Ranked[i]
		}
	}
	return nil
}
