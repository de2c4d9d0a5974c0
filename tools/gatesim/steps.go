package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"ipcbench/compare/steps"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// How many series of a number of builds show the rates. A series of 200 builds
// takes 16 times as long as one of 45.
const (
	shortBuilds, shortSeries = 45, 5000
	longBuilds, longSeries   = 200, 250
	before                   = 20 // builds before a step
	steppedSeries            = 500
)

// numbers of series that are looked at together.
var together = []int{1, 10, 300}

func falseSteps(b *strings.Builder) {
	fmt.Fprintf(b, "Series of %d builds without a step. A build has ten launches. Launches vary by 5 %%, and builds by 1.5 %% beside that, where the table does not say otherwise. Each series is looked at after each build from the fourth on.\n"+
		"The table has the mean number of series that show a step at any look, of as many as are looked at together. It is to be at most 0.05 of the first 200 builds. %d series were drawn. "+
		"The last column has the share of single series that show a step at the last look.\n\n", shortBuilds, shortSeries)
	text.Head(b, "r", "series", "of 1", "of 10", "of 300", "last look, of 1")
	for _, f := range flats() {
		text.Row(b, f.falseRow(shortBuilds, shortSeries)...)
	}
	fmt.Fprintf(b, "\nOther ways to watch the first of these series, in the share of %d series of %d builds that give an alarm:\n\n", steppedSeries, shortBuilds)
	text.Head(b, "r", "monitor", "alarms")
	for _, m := range []monitor{latest, cusum, fixed} {
		text.Row(b, m.name, three(m.alarms(stated, steppedSeries)))
	}
}

func falseStepsOfLong(b *strings.Builder) {
	fmt.Fprintf(b, "The same with %d builds, of which %d series were drawn.\n\n", longBuilds, longSeries)
	text.Head(b, "r", "series", "of 1", "of 10", "of 300", "last look, of 1")
	for _, f := range flats() {
		text.Row(b, f.falseRow(longBuilds, longSeries)...)
	}
}

// alarms is the share of series that have an alarm within 45 builds.
func (m monitor) alarms(f flat, drawn int) float64 {
	return share(drawn, func(r *rand.Rand) bool {
		return m.first(watch(f.series(r, shortBuilds, shortBuilds, 0)), 4) > 0
	})
}

// falseRow has the false steps of series. What is no step of one series is
// none of ten, which need more, so only those of one are looked at again.
func (f flat) falseRow(builds, drawn int) []any {
	type trial struct {
		shown [3]bool // by together
		last  bool
	}
	all := trials(drawn, func(r *rand.Rand) (t trial) {
		s := watch(f.series(r, builds, builds, 0))
		from := 4
		for i, n := range together {
			if from = search(n).first(s, from); from == 0 {
				break
			}
			t.shown[i] = true
		}
		t.last = len(search(1).look(s, builds)) > 0
		return t
	})
	row := []any{f.name}
	for i, n := range together {
		shown := 0
		for _, t := range all {
			if t.shown[i] {
				shown++
			}
		}
		row = append(row, three(float64(n*shown)/float64(drawn)))
	}
	last := 0
	for _, t := range all {
		if t.last {
			last++
		}
	}
	return append(row, three(float64(last)/float64(drawn)))
}

// Sizes of steps, and builds since the step.
var (
	stepSizes = []float64{0.02, 0.03, 0.05, 0.1, 0.2}
	since     = []int{1, 2, 4, 8, 16}
)

func foundSteps(b *strings.Builder) {
	fmt.Fprintf(b, "Share of %d series that show a step by the look after as many builds since the step. It comes after %d builds of \"as stated\". \"None\" has the alarms of as many looks without a step.\n"+
		"A partition counts if it has a step within two builds of the true place; the others name no place.\n\n", steppedSeries, before)
	head := []string{"monitor", "step"}
	for _, n := range since {
		head = append(head, fmt.Sprint(n))
	}
	text.Head(b, "r", append(head, "median delay")...)
	for _, m := range []monitor{
		search(1), search(300), latest, cusum, fixed,
	} {
		for _, size := range append([]float64{0}, stepSizes...) {
			text.Row(b, m.foundRow(size, steppedSeries)...)
		}
	}
}

func (m monitor) foundRow(size float64, drawn int) []any {
	most := since[len(since)-1]
	near := func(at int) bool {
		return size == 0 || at < 0 || at >= before-2 && at <= before+2 || m.name == latest.name
	}
	delays := trials(drawn, func(r *rand.Rand) int {
		s := watch(stated.series(r, before+most, before, size))
		for n := 1; n <= most; n++ {
			if slices.ContainsFunc(m.look(s, before+n), near) {
				return n
			}
		}
		return most + 1
	})
	slices.Sort(delays)
	name := "none"
	if size > 0 {
		name = results.Percent(size)
	}
	row := []any{m.name, name}
	for _, n := range since {
		found, _ := slices.BinarySearch(delays, n+1)
		row = append(row, two(float64(found)/float64(drawn)))
	}
	if middle := delays[drawn/2]; middle <= most {
		return append(row, middle)
	}
	return append(row, "–")
}

func placedSteps(b *strings.Builder) {
	fmt.Fprintf(b, "Of the steps that single series of \"as stated\" show at a look, within five builds of the true place: the share that has the right place, that is off by at most one build and by two; the share of 95 %% intervals that have the true ratio, and the mean of half their width.\n"+
		"Few builds show a small step only if they happen to lie far off. So its interval misses more often.\n\n")
	text.Head(b, "r", "step", "builds since", "found", "right", "within 1", "within 2", "covers", "half width")
	for _, size := range stepSizes {
		for _, n := range since[2:] {
			text.Row(b, placedRow(size, n, steppedSeries)...)
		}
	}
}

func placedRow(size float64, n, drawn int) []any {
	var found, right, within1, within2, covered, half float64
	for _, at := range trials(drawn, func(r *rand.Rand) []steps.Step {
		return steps.Timed(watch(stated.series(r, before+n, before, size)).reduced)
	}) {
		i := slices.IndexFunc(at, func(s steps.Step) bool { return s.At >= before-5 && s.At <= before+5 })
		if i < 0 {
			continue
		}
		step := at[i]
		found++
		half += (step.High - step.Low) / 2 / step.Ratio
		off := max(step.At-before, before-step.At)
		for most, n := range []*float64{&right, &within1, &within2} {
			if off <= most {
				*n++
			}
		}
		if step.Low <= 1+size && 1+size <= step.High {
			covered++
		}
	}
	row := []any{results.Percent(size), n, two(found / float64(drawn))}
	if found < 30 {
		return append(row, "–", "–", "–", "–", "–")
	}
	return append(row, two(right/found), two(within1/found), two(within2/found), two(covered/found), fmt.Sprintf("%.1f %%", 100*half/found))
}

// counted are series of six seeds.
type counted struct {
	name  string
	seed  float64 // standard deviation of what a seed adds in one build alone
	build float64 // standard deviation of a build, all seeds alike
	tail  bool    // both have Student's t with 3 degrees of freedom
}

func countedSeries() []counted {
	return []counted{
		{"seeds 0.02 %", 0.0002, 0, false},
		{"seeds 0.1 %", 0.001, 0, false},
		{"seeds 1 %", 0.01, 0, false},
		{"seeds 0.05 %, builds 0.05 %", 0.0005, 0.0005, false},
		{"seeds 0.05 %, builds 0.2 %", 0.0005, 0.002, false},
		{"seeds 0.05 %, builds 0.2 %, Student's t with 3 degrees of freedom", 0.0005, 0.002, true},
		{"seeds 0.05 %, builds 1 %", 0.0005, 0.01, false},
	}
}

func (c counted) series(r *rand.Rand, n, at int, step float64) [][]float64 {
	f := flat{tail: c.tail}
	own := make([]float64, 6) // seeds differ by 1 %, alike in each build
	for k := range own {
		own[k] = 0.01 * r.NormFloat64()
	}
	out := make([][]float64, n)
	for i := range out {
		level := c.build * f.draw(r)
		if i >= at {
			level += math.Log1p(step)
		}
		for k := range own {
			out[i] = append(out[i], math.Exp(level+own[k]+c.seed*f.draw(r)))
		}
	}
	return out
}

func countedSteps(b *strings.Builder) {
	fmt.Fprintf(b, "Counted series of six seeds, %d of each. A seed and a build deviate by as much as the table says, and seeds by 1 %% from each other in all builds alike. False steps are the mean number in the first 20 builds and in the next 180.\n"+
		"Steps come after 40 builds; a step is found if the first build after it shows it.\n\n", steppedSeries)
	head := []string{"series", "false in 20 builds", "in the next 180"}
	sizes := []float64{0.003, 0.005, 0.01, 0.02}
	for _, size := range sizes {
		head = append(head, results.Percent(size))
	}
	text.Head(b, "r", head...)
	for _, c := range countedSeries() {
		text.Row(b, c.row(sizes, steppedSeries)...)
	}
}

func (c counted) row(sizes []float64, drawn int) []any {
	type trial struct {
		early, late int
		found       []bool
	}
	var sum trial
	found := make([]int, len(sizes))
	for _, t := range trials(drawn, func(r *rand.Rand) (t trial) {
		for _, s := range steps.Counted(c.series(r, 200, 200, 0)) {
			if s.At < 20 {
				t.early++
			} else {
				t.late++
			}
		}
		for _, size := range sizes {
			shown := steps.Counted(c.series(r, 41, 40, size))
			t.found = append(t.found, slices.ContainsFunc(shown, func(s steps.Step) bool { return s.At == 40 }))
		}
		return t
	}) {
		sum.early += t.early
		sum.late += t.late
		for k, is := range t.found {
			if is {
				found[k]++
			}
		}
	}
	row := []any{c.name, three(float64(sum.early) / float64(drawn)), three(float64(sum.late) / float64(drawn))}
	for _, n := range found {
		row = append(row, two(float64(n)/float64(drawn)))
	}
	return row
}
