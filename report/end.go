package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"ipcbench/choose"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// mostLines is how many lines of one kind the end of a run has at most: with the
// others they fit a terminal.
const mostLines = 20

// End is what a run shows when it is done: last the answer, and what to do next.
type End struct {
	Set       *results.Set
	Summaries []results.Summary // of it
	Run       string            // its directory
	Screen    text.Screen       // that shows it
	All       bool              // every cell is shown, however many there are

	Until   float64  // the width that was asked for, a share of the median; 0: none
	Planned int      // cells of the plan
	Wide    []string // cells that did not reach that width
}

// Write writes the cells, all or where they are few; which mechanism is fastest;
// what has no number, and what spoiled numbers; where the time went; the directory,
// and the next command.
func (e End) Write(w io.Writer) error {
	var table strings.Builder
	buf := bufio.NewWriter(&table)
	writeCells(buf, e.Summaries, e.Screen)
	buf.Flush() // a strings.Builder takes everything
	shown := e.All || strings.Count(table.String(), "\n") <= mostLines
	switch {
	case e.All:
		if err := WriteTable(w, e.Summaries, e.Screen); err != nil {
			return err
		}
	case shown:
		io.WriteString(w, table.String())
	}
	if !e.All {
		writeLibraries(buf, e.Summaries, e.Screen)
		buf.Flush()
	}
	WriteDecisions(w, e.Summaries, e.Screen)
	writeMissing(w, e.Summaries, e.Screen)
	for _, withheld := range results.WithheldFrom(e.Summaries) {
		e.Screen.Wrap(w, "not available here: ", "  ", strings.Join(withheld.Mechanisms, ", ")+": "+results.Quote(withheld.Reason))
	}
	writeSpoiled(w, e.Set, e.Summaries, e.Screen)
	WriteWide(w, e.Screen, e.Until, e.Planned, e.Wide)
	if spent, ok := e.Set.Spent(); ok {
		e.Screen.Wrap(w, "time: ", "      ", spent.String())
	}
	fmt.Fprintf(w, "\n%s\n", e.Run)
	if !shown {
		fmt.Fprintf(w, "cells: ipcbench runs show %s --all\n", strings.TrimPrefix(e.Run, results.RunsDir+"/"))
	}
	_, err := fmt.Fprintf(w, "next: %s\n", e.Screen.Paint(text.Strong, e.next()))
	return err
}

// fewReasons is how many reasons to skip cells stand at the end of a run. Where
// there are more they are limits of many mechanisms, which no run can change.
const fewReasons = 3

// writeMissing writes why cells have no number: a line a reason, the worst first.
// Reasons that differ in their numbers alone are one.
func writeMissing(w io.Writer, summaries []results.Summary, screen text.Screen) {
	var all []absence
	for _, a := range absences(summaries) {
		i := slices.IndexFunc(all, func(b absence) bool {
			return a.Outcome == b.Outcome && withoutNumbers(a.Reason) == withoutNumbers(b.Reason)
		})
		if i < 0 {
			all = append(all, a)
			continue
		}
		for _, name := range a.Cells {
			all[i].Cells = results.AddOnce(all[i].Cells, name)
		}
	}
	skips := slices.IndexFunc(all, func(a absence) bool { return a.Outcome == results.Skipped })
	if skips >= 0 && len(all)-skips > fewReasons {
		defer screen.Wrap(w, "", "  ", fmt.Sprintf("skipped: %s, for %d reasons: --all or `ipcbench report` has them", cells(countOutcome(summaries, results.Skipped)), len(all)-skips))
		all = all[:skips]
	}
	for i, a := range all {
		if i == mostLines-1 && len(all) > mostLines {
			fmt.Fprintf(w, "and %d more reasons: --all or `ipcbench report` has them\n", len(all)-i)
			return
		}
		line := fmt.Sprintf("%s: %s: %s", paintOutcome(screen, a.Outcome), a.Reason, screen.Short(2, a.Cells[0]))
		if more := len(a.Cells) - 1; more > 0 {
			line += fmt.Sprintf(" and %d more", more)
		}
		screen.Wrap(w, "", "  ", line)
	}
}

// withoutNumbers is a reason without its words that begin with a digit.
func withoutNumbers(reason string) string {
	words := strings.Fields(reason)
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w[0] >= '0' && w[0] <= '9' }), " ")
}

// writeSpoiled writes what spoiled the run's numbers without voiding them, a line
// each: warnings of the files and of cells, and how many the machine has.
func writeSpoiled(w io.Writer, set *results.Set, summaries []results.Summary, screen text.Screen) {
	const most = 5
	head := screen.Paint(text.Doubt, "warning:") + " "
	all := newWarnings(set, summaries)
	machine := 0
	for _, h := range set.Hosts() {
		machine += len(h.Warnings)
	}
	all = all[machine:]
	for _, warning := range all[:min(len(all), most)] {
		line := warning.Text
		if warning.Cells > 0 {
			line += " (" + cells(warning.Cells) + ")"
		}
		screen.Wrap(w, head, "  ", line)
	}
	if more := len(all) - most; more > 0 {
		fmt.Fprintf(w, "and %s more: `ipcbench report` has them\n", results.Plural(more, "warning"))
	}
	if machine > 0 {
		screen.Wrap(w, head, "  ", results.Plural(machine, "warning")+" about this host: `ipcbench doctor` lists them, with remedies")
	}
}

// next is the command to go on with: that which finishes an interrupted run, or next.
func (e End) next() string {
	if h := e.Set.Header; h != nil && len(h.Command) > 1 && h.Command[1] == "run" {
		if came, _ := e.Set.CameTo(e.Summaries); came == results.Unfinished {
			return "ipcbench run --resume " + e.Run
		}
	}
	return next(e.Summaries, e.Run)
}

// next is the command that is worth most after a run: the one that decides the
// question of which the most is open or, where none is, that which writes the report.
// All is open where a mechanism is untrusted.
func next(summaries []results.Summary, run string) string {
	command, least := "ipcbench report "+run, 1.0
	open := func(c results.Cell, lo float64) { // another may take that multiple of the time
		i := slices.IndexFunc(choose.Patterns, func(p choose.Pattern) bool { return p.Workload == c.Workload })
		if i >= 0 && c.Queue == 0 && c.Options == (results.Options{}) && lo < least {
			least = lo
			command = fmt.Sprintf("ipcbench choose %s %s --place %s", choose.Patterns[i].Name, results.FormatBytes(c.Size), c.Place)
		}
	}
	for _, s := range summaries {
		if s.Outcome == results.Untrusted {
			open(s.Cell, 0)
		}
	}
	for _, a := range choose.Answers(summaries) {
		for _, r := range a.Ranked[1:] {
			if !r.Out && (a.Decision == results.Undecided || a.Decision == results.TooFew) {
				open(a.Cell, float64(r.Ratio.Lo))
			}
		}
	}
	return command
}
