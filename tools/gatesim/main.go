// Simulate measures the operating characteristics of the gate: how often it
// gives a false alarm, and how often it detects a change of a given size. It
// measures those of races too: how often one names a wrong winner, and how many
// launches it needs; and those of steps in series of builds. It writes them into docs/method.md, between two marks, and draws docs/power.svg.
// Seeds are fixed: it always writes the same. Everything takes some thirty-five
// minutes of processor time; named sections are written anew alone. Run it from
// the root of the repository:
//
//	go run ./tools/gatesim
//	go run ./tools/gatesim 'Hard cases' Pairs
package main

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"

	"ipcbench/internal/text"
	"ipcbench/results"
)

const (
	page  = "docs/method.md"
	image = "docs/power.svg"
	begin = "<!-- simulated: go run ./tools/gatesim -->\n"
	end   = "<!-- end of simulated -->\n"
)

// section is a part of the page, under its title.
type section struct {
	title string
	write func(*strings.Builder)
}

// drawing is what the picture is called among the sections.
const drawing = "picture"

var sections = []section{
	{"Three ways to correct", candidates},
	{"False alarms", alarms},
	{"Hard cases", hard},
	{"Detection", power},
	{"Pairs", paired},
	{"What a verdict claims to see", claims},
	{"Intervals of medians", intervals},
	{"Launches beyond the plan", until},
	{"Races", races},
	{"Unpinned races", unpinned},
	{"Aliases", aliases},
	{"One look", oneLook},
	{"Other procedures", otherProcedures},
	{"False steps", falseSteps},
	{"False steps in 200 builds", falseStepsOfLong},
	{"Steps found", foundSteps},
	{"Place and size of a step", placedSteps},
	{"Steps of counted series", countedSteps},
}

func main() {
	if err := write(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
}

// write writes the sections that are named, or all of them.
func write(named []string) error {
	was, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	head, rest, ok := strings.Cut(string(was), begin)
	simulated, tail, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return fmt.Errorf("%s lacks the marks %q and %q", page, begin, end)
	}
	for _, name := range named {
		if name != drawing && !slices.ContainsFunc(sections, func(s section) bool { return s.title == name }) {
			return fmt.Errorf("%q is no section", name)
		}
	}
	wanted := func(name string) bool { return len(named) == 0 || slices.Contains(named, name) }
	var b strings.Builder
	for _, s := range sections {
		heading := "\n### " + s.title + "\n\n"
		b.WriteString(heading)
		if wanted(s.title) {
			s.write(&b)
			continue
		}
		_, kept, _ := strings.Cut(simulated, heading)
		kept, _, _ = strings.Cut(kept, "\n### ")
		b.WriteString(kept)
	}
	if err := os.WriteFile(page, []byte(head+begin+b.String()+end+tail), 0o644); err != nil || !wanted(drawing) {
		return err
	}
	return os.WriteFile(image, []byte(picture(panels())), 0o644)
}

// Sizes of suites, numbers of launches, noises and changes of the tables.
var (
	suiteSizes = []int{10, 300, 5000}
	launches   = []int{6, 10, 20}
	noises     = []float64{0.02, 0.03, 0.05}
	changes    = []float64{0.08, 0.12, 0.15, 0.25}
)

// suites is how many suites of a size are drawn: the larger are dearer.
func suites(cells int) int {
	if cells <= 300 {
		return 400
	}
	return 60
}

func at(cv float64) noise {
	z := machine
	z.cv = cv
	return z
}

func candidates(b *strings.Builder) {
	fmt.Fprintf(b, "Share of true changes of 15 %% that are detected, at a launch-to-launch variation of 3 %%:\n\n")
	head := []string{"cells", "n"}
	for _, m := range methods {
		head = append(head, m.name)
	}
	text.Head(b, "r", head...)
	for _, cells := range suiteSizes {
		for _, n := range launches {
			text.Row(b, candidatesRow(cells, n)...)
		}
	}
}

func candidatesRow(cells, n int) []any {
	row := []any{cells, n}
	for _, m := range methods {
		row = append(row, two(detected(m, at(0.03), cells, n, suites(cells), []float64{0.15})[0]))
	}
	return row
}

// Shares are written with two digits, and those near α with three.
func two(share float64) string   { return fmt.Sprintf("%.2f", share) }
func three(share float64) string { return fmt.Sprintf("%.3f", share) }

// few suites show that a rate is about 0, or far from α; many show what it is.
const few, many = 1000, 3000

func alarms(b *strings.Builder) {
	fmt.Fprintf(b, "No cell of these suites is slower by more than %.0f %%. The table has the share of suites in which the gate fires; α is %v.\n"+
		"\"At the threshold\": every cell is slower by just %.0f %%. A rate of α comes out as %.3f ± %.3f in %d suites.\n\n",
		100*threshold, alpha, 100*threshold, alpha, 2*math.Sqrt(alpha*(1-alpha)/many), many)
	text.Head(b, "r", "cells", "n", "no change at all", "at the threshold", "the same, new side twice as noisy")
	for _, cells := range []int{10, 300} {
		for _, n := range launches {
			text.Row(b, alarmsRow(cells, n)...)
		}
	}
}

func alarmsRow(cells, n int) []any {
	louder := at(0.03)
	louder.louder = 2
	return []any{cells, n,
		three(falseAlarms(theGate, at(0.03), cells, n, few, 0)),
		three(falseAlarms(theGate, at(0.03), cells, n, many, threshold)),
		three(falseAlarms(theGate, louder, cells, n, many, threshold))}
}

func power(b *strings.Builder) {
	fmt.Fprintf(b, "Share of true changes that the gate detects, by the launch-to-launch variation of a typical cell:\n\n")
	head := []string{"cells", "n", "variation"}
	for _, c := range changes {
		head = append(head, results.Percent(c))
	}
	text.Head(b, "r", head...)
	for _, cells := range suiteSizes {
		for _, n := range launches {
			for _, cv := range noises {
				text.Row(b, powerRow(cells, n, cv)...)
			}
		}
	}
}

func powerRow(cells, n int, cv float64) []any {
	row := []any{cells, n, results.Percent(cv)}
	for _, p := range detected(theGate, at(cv), cells, n, suites(cells), changes) {
		row = append(row, two(p))
	}
	return row
}

func paired(b *strings.Builder) {
	fmt.Fprintf(b, "The sides take turns on a machine whose speed drifts from pass to pass. The table has the share of true changes of 15 %% that are detected among 300 cells, at a\n"+
		"variation of 3 %% beside the drift. Launches are taken as two samples or as pairs. The false alarms of pairs are those \"at the threshold\".\n\n")
	text.Head(b, "r", "n", "drift", "two samples", "pairs", "false alarms of pairs")
	for _, n := range launches[1:] {
		for _, drift := range []float64{0, 0.01, 0.03, 0.1, 0.3} {
			text.Row(b, pairedRow(300, n, drift)...)
		}
	}
}

func pairedRow(cells, n int, drift float64) []any {
	z := at(0.03)
	z.turns, z.drift = true, drift
	change := []float64{0.15}
	return []any{n, results.Percent(drift),
		two(detected(theGate, z, cells, n, suites(cells), change)[0]), two(detected(inPairs, z, cells, n, suites(cells), change)[0]),
		three(falseAlarms(inPairs, z, cells, n, many, threshold))}
}

// panels are the curves of the picture, for 300 cells.
func panels() (all []panel) {
	var steps []float64
	for i := range 16 {
		steps = append(steps, 0.02*float64(i))
	}
	for _, cv := range noises {
		p := panel{title: fmt.Sprintf("300 cells, variation %.0f %%", 100*cv), changes: steps}
		for _, n := range launches {
			p.curves = append(p.curves, curve{n, detected(theGate, at(cv), 300, n, 200, steps)})
		}
		all = append(all, p)
	}
	return all
}
