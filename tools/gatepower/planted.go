package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/montanaflynn/stats"
	"gonum.org/v1/gonum/stat"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// cell is where the regression is planted: four system calls to a round trip,
// on one CPU, so that what the filter costs adds up and nothing hides it.
var cell = []string{"--workload", "pingpong", "--mech", "pipe", "--size", "64", "--place", "same", "--time", "25ms"}

// maxInstructions is more than a filter may have: BPF_MAXINSNS, bpf_common.h.
const maxInstructions = 4096

// caught plants a regression of 15 % and counts how often ab reports it.
func caught(ctx context.Context, bin *programs, s settings, args []string) error {
	if len(args) == 0 {
		args = []string{"--until", "2%", "--budget", "1m"}
	}
	n := s.instructions
	if n == 0 {
		var err error
		if n, err = bin.calibrate(ctx, 0.15); err != nil {
			return err
		}
	}
	fmt.Printf("filter of %d instructions\n\n", n)
	text.Head(os.Stdout, "r", "trial", "launches", "variation", "slower by", "exit status")
	hits := 0
	var all []float64
	for trial := range s.trials {
		c, err := bin.ab(ctx, n, slices.Concat(cell, args)...)
		if err != nil {
			return err
		}
		logs := c.pairs()
		all = append(all, logs...)
		if c.status == 1 {
			hits++
		}
		text.Row(os.Stdout, trial+1, len(logs), results.Percent(spread(c.values(0))), slower(logs), c.status)
	}
	fmt.Printf("\ncaught %d of %d; slower by %s over all launches\n", hits, s.trials, slower(all))
	return nil
}

// calibrate finds the length of the filter that slows the cell by share, to
// within 2 points of percent: a line through all that was measured so far gives
// the length to try next, since the cost is nearly linear in it. What is not
// itself known to 2 points does not count as found.
func (p *programs) calibrate(ctx context.Context, share float64) (int, error) {
	var lengths, costs []float64
	var known bool
	try := func(n int) error {
		c, err := p.ab(ctx, n, slices.Concat(cell, []string{"--launches", "50", "--until", "1.5%", "--budget", "40s", "--force"})...)
		if err != nil {
			return err
		}
		pairs := c.pairs()
		if len(pairs) == 0 {
			return errors.New("the cell could not be measured: is the machine busy?")
		}
		r := results.NewPairedRatio(pairs)
		known = float64(r.Hi-r.Lo)/2 < 0.02
		lengths, costs = append(lengths, float64(n)), append(costs, float64(r.Center)-1)
		return nil
	}
	next := 2000
	for range 8 {
		if err := try(next); err != nil {
			return 0, err
		}
		if known && math.Abs(costs[len(costs)-1]-share) < 0.02 {
			return next, nil
		}
		if len(lengths) == 1 {
			next = 200
			continue
		}
		base, slope := stat.LinearRegression(lengths, costs, nil, false)
		next = min(max(int((share-base)/slope), 1), maxInstructions-1)
	}
	return 0, fmt.Errorf("no filter slows the cell by %.0f %%: filters of %.0f instructions slow it by %.3f; is the machine busy?", 100*share, lengths, costs)
}

// cell is the records of the cell of one side, without those of its floors.
func (c *comparison) cell(side int) []results.Record {
	return slices.DeleteFunc(slices.Clone(c.sides[side]), func(r results.Record) bool { return r.Cell.Workload != "PingPong" })
}

// values are the logarithms of a side's ns/op.
func (c *comparison) values(side int) (logs []float64) {
	for _, r := range c.cell(side) {
		if r.Outcome == results.OK {
			logs = append(logs, math.Log(r.NsPerOp))
		}
	}
	return logs
}

// pairs are the logarithms of B's ns/op over A's, pass by pass: what drifts
// drops out.
func (c *comparison) pairs() []float64 { return results.Pairs(c.cell(0), c.cell(1)) }

// slower is by how much B is slower than A in a table, from the logarithms of pairs.
func slower(pairs []float64) string {
	return results.Percent(math.Expm1(float64(results.MedianOf(pairs).Center)))
}

// spread is the standard deviation of a sample from its median absolute
// deviation, NaN of none.
func spread(sample []float64) float64 {
	mad, err := stats.MedianAbsoluteDeviation(sample)
	if err != nil {
		return math.NaN()
	}
	return 1.4826 * mad
}

// falseAlarms compares the program with itself, without a load and then with
// one.
func falseAlarms(ctx context.Context, bin *programs, s settings, args []string) error {
	if len(args) == 0 {
		args = []string{"--preset", "quick"}
	}
	text.Head(os.Stdout, "rlr", "trial", "load", "cells", "launches", "replaced", "untrusted cells", "exit status")
	alarms := 0
	for trial := range s.trials {
		load, stop := "none", func() {}
		if trial >= s.trials/2 {
			load, stop = "on and off", disturb(ctx)
		}
		c, err := bin.ab(ctx, 0, args...)
		stop()
		if err != nil {
			return err
		}
		if c.status == 1 {
			alarms++
		}
		cells, untrusted, replaced := 0, 0, 0
		for _, records := range c.sides {
			for _, r := range records {
				if r.Attempt > 1 {
					replaced++
				}
			}
			for _, cell := range results.Summarize(records) {
				cells++
				if cell.Outcome == results.Untrusted {
					untrusted++
				}
			}
		}
		text.Row(os.Stdout, trial+1, load, cells, len(c.sides[0])+len(c.sides[1]), replaced, untrusted, c.status)
	}
	fmt.Printf("\n%d false alarms in %d\n", alarms, s.trials)
	return nil
}

// disturb keeps all CPUs busy for a second in every three, until stopped.
func disturb(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	began := time.Now()
	for range runtime.NumCPU() {
		go func() {
			for ctx.Err() == nil {
				if time.Since(began)%(3*time.Second) > time.Second {
					time.Sleep(10 * time.Millisecond)
				}
			}
		}()
	}
	return cancel
}
