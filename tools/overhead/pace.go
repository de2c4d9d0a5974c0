package main

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"ipcbench/bench"
	"ipcbench/results"
	"ipcbench/runner"
)

// Pace is how long the engine takes for a cell against C.
type Pace struct {
	Cell     results.Cell     `json:"cell"`
	Engine   results.Float    `json:"engine_ns"` // per operation
	Plain    results.Float    `json:"plain_ns"`  // of plain C
	Ratio    results.Estimate `json:"ratio"`     // engine to plain C
	Threaded results.Estimate `json:"threaded"`  // engine to C with one idle thread in each process
	Launches []float64        `json:"launches"`  // of Ratio
}

// paceCells are the cells to hold against C: the core mechanisms in the two
// workloads that the twins are written for, and the floors.
func paceCells() []results.Cell {
	cells := bench.Axes{
		Workloads:  []string{bench.PingPong.Name, bench.Stream.Name},
		Mechanisms: bench.Core,
		Sizes:      []int{64, 4 << 10, 64 << 10},
		Queues:     []int{0},
		Places:     []string{"same", "cross"},
	}.Cells()
	// A copy that waits for memory shows nothing about languages.
	return append(cells, slices.DeleteFunc(bench.FloorCells(cells), func(c results.Cell) bool { return c.Mechanism == results.FloorColdCopy })...)
}

// paceLaunch is one launch of a cell in which the engine, plain C and C with
// an idle thread take turns, each in fresh processes on the same CPUs.
func (f *fidelity) paceLaunch(c results.Cell) (ns, ratio []float64, err error) {
	l, err := f.coordinator.Open(c)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		_, closing := l.Close()
		err = cmp.Or(err, closing)
	}()
	programs := []program{f.rounds(l, runner.Timed)}
	for idle := range 2 {
		t, err := f.twins.start(l, idle)
		if err != nil {
			return nil, nil, err
		}
		defer t.stop()
		programs = append(programs, t.round)
	}
	n, err := l.Calibrate(f.round)
	if err != nil {
		return nil, nil, err
	}
	for _, warmUp := range programs[1:] { // as the engine has had its
		if _, err := warmUp(max(1, n/5)); err != nil {
			return nil, nil, err
		}
	}
	return takeTurns(programs, n)
}

// rounds is the engine as a program.
func (f *fidelity) rounds(l *runner.Launch, kind runner.Kind) program {
	return func(n int) (time.Duration, error) {
		played, err := l.Play(f.round, runner.Ask{Kind: kind, N: n, Marks: bench.MarksFor(f.round)}) // as a run does
		if err != nil {
			return 0, err
		}
		return played[0].Elapsed, nil
	}
}

// pace takes launches of every cell, in passes, so that a drift of the machine
// hits all cells alike. Cells that this machine does not carry are left out.
func (f *fidelity) pace(cells []results.Cell) (out []Pace, err error) {
	type sample struct{ engine, plain, ratio, threaded []float64 }
	samples := map[results.Cell]*sample{}
	for pass := range f.launches {
		for _, c := range cells {
			f.progress("engine against C, launch %d of %d: %s", pass+1, f.launches, c.Name())
			ns, ratio, err := f.paceLaunch(c)
			if runner.Unsupported(err) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.Name(), err)
			}
			s := samples[c]
			if s == nil {
				s = &sample{}
				samples[c] = s
			}
			s.engine, s.plain = append(s.engine, ns[0]), append(s.plain, ns[1])
			s.ratio, s.threaded = append(s.ratio, ratio[1]), append(s.threaded, ratio[2])
		}
	}
	for _, c := range cells {
		if s := samples[c]; s != nil {
			out = append(out, Pace{c, results.MedianOf(s.engine).Center, results.MedianOf(s.plain).Center, results.MedianOf(s.ratio), results.MedianOf(s.threaded), s.ratio})
		}
	}
	return out, nil
}

// moreLaunches is how many times the launches a cell gets whose interval is too
// wide to show that it meets its bound.
const moreLaunches = 3

// again measures such cells anew. What was measured of them before is thrown
// away: to add launches until a bound is met would be to wait for luck.
func (f *fidelity) again(found *Fidelity) error {
	var cells []results.Cell
	for _, b := range found.Bounds() {
		for _, p := range b.Cells {
			if verdict(p.Ratio, b.Most) != "met" {
				cells = append(cells, p.Cell)
			}
		}
	}
	more := *f
	more.launches = moreLaunches * found.Launches
	paces, err := more.pace(cells)
	for _, p := range paces {
		i := slices.IndexFunc(found.Pace, func(before Pace) bool { return before.Cell == p.Cell })
		found.Pace[i] = p
	}
	return err
}

// Stamps is what stamping and checking every message costs: rounds with them
// against rounds without, in the same processes.
type Stamps struct {
	Cell  results.Cell     `json:"cell"`
	With  results.Float    `json:"with_ns"` // per operation
	Ratio results.Estimate `json:"ratio"`   // with to without
}

func (f *fidelity) stamps() (out []Stamps, err error) {
	cells := bench.Axes{
		Workloads:  []string{bench.PingPong.Name, bench.Stream.Name},
		Mechanisms: []string{"pipe", "sysvshm"},
		Sizes:      []int{64, 4 << 10},
		Queues:     []int{0},
		Places:     []string{"same"},
	}.Cells()
	with, ratios := map[results.Cell][]float64{}, map[results.Cell][]float64{}
	for pass := range f.launches {
		for _, c := range cells {
			f.progress("stamps and checks, launch %d of %d: %s", pass+1, f.launches, c.Name())
			ns, ratio, err := f.stampsLaunch(c)
			if err != nil {
				return nil, err
			}
			with[c], ratios[c] = append(with[c], ns[0]), append(ratios[c], ratio[1])
		}
	}
	for _, c := range cells {
		out = append(out, Stamps{c, results.MedianOf(with[c]).Center, results.MedianOf(ratios[c])})
	}
	return out, nil
}

func (f *fidelity) stampsLaunch(c results.Cell) (ns, ratio []float64, err error) {
	l, err := f.coordinator.Open(c)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		_, closing := l.Close()
		err = cmp.Or(err, closing)
	}()
	n, err := l.Calibrate(f.round)
	if err != nil {
		return nil, nil, err
	}
	return takeTurns([]program{f.rounds(l, runner.Timed), f.rounds(l, runner.Bare)}, n)
}
