package compare

import (
	"fmt"
	"math"
	"slices"

	"ipcbench/results"
)

// A cell that may or may not switch has three numbers in place of insns/op, which is
// the path and so many switches of what one takes: the gate judges the path, and the
// scheduler's part stands aside.
const (
	counted    = "insns/op"
	pathUnit   = "path-insns/op"
	switchUnit = "insns/switch"
	rateUnit   = "switches/op"
)

// switching are the units beside counted that a side keeps of instructions, in the
// order of their columns.
var switching = []string{pathUnit, switchUnit, rateUnit}

// addSwitching adds what a record of instructions has of switching, in the columns
// from first on.
func (c *launches) addSwitching(r *results.Record, first int) {
	if r.InsnsPerOp == 0 {
		return
	}
	for i, unit := range switching {
		v, ok := r.Measured(unit)
		if !ok {
			v = math.NaN()
		}
		c.values[first+i] = append(padded(c.values[first+i], len(c.pass)-1), v)
	}
}

// padded are n values, those that are missing not known.
func padded(values []float64, n int) []float64 {
	for len(values) < n {
		values = append(values, math.NaN())
	}
	return values
}

// split reports whether both sides know the path, whose column is first.
func (p pair) split(first int) bool { return p.old.has(first) && p.new.has(first) }

// splitRows is the row of the path in place of that of all instructions, with those
// aside.
func (p pair) splitRows(all Row, first int) (rows []Row) {
	for i, unit := range switching {
		row := all
		row.Metric, row.column, row.Aside = unit, first+i, unit != pathUnit
		if unit == switchUnit && (!p.old.has(first+i) || !p.new.has(first+i)) {
			continue
		}
		rows = append(rows, row)
	}
	return rows
}

// weigh finds what a switch takes in the cells that have one, so that their switches
// can be held against a threshold: as the instructions that they add to the path.
func (r *Report) weigh() {
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Metric != rateUnit || !row.Aside {
			continue
		}
		rate := row.column
		var takes, path []float64
		for _, side := range []*settled{row.pair.old, row.pair.new} {
			v, _ := side.sample(rate - 1)
			takes = append(takes, v...)
			v, _ = side.sample(rate - 2)
			path = append(path, v...)
		}
		if row.insns = float64(results.MedianOf(takes).Center); len(takes) == 0 {
			row.insns = 0
		}
		row.weight = row.insns / float64(results.MedianOf(path).Center)
	}
}

// logs are the logarithms that the row's values are compared by: of a rate those of
// how many times the path an operation takes with its switches.
func (r *Row) logs(values []float64) []float64 {
	if r.weight == 0 {
		return results.Logs(values)
	}
	logs := make([]float64, len(values))
	for i, v := range values {
		logs[i] = math.Log1p(r.weight * v)
	}
	return logs
}

// noteSwitches fills in how often the processes of a cell switch.
func (r *Row) noteSwitches(first int) {
	if r.Metric != counted {
		return
	}
	old, _ := r.pair.old.sample(first + slices.Index(switching, rateUnit))
	new, _ := r.pair.new.sample(first + slices.Index(switching, rateUnit))
	if len(old) > 0 && len(new) > 0 {
		r.Switches = &Switches{results.MedianOf(old).Center, results.MedianOf(new).Center}
	}
}

// uncosted reports whether the row is of switches of which no launch shows what one takes.
func (r *Row) uncosted() bool { return r.Aside && r.Metric == rateUnit && r.weight == 0 }

// fewSwitches reports whether two rates differ by too little to matter, by whatever
// factor they do.
func fewSwitches(a, b Estimate) bool {
	return math.Abs(float64(a.Center-b.Center)) < results.FewSwitches
}

// setAside turns the verdict of the test into that of a row aside, and states what a
// changed number means.
func (r *Row) setAside() {
	switch r.Verdict {
	case Slower:
		r.Verdict = More
	case Faster:
		r.Verdict = Less
	case Unjudged:
		r.Verdict = CantTell
	}
	if r.uncosted() {
		r.Why, r.Need = "too few to know what one takes", 0
		if fewSwitches(r.Old, r.New) {
			r.Verdict = Same
		}
	}
	if r.Verdict != More && r.Verdict != Less {
		return
	}
	name, old, new := r.Cell.Short(r.Name), float64(r.Old.Center), float64(r.New.Center)
	if r.Metric == switchUnit {
		r.Says = fmt.Sprintf("A switch takes %.0f instructions in %s, and took %.0f before.", new, name, old)
		return
	}
	adds := "adds %.0f instructions to"
	if new < old {
		adds = "saves %.0f instructions of"
	}
	r.Says = fmt.Sprintf("%s switches %.2g times an operation, and %.2g times before: this alone "+adds+" each. Its path has a row of its own.", name, new, old, math.Abs(new-old)*r.insns)
}
