package results

import (
	"maps"
	"math"
	"slices"
)

// launch says which launch a record is an attempt at.
type launch struct {
	cell Cell
	n    int
}

// Pairs returns logarithms of new's ns/op over old's, of one cell's launches
// that came one right after the other on two arms that take turns: those whose
// last attempt is the same on both, and ok, with links of one capacity. They are
// in order of the launches.
func Pairs(old, new []Record) (logs []float64) {
	olds, news := lastAttempts(old), lastAttempts(new)
	for _, launch := range slices.Sorted(maps.Keys(olds)) {
		a, b := olds[launch], news[launch]
		if b != nil && a.Cell == b.Cell && a.Outcome == OK && b.Outcome == OK && a.Attempt == b.Attempt {
			logs = append(logs, math.Log(b.NsPerOp/a.NsPerOp))
		}
	}
	return logs
}

// lastAttempts are the records of a cell's last attempts, by launch.
func lastAttempts(records []Record) map[int]*Record {
	last := map[int]*Record{}
	for i := range records {
		r := &records[i]
		if before := last[r.Launch]; before == nil || r.Attempt >= before.Attempt {
			last[r.Launch] = r
		}
	}
	return last
}

// launchOf is the launch of a plan: what the kernel gives another attempt at it
// may differ.
func launchOf(r *Record) launch { return launch{r.Cell.Asked(), r.Launch} }

// repeated tells for each record whether it is an attempt that a later one of
// the same launch replaces. One that failed is never replaced: a failure that
// goes away is still a failure.
func repeated(records []Record) []bool {
	last := map[launch]int{}
	for i := range records {
		key := launchOf(&records[i])
		last[key] = max(last[key], records[i].Attempt)
	}
	out := make([]bool, len(records))
	for i := range records {
		r := &records[i]
		out[i] = r.Outcome != Failed && r.Attempt < last[launchOf(r)]
	}
	return out
}
