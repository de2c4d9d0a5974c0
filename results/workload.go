package results

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
)

// RelativeCost is what an operation of a cell costs in units of a floor that was
// measured in the same run: "2.1 copies". What is left above what the work
// needs is what could still be saved.
type RelativeCost struct {
	Ratio        // of the cell's time per operation to the floor's
	Unit  string `json:"unit"`  // what the floor does, in the plural: "wake-ups"
	Floor string `json:"floor"` // as in Cell.Mechanism of the floor: "wake"
}

// Units of RelativeCost, what a floor does.
const (
	WakeUps = "wake-ups"
	Copies  = "copies"
	Calls   = "calls" // null system calls
)

// LeastCopied is the size, in bytes, from which the time of a message is about
// its bytes rather than about the calls that move it: to copy so much takes
// longer than a call on the machines of today.
const LeastCopied = 16 << 10

// FloorOf says which floor a cell is held against, and in what unit, as its
// workload says (Workload.Against). A floor is held against none, nor is a
// message at a rate, whose time is what was asked for: the unit is "".
func FloorOf(c Cell) (floor Cell, unit string) {
	floor = Cell{Workload: FloorWorkload, Place: "same"}
	switch against := WorkloadOf(c).Against; {
	case against == Nothing, c.Workload == "", c.Rate > 0:
		return Cell{}, ""
	case against == WakeUp:
		floor.Mechanism, floor.Place = FloorWake, c.Place
		return floor, WakeUps
	case against == BySize && c.Size >= LeastCopied:
		floor.Mechanism, floor.Size = FloorCopy, c.Size
		return floor, Copies
	}
	floor.Mechanism = FloorCall
	return floor, Calls
}

// relateToFloors gives each cell its cost relative to its floor. It has none where it, or its
// floor, has no number.
func relateToFloors(summaries []Summary) {
	times := map[Cell][]float64{} // of floors
	for _, s := range summaries {
		if s.Cell.Workload == FloorWorkload && s.Outcome == OK {
			c := s.Cell
			if c.Mechanism != FloorCopy {
				c.Size = 0 // it does not depend on one
			}
			times[c] = Logs(s.Times)
		}
	}
	for i := range summaries {
		s := &summaries[i]
		floor, unit := FloorOf(s.Cell)
		floor.Class = s.Cell.Class
		if of := times[floor]; len(of) > 0 && s.Outcome == OK {
			s.RelativeCost = &RelativeCost{NewRatio(of, Logs(s.Times)), unit, floor.Mechanism}
		}
	}
}

// Multiple renders the factor: "2.1", "48", with its unit "2.1 copies".
func (w *RelativeCost) Multiple() string {
	if w == nil {
		return "–"
	}
	return factor(w.Center)
}

func (w *RelativeCost) String() string {
	if w == nil {
		return "–"
	}
	return w.Multiple() + " " + w.Unit
}

// Interval renders the interval of the factor: "2.0 to 2.3", or "none" where
// there are too few launches for one.
func (w *RelativeCost) Interval() string {
	if w.Lo == 0 {
		return "none"
	}
	return factor(w.Lo) + " to " + factor(w.Hi)
}

// Spread is how far the interval reaches from the factor, at most: "9%".
func (w *RelativeCost) Spread() string {
	switch {
	case w == nil:
		return "–"
	case w.Lo == 0:
		return "∞"
	}
	return fmt.Sprintf("%.0f%%", 100*max(float64(w.Hi/w.Center)-1, 1-float64(w.Lo/w.Center)))
}

// factor has two digits, or as many as it takes.
func factor(f Float) string {
	v := float64(f)
	if v <= 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return "–"
	}
	return strconv.FormatFloat(v, 'f', max(0, 1-int(math.Floor(math.Log10(v)))), 64)
}

// Workload is what a report says of a workload besides its records. Package
// bench fills the table as workloads are registered: a report of old records,
// and of benchmark text, has it too. One that is not registered comes last, has
// no phrase, and is held against floors by the size of its messages.
type Workload struct {
	Name    string
	Means   string  // what it is like, for readers new to its name: "one way, as fast as it goes"
	Order   int     // where readers meet it, ascending from 1; 0: last
	TwoWay  bool    // a message goes there and back: time is charted, not throughput
	Against Against // the floors that an operation is held against
}

// Against says which floors an operation is held against.
type Against int

const (
	BySize  Against = iota // copies of its messages, or null system calls where they are small
	WakeUp                 // wake-ups of the same place
	Call                   // null system calls, whatever the size
	Nothing                // none: it is several messages one way
)

var workloads = map[string]Workload{FloorWorkload: {Name: FloorWorkload, Against: Nothing}}

// AddWorkload adds a workload to the table.
func AddWorkload(w Workload) { workloads[w.Name] = w }

// WorkloadOf is the workload of the cell.
func WorkloadOf(c Cell) Workload { return workloads[c.Workload] }

// compareWorkloads sorts from the simplest on, and those without an order last,
// by name.
func compareWorkloads(a, b string) int {
	x, y := uint(workloads[a].Order)-1, uint(workloads[b].Order)-1 // 0 becomes the largest
	return cmp.Or(cmp.Compare(x, y), cmp.Compare(a, b))
}
