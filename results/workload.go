package results

import "cmp"

// Workload is what a report says of a workload besides its records. Package
// bench fills the table as workloads are registered: a report of old records,
// and of benchmark text, has it too. One that is not registered comes last, has
// no phrase, and is held against floors by the size of its messages.
type Workload struct {
	Name    string
	Means   string  // what it is like, for a reader to whom its name is new: "one way, as fast as it goes"
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
