package kernels

import (
	"fmt"
	"math"
	"slices"
)

// The control is a loop of known length that the kernel has no part in. Where
// it takes longer, something else ran beside it, and beside every cell.
const (
	spinInsns       = 14
	controlReadings = 9
	controlRounds   = 100_000
	controlBound    = 0.01 // share by which it may be off
)

// ControlError is a control that moved: the boot's numbers mean nothing.
type ControlError struct {
	Label     string
	Seed      int
	Got, Want float64 // per iteration: instructions, or ns in real time
}

func (e *ControlError) Error() string {
	return fmt.Sprintf("kernel %s, boot %d: the control moved: %.4g an iteration, %.4g expected: something runs in the guest beside what is measured", e.Label, e.Seed, e.Got, e.Want)
}

// moved returns the reading that is farthest from what it should be, if that
// is too far.
func moved(readings []float64, want float64) (float64, bool) {
	worst := slices.MaxFunc(readings, func(a, b float64) int {
		if math.Abs(a-want) < math.Abs(b-want) {
			return -1
		}
		return 1
	})
	return worst, !(math.Abs(worst/want-1) <= controlBound)
}
