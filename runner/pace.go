package runner

import (
	"fmt"
	"math"
	"time"

	"ipcbench/results"
)

// maxOps bounds a round: 10 s of the fastest floor.
const maxOps = 1 << 30

// Shares of a launch's time: the rounds that give ns/op, and those that give
// percentiles where the workload has them. Verification comes on top.
const (
	timedRounds  = 2
	latencyShare = 0.25
	warmupShare  = 0.05
	verifyShare  = 0.1
	shortCalm    = 6 // the part of calm operations that the shorter round has, one in so many
)

// warmupMost bounds the warm-up: after 2 ms of it the first timed round was no
// slower than the second, over all cells of a default run.
const warmupMost = 2 * time.Millisecond

// warmup is how many operations warm up for a launch whose time ops operations
// fill.
func warmup(ops int, time time.Duration) int {
	return part(ops, min(warmupShare, float64(warmupMost)/float64(time)))
}

// part is a share of n operations, at least one.
func part(n int, share float64) int { return max(1, int(float64(n)*share)) }

// Calibrate finds how many operations take about target, from short rounds that
// grow until one takes a fortieth of it and a millisecond: in a shorter one the
// beginning of a round weighs too much. Later launches correct the number.
func (l *Launch) Calibrate(target time.Duration) (ops int, err error) {
	n, enough := 1, target/40+time.Millisecond
	for {
		r, err := l.Round(Calibrate, n, target)
		if err != nil {
			return 0, err
		}
		if r.Elapsed >= enough || n >= maxOps {
			return opsFor(r, target), nil
		}
		n = min(max(opsFor(r, enough*3/2), 2*n), 100*n, maxOps) // half more, so that one more round will do
	}
}

// due is how many messages are due in d, at the cell's rate.
func (l *Launch) due(d time.Duration) int { return max(1, int(float64(l.Cell.Rate)*d.Seconds())) }

// longest bounds how many times longer than asked a round takes where the link
// carries less than the rate.
const longest = 4

// calibrateRate finds how many messages a round of target has: those that are due
// in it, or fewer where the link carries far fewer, so that the length of a round
// does not depend on an absurd rate. It plays a tenth of the messages to see. One
// of them that a busy machine delays for half of the time must not cut the round.
func (l *Launch) calibrateRate(target time.Duration) (ops int, err error) {
	ops = l.due(target)
	for n := 1; ; n = min(4*n, ops/10) {
		r, err := l.Round(Warmup, n, target)
		if err != nil {
			return 0, err
		}
		if n >= ops/10 || r.Elapsed > target/2 {
			return min(ops, max(1, longest*opsFor(r, target))), nil
		}
	}
}

// opsFor is how many operations take target at the round's pace.
func opsFor(r *Round, target time.Duration) int {
	return int(min(max(float64(target)/r.perOp(), 1), maxOps))
}

// paced corrects a number of operations towards what would have filled the time:
// all the way where they took less than half or more than twice of it, as after a
// disturbed calibration, else by half, on a scale of ratios. One launch is a poor
// measure of the next.
func paced(ops int, want, took time.Duration) int {
	ratio := float64(want) / float64(max(took, 1))
	if ratio > 0.5 && ratio < 2 {
		ratio = math.Sqrt(ratio)
	}
	return int(min(max(float64(ops)*ratio, 1), maxOps))
}

// mostGrowth is how many times more operations an unpinned launch plays at most when
// its rounds were too short.
const mostGrowth = 4

// slowly bounds how fast the operations of an unpinned cell grow. The scheduler keeps
// its processes on one CPU in one launch and on two in the next: a round trip of a
// pipe took 2 µs in two launches of five, and 45 µs in the others. What fills 10 ms
// of the one takes 200 ms of the other.
func slowly(c results.Cell, from, to, most int) int {
	if c.Place != "free" {
		return to
	}
	return min(to, most*from)
}

// A launch whose timed rounds took less than this share of the time asked for is
// calibrated anew, up to so many times, and is untrusted if they still do. After a
// disturbed calibration, rounds of a few operations measure how a round begins.
const (
	leastShare   = 0.5
	calibrations = 5
)

// triesOf is how often a launch of the cell is calibrated: often enough for an unpinned
// one to grow from operations that each take a time slice to those of 0.3 µs.
func triesOf(c results.Cell) int {
	if c.Place == "free" {
		return 2 * calibrations
	}
	return calibrations
}

// tooShort reports whether rounds of ops operations, which took took rather than
// want, must be played again. Where they must and were tried often enough, it
// returns why the record is void.
func tooShort(m Measurement, took, want time.Duration, ops, try, tries int) (again bool, why string) {
	if m.Exact || ops >= maxOps || float64(took) >= leastShare*float64(want) {
		return false, ""
	}
	if try == tries {
		return false, fmt.Sprintf("measured for %s of %s asked for: the pace more than doubled after each of %d calibrations",
			results.FormatTime(float64(took)), results.FormatTime(float64(want)), tries)
	}
	return true, ""
}
