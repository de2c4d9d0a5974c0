package kernels

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"

	"ipcbench/results"
)

// bisectSeeds are few: one cell in one kernel is all but the same in each.
const bisectSeeds = 3

// Count measures one cell in each kernel, in instruction-counted mode, and
// returns what the seeds gave, in order of the kernels, each ascending. An
// error is that of Runner.Execute, or reports why the cell has no number.
func (q QEMU) Count(ctx context.Context, kernels []Kernel, cell results.Cell, program string) ([][]float64, error) {
	if err := ICount.admit(cell); err != nil {
		return nil, fmt.Errorf("%s: %w", cell.Name(), err)
	}
	counts := make([][]float64, len(kernels))
	var failure error
	r := Runner{
		QEMU: q, Kernels: kernels, Plan: Plan{Accel: ICount, Boots: bisectSeeds, Cells: []results.Cell{cell}, Program: program, Jobs: runtime.NumCPU()},
		Sink: func(kernel int, rec results.Record) error {
			if rec.Outcome != results.OK {
				failure = fmt.Errorf("kernel %s: %s %s: %s", kernels[kernel].Label, cell.Name(), rec.Outcome, results.Quote(rec.Reason))
				return failure
			}
			counts[kernel] = append(counts[kernel], rec.InsnsPerOp)
			return nil
		},
	}
	if err := r.Execute(ctx); err != nil {
		return nil, err
	}
	for i := range counts {
		slices.Sort(counts[i])
	}
	return counts, nil
}

// Limit is the count from which on a kernel is bad: halfway, as factors go,
// between the most of the good kernel's seeds and the least of the bad one's.
// An error means that these don't lie apart: no bisection would find anything.
func Limit(good, bad []float64) (float64, error) {
	most, least := slices.Max(good), slices.Min(bad)
	spread := max(most-slices.Min(good), slices.Max(bad)-least)
	if least-most <= spread {
		return 0, fmt.Errorf("good takes %.0f to %.0f insns/op and bad %.0f to %.0f: bad must exceed good by more than seeds differ", slices.Min(good), most, least, slices.Max(bad))
	}
	return math.Sqrt(most * least), nil
}
