package advise

import (
	"fmt"
	"slices"

	"ipcbench/results"
)

// Copies is what a byte of a large message costs, in copies.
type Copies struct {
	Worth        float64 // of the time that copying a byte once takes; it holds whatever else grows with the size
	Small, Large int     // sizes that it comes from, bytes
}

// Sizes between which time grows with the bytes, about, and not with the
// calls: the smaller and the larger of a pair are at least so large, in bytes.
const (
	leastSmall = 4 << 10
	leastLarge = 64 << 10
)

// floorCopies is how often the floor copies a message.
const floorCopies = 2

// CopiesOf finds out by how much the time of a streamed message grows with its
// bytes between the two largest sizes at which both the mechanism and the
// floor have a number on one CPU, in units of the floor's growth for one copy.
// An error says what the data lack.
func CopiesOf(summaries []results.Summary, mech string) (Copies, error) {
	times := func(c results.Cell) map[int]float64 {
		out := map[int]float64{}
		for _, s := range summaries {
			c.Size = s.Cell.Size
			if s.Cell == c && s.Outcome == results.OK {
				out[c.Size] = s.NsPerOp.Center
			}
		}
		return out
	}
	link := times(results.Cell{Workload: "Stream", Mechanism: mech, Place: "same"})
	floor := times(results.Cell{Workload: results.FloorWorkload, Mechanism: "memcpy", Place: "same"})
	var both []int
	for size := range link {
		if _, ok := floor[size]; ok && size >= leastSmall {
			both = append(both, size)
		}
	}
	slices.Sort(both)
	n := len(both)
	if n < 2 || both[n-1] < leastLarge {
		return Copies{}, fmt.Errorf("it wants numbers of streamed messages on one CPU, and of the floor, at two sizes from %s, one of them from %s",
			results.FormatBytes(leastSmall), results.FormatBytes(leastLarge))
	}
	c := Copies{Small: both[n-2], Large: both[n-1]}
	growth := func(of map[int]float64) float64 { return of[c.Large] - of[c.Small] }
	if growth(floor) <= 0 || growth(link) <= 0 {
		return Copies{}, fmt.Errorf("time does not grow from %s to %s", results.FormatBytes(c.Small), results.FormatBytes(c.Large))
	}
	c.Worth = floorCopies * growth(link) / growth(floor)
	return c, nil
}
