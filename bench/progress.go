package bench

import (
	"slices"
	"time"

	"ipcbench/internal/sys"
)

// Stall is how much longer than usual nothing must have moved for a round to
// have stalled. Below it a launch of 100 ms loses less than a tenth, and
// ordinary time slices of a busy CPU last up to 4 ms.
const Stall = 10 * time.Millisecond

// Stretch is how far apart marks are meant to be. A workload that becomes 20
// times slower within a round, as one does whose CPUs begin to sleep between
// messages, still passes a mark every 5 ms: it is slow, and does not stall. A
// mark is a call and a reading of the clock, 31 ns: some 0.02 % of a stretch.
const Stretch = 250 * time.Microsecond

// maxMarks bounds the marks of a round, and so their memory.
const maxMarks = 4096

// MarksFor is the number of marks in a round that takes about d.
func MarksFor(d time.Duration) int { return int(min(d/Stretch, maxMarks)) }

// Progress is how evenly a part went through a round.
type Progress struct {
	Typical int64 `json:"typical"`        // ns: the median time between two marks
	Gaps    []Gap `json:"gaps,omitempty"` // longer than that by Stall or more, in order
}

// Gap is a time in which a part passed no mark.
type Gap struct {
	From, To int64 // sys.Monotonic
}

// leastMarks is the number of marks from which their median is the usual time.
const leastMarks = 3

// Progress returns how evenly the part went through the last round, which began
// at start, sys.Monotonic; nil where it left too few marks.
func (e *Ends) Progress(start int64) *Progress {
	if len(e.Marks) < leastMarks {
		return nil
	}
	stretches := make([]int64, len(e.Marks))
	for i, at := range e.Marks {
		stretches[i] = at - start
		start = at
	}
	sorted := slices.Sorted(slices.Values(stretches))
	p := &Progress{Typical: sorted[(len(sorted)-1)/2]}
	for i, ns := range stretches {
		if Stalled(ns, p.Typical) {
			p.Gaps = append(p.Gaps, Gap{e.Marks[i] - ns, e.Marks[i]})
		}
	}
	return p
}

// Stalled reports whether ns without progress, where typical is usual, is a
// stall. Operations that take longer than Stall themselves vary by more.
func Stalled(ns, typical int64) bool { return ns >= typical+int64(Stall) && ns >= 2*typical }

// interrupted is how much longer than the median a stretch takes, as a share of it, that
// something else ran in. The kernel's own work took 136,000 to 148,000 instructions once
// in some 350 million on Linux 6.1, and 50 round trips take 600,000 and more. A tick
// adds 1 to 3.5 % to those, and belongs to them. The scheduler's choices differ by 10 %.
const interrupted = 0.15

// Steady returns what the last round would have taken at the pace between its first mark
// and its last whole stretch, in ns; 0 where it left too few marks. How a round begins
// and ends is left out. A stretch that was interrupted counts as the median.
func (e *Ends) Steady(n int) int64 {
	if e.part.Share != nil {
		n = e.part.Share(n)
	}
	whole := len(e.Marks)
	if whole > 0 && n%e.stretch > 0 {
		whole--
	}
	if whole <= leastMarks {
		return 0
	}
	var stretches []int64
	for i := range whole - 1 {
		stretches = append(stretches, e.Marks[i+1]-e.Marks[i])
	}
	slices.Sort(stretches)
	median, sum := stretches[(len(stretches)-1)/2], int64(0)
	for _, ns := range stretches {
		if float64(ns) > float64(median)*(1+interrupted) {
			ns = median
		}
		sum += ns
	}
	return sum * int64(n) / int64(len(stretches)*e.stretch)
}

// played performs share operations, and leaves a mark of the clock after each
// stretch of them: a call of play costs little, and a reading of the clock
// after each operation would cost too much.
func (e *Ends) played(play func(*Ends, int) error, share int) error {
	if len(e.Marks) == 0 {
		return play(e, share)
	}
	// Turns of a floor come in pairs, batches whole, and links in turn.
	grain := 2 * max(1, e.cell.Batch) * max(1, len(e.part.Sends))
	step := (share + len(e.Marks) - 1) / len(e.Marks)
	step = (step + grain - 1) / grain * grain
	e.stretch = step
	before := e.Waited
	n := 0
	for done := 0; done < share; done += step {
		if err := play(e, min(step, share-done)); err != nil {
			return err
		}
		e.Marks[n] = sys.Monotonic() - int64(e.Waited-before) // as if it had not waited
		n++
	}
	e.Marks = e.Marks[:n]
	return nil
}
