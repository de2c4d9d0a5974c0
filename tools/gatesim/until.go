package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// untilCells is how many cells show what an interval covers: 95 % come out as
// that ± 0.5 %.
const untilCells = 8000

// stop is when a cell has enough launches.
type stop struct {
	name   string
	enough func(times []float64, narrow func([]float64) bool) bool
}

// stops are the customary one and that of --until.
var stops = []stop{
	{"narrow for the first time", func(times []float64, narrow func([]float64) bool) bool { return len(times) >= 6 && narrow(times) }},
	{"as --until does", results.Enough},
}

func until(b *strings.Builder) {
	fmt.Fprintf(b, "Launches end once a cell's 95 %% interval is within a width, at a variation of 3 %%. The table has the share of cells whose interval covers their median, and the mean number of launches.\n\n")
	head := []string{"width"}
	for _, s := range stops {
		head = append(head, s.name, "launches")
	}
	text.Head(b, "r", head...)
	for _, width := range []float64{0.03, 0.02, 0.015, 0.01} {
		text.Row(b, untilRow(width)...)
	}
}

func untilRow(width float64) []any {
	z := at(0.03)
	middle := math.Exp(medianOf(func(r *rand.Rand) float64 { return z.launch(r, z.cv) }))
	row := []any{fmt.Sprintf("±%.1f %%", 100*width)}
	for _, s := range stops {
		covered, launches := 0, 0
		r := rand.New(rand.NewPCG(3, 0))
		for range untilCells {
			var times []float64
			for !s.enough(times, func(t []float64) bool { return results.NarrowMedian(t, width) }) {
				times = append(times, math.Exp(z.launch(r, z.cv)))
			}
			launches += len(times)
			sum := results.MedianOf(times)
			if float64(sum.Lo) <= middle && middle <= float64(sum.Hi) {
				covered++
			}
		}
		row = append(row, three(float64(covered)/untilCells), fmt.Sprintf("%.1f", float64(launches)/untilCells))
	}
	return row
}
