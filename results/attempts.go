package results

import (
	"maps"
	"math"
	"slices"
)

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

// attempts holds the last attempt at each launch of the cells that a plan asked
// for: what the kernel gives another attempt may differ.
type attempts map[Cell]map[int]int

func (a attempts) add(r *Record) {
	asked := r.Cell.Asked()
	if a[asked] == nil {
		a[asked] = map[int]int{}
	}
	a[asked][r.Launch] = max(a[asked][r.Launch], r.Attempt)
}

// replaces reports whether a later attempt replaces one that ended so. One that
// failed is never replaced: a failure that goes away is still a failure.
func (a attempts) replaces(c Cell, launch, attempt int, o Outcome) bool {
	return o != Failed && attempt < a[c.Asked()][launch]
}
