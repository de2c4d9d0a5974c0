package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mathext"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// elimination is a race by another rule than that of results.Contest. No candidate pauses.
type elimination struct {
	rule
	level  float64 // of each other candidate
	looks  int
	logs   [][]float64 // by candidate, by block
	out    []bool
	factor map[int]float64
}

// rule is what differs.
type rule struct {
	margin  float64                                       // a candidate is out where it is shown to be slower by more than this
	plain   bool                                          // values far off stay where they are; else all are moved in
	reaches func(n int, level float64, looks int) float64 // how many standard errors a bound lies from the mean of n blocks
}

func (r rule) named(name string) procedure {
	return procedure{name, func(k, looks int) contest {
		return &elimination{rule: r, level: (1 - results.Confidence) / float64(k-1), looks: looks,
			logs: make([][]float64, k), out: make([]bool, k), factor: map[int]float64{}}
	}}
}

var anyDifference = rule{0, false, student}.named("any difference puts out, all far off moved in")

// procedures are the contest and what it is held against.
var procedures = []procedure{
	theContest,
	anyDifference,
	rule{results.Within, false, student}.named("all values far off moved in"),
	rule{results.Within, true, student}.named("none moved in"),
	rule{results.Within, true, mixture}.named("confidence sequence"),
	rule{results.Within, true, successive}.named("successive elimination, variance known"),
}

// student is Student's t, its level shared among the looks.
func student(n int, level float64, looks int) float64 {
	df := float64(n - 1)
	x := mathext.InvRegIncBeta(df/2, 0.5, 2*level/float64(looks))
	return math.Sqrt(df * (1 - x) / x)
}

// mixture is the t-test that holds at every block: the ratio of likelihoods, the
// effect mixed over a normal distribution of one standard deviation, exceeds
// 1/level with at most that probability (Wang and Ramdas 2023).
func mixture(n int, level float64, _ int) float64 {
	a := 1 + float64(n)
	r := math.Pow(math.Sqrt(a)/level, 2/float64(n))
	if r >= a {
		return math.Inf(1)
	}
	return math.Sqrt(float64(n-1) * (r - 1) / (1 - r/a))
}

// successive is the radius of Even-Dar, Mannor and Mansour (2006), twice, for
// normal launches: the variance that the blocks show is taken for known.
func successive(n int, level float64, _ int) float64 {
	return 2 * math.Sqrt(math.Log(math.Pi*math.Pi/3*float64(n*n)/level))
}

func (e *elimination) Block(ns []float64) {
	for i, t := range ns {
		v := math.NaN()
		if t > 0 {
			v = math.Log(t)
		}
		e.logs[i] = append(e.logs[i], v)
	}
}

func (e *elimination) Out(i int) bool { return e.out[i] }

func (e *elimination) Look() (leader int, held []results.Held, d results.Decision) {
	held = make([]results.Held, len(e.logs))
	least := math.Inf(1)
	for i := range e.logs {
		if m := stat(e.values(i, -1)).mean; !e.out[i] && m < least {
			leader, least = i, m
		}
	}
	d = results.NoneFaster
	for i := range e.logs {
		if i != leader {
			lo := e.bound(i, leader)
			e.out[i] = e.out[i] || lo > math.Log1p(e.margin)
			if held[i].Out = e.out[i]; !e.out[i] && lo <= -math.Log1p(results.Within) {
				d = results.Undecided
			}
		}
	}
	return leader, held, d
}

// bound is the lower one of the logarithm by which i exceeds j.
func (e *elimination) bound(i, j int) float64 {
	s := stat(e.values(i, j))
	if s.n < 6 {
		return math.Inf(-1)
	}
	if _, ok := e.factor[s.n]; !ok {
		e.factor[s.n] = e.reaches(s.n, e.level, e.looks)
	}
	return s.mean - e.factor[s.n]*max(s.sd, 1e-4)/math.Sqrt(float64(s.n))
}

// values are the logarithms of i, less those of j where there is one.
func (e *elimination) values(i, j int) (d []float64) {
	for b, v := range e.logs[i] {
		if j >= 0 {
			v -= e.logs[j][b]
		}
		if !math.IsNaN(v) {
			d = append(d, v)
		}
	}
	if e.plain {
		return d
	}
	return moveIn(d)
}

// moveIn winsorises: values farther than 3 standard deviations from the median,
// by the median absolute deviation, move to there.
func moveIn(d []float64) []float64 {
	if d == nil {
		return nil
	}
	m := middleOf(d)
	off := make([]float64, len(d))
	for i, v := range d {
		off[i] = math.Abs(v - m)
	}
	reach := 3 * 1.4826 * middleOf(off)
	for i, v := range d {
		off[i] = min(max(v, m-reach), m+reach)
	}
	return off
}

func middleOf(d []float64) float64 {
	s := slices.Sorted(slices.Values(d))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

type moments struct {
	mean, sd float64
	n        int
}

func stat(d []float64) moments {
	s := moments{n: len(d)}
	for _, v := range d {
		s.mean += v / float64(len(d))
	}
	for _, v := range d {
		s.sd += (v - s.mean) * (v - s.mean)
	}
	s.sd = math.Sqrt(s.sd / float64(len(d)-1))
	return s
}

// otherProcedures holds the contest against them, on cases that show where they
// differ.
func otherProcedures(b *strings.Builder) {
	names := []string{"others 5.1 % slower, 5 %", "each 10 % slower than the next, 15 %", "one launch in 20 takes 20 times as long", "two modes 20 % apart, even, each ±0.3 %", "all equal, 5 %"}
	fmt.Fprintf(b, "Races among 8: the share with a wrong winner or, in the last case, with a candidate put out that is as fast as the best; the share decided; and the mean launches, with what 90 %% do not exceed.\n"+
		"The last three move no value in.\n\n")
	text.Head(b, "llrrr", "case", "procedure", "wrong", "decided", "launches")
	for _, name := range names {
		for _, p := range procedures {
			text.Row(b, comparedRow(name, p)...)
		}
	}
}

func comparedRow(name string, p procedure) []any {
	all := raceCases()
	c := all[slices.IndexFunc(all, func(c raceCase) bool { return c.name == name })]
	t := c.play(p, 8, racesOf(8), results.RaceLooks)
	return []any{name, p.name, three(max(t.wrong, t.bestOut)), two(t.decided), meanAnd90(t.launches)}
}
