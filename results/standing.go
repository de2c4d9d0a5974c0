package results

import "fmt"

// Standing is what the cells of a run come to together, the gravest of what they
// came to.
type Standing int

const (
	Measured      Standing = iota
	Unavailable            // no cell has a number, and none failed
	SomeUntrusted          // a cell is untrusted
	SomeFailed             // a cell failed
	CheckFailed            // a check found a message that was damaged, lost or not the next
)

// StandingOf is the standing of all cells of a run, with the reason for any but
// Measured. Floors count where there is nothing else.
func StandingOf(summaries []Summary) (Standing, string) {
	count := map[Outcome]int{}
	floors := map[Outcome]int{}
	for _, s := range summaries {
		if s.Check != "" {
			return CheckFailed, s.Cell.Name() + ": " + s.Check
		}
		if s.Cell.Workload == FloorWorkload {
			floors[s.Outcome]++
		} else {
			count[s.Outcome]++
		}
	}
	if len(count) == 0 {
		count = floors
	}
	switch {
	case count[Failed] > 0:
		return SomeFailed, fmt.Sprintf("%d cells failed", count[Failed])
	case count[Untrusted] > 0:
		return SomeUntrusted, fmt.Sprintf("%d cells are untrusted", count[Untrusted])
	case count[OK] == 0:
		return Unavailable, "nothing that was asked for is available here"
	}
	return Measured, ""
}
