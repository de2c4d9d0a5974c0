package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/montanaflynn/stats"

	"ipcbench/results"
)

// cell is where the regression is planted: four system calls to a round trip,
// on one CPU, so that what the filter costs adds up and nothing hides it.
var cell = []string{"--workload", "pingpong", "--mech", "pipe", "--size", "64", "--place", "same", "--time", "25ms"}

// maxInstructions is more than a filter may have: BPF_MAXINSNS, bpf_common.h.
const maxInstructions = 4096

// caught plants a regression of 15 % and counts how often ab says so.
func caught(ctx context.Context, bin *programs, trials int, args []string) error {
	if len(args) == 0 {
		args = []string{"--until", "2%", "--budget", "1m"}
	}
	n, err := bin.calibrate(ctx, 0.15)
	if err != nil {
		return err
	}
	fmt.Printf("filter of %d instructions\n\n", n)
	fmt.Println("| trial | launches | variation | slower by | exit status |")
	fmt.Println("|---:|---:|---:|---:|---:|")
	hits := 0
	var all []float64
	for trial := range trials {
		c, err := bin.ab(ctx, n, slices.Concat(cell, args)...)
		if err != nil {
			return err
		}
		logs := c.pairs()
		all = append(all, logs...)
		if c.status == 1 {
			hits++
		}
		fmt.Printf("| %d | %d | %.1f %% | %.1f %% | %d |\n", trial+1, len(logs), 100*spread(c.values(0)), 100*math.Expm1(median(logs)), c.status)
	}
	fmt.Printf("\ncaught %d of %d; slower by %.1f %% over all launches\n", hits, trials, 100*math.Expm1(median(all)))
	return nil
}

// calibrate finds the length of the filter that slows the cell by share, to
// within a point of percent, by the secant method: the cost is nearly linear
// in the length.
func (p *programs) calibrate(ctx context.Context, share float64) (n int, err error) {
	type point struct {
		n      int
		slower float64
	}
	measure := func(n int) (point, error) {
		c, err := p.ab(ctx, n, slices.Concat(cell, []string{"--launches", "100", "--force"})...)
		if err != nil {
			return point{}, err
		}
		logs := c.pairs()
		if len(logs) == 0 {
			return point{}, errors.New("the cell could not be measured: is the machine busy?")
		}
		return point{n, math.Expm1(median(logs))}, nil
	}
	a, err := measure(100)
	if err != nil {
		return 0, err
	}
	b, err := measure(1000)
	for range 6 {
		if err != nil {
			return 0, err
		}
		if math.Abs(b.slower-share) < 0.01 {
			return b.n, nil
		}
		slope := (b.slower - a.slower) / float64(b.n-a.n)
		next := b.n + int((share-b.slower)/slope)
		if slope <= 0 || next == b.n || next < 1 || next >= maxInstructions {
			return 0, fmt.Errorf("no filter slows the cell by %.0f %%: %d instructions by %.1f %%, %d by %.1f %%",
				100*share, a.n, 100*a.slower, b.n, 100*b.slower)
		}
		a = b
		b, err = measure(next)
	}
	return 0, fmt.Errorf("calibration does not settle: %d instructions slow the cell by %.1f %%; is the machine busy?", b.n, 100*b.slower)
}

// launches are the cell's of one arm that count, by pass.
func (c *comparison) launches(arm int) map[int]float64 {
	out := map[int]float64{}
	for _, r := range c.arms[arm] {
		if r.Cell.Workload == "PingPong" {
			delete(out, r.Launch) // a later attempt stands for it
			if r.Outcome == results.OK {
				out[r.Launch] = math.Log(r.NsPerOp)
			}
		}
	}
	return out
}

// values are the logarithms of an arm's ns/op.
func (c *comparison) values(arm int) (logs []float64) {
	for _, v := range c.launches(arm) {
		logs = append(logs, v)
	}
	return logs
}

// pairs are the logarithms of B's ns/op over A's, pass by pass: what drifts
// drops out.
func (c *comparison) pairs() (logs []float64) {
	a, b := c.launches(0), c.launches(1)
	for pass, v := range a {
		if w, ok := b[pass]; ok {
			logs = append(logs, w-v)
		}
	}
	return logs
}

// median of a sample, NaN of none.
func median(sample []float64) float64 {
	m, err := stats.Median(sample)
	if err != nil {
		return math.NaN()
	}
	return m
}

// spread is the standard deviation of a sample as its median absolute
// deviation tells it, NaN of none.
func spread(sample []float64) float64 {
	mad, err := stats.MedianAbsoluteDeviation(sample)
	if err != nil {
		return math.NaN()
	}
	return 1.4826 * mad
}
