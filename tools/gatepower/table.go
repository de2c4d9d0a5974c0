package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"

	"ipcbench/compare"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// passes of one long comparison; blocks of them are comparisons of their own,
// as good as if they had been run apart.
const passes = 160

// table plants regressions, by filters of the given lengths, and counts how
// many of the blocks of n passes show them, without a load and with one. How
// large each regression is it measures by all passes together.
func table(ctx context.Context, bin *programs, _ settings, lengths []string) error {
	if len(lengths) == 0 {
		lengths = []string{"200", "500", "750", "1400"}
	}
	text.Head(os.Stdout, "rlr", "slower by", "load", "variation", "n = 6", "n = 10", "n = 20", "n = 40")
	for _, arg := range lengths {
		length, err := strconv.Atoi(arg)
		if err != nil {
			return fmt.Errorf("%q instructions: want a number, as of `power caught`", arg)
		}
		for _, load := range []string{"none", "on and off"} {
			stop := func() {}
			if load != "none" {
				stop = disturb(ctx)
			}
			c, err := bin.ab(ctx, length, slices.Concat(cell, []string{"--launches", strconv.Itoa(passes)})...)
			stop()
			if err != nil {
				return err
			}
			row := []any{slower(c.pairs()), load, results.Percent(spread(c.values(0)))}
			for _, n := range []int{6, 10, 20, 40} {
				slower, judged := c.detected(n)
				row = append(row, fmt.Sprintf("%d of %d", slower, judged))
			}
			text.Row(os.Stdout, row...)
		}
	}
	return nil
}

// detected counts the blocks of n passes that can be judged, and those in
// which the gate finds the cell slower.
func (c *comparison) detected(n int) (slower, judged int) {
	for first := 1; first+n-1 <= passes; first += n {
		var sides [2]*compare.Side
		for side := range sides {
			var block []results.Record
			for _, r := range c.sides[side] {
				if r.Cell.Workload == "PingPong" && r.Launch >= first && r.Launch < first+n {
					r.Launch -= first - 1
					block = append(block, r)
				}
			}
			sides[side] = compare.Records("ab"[side:side+1], block, compare.DefaultMetrics)
		}
		for _, row := range compare.Compare(sides[0], sides[1], compare.Defaults).Rows {
			if row.Metric != "ns/op" {
				continue
			}
			judged++
			if row.Verdict == compare.Slower {
				slower++
			}
		}
	}
	return slower, judged
}
