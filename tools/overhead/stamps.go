package main

import (
	"cmp"

	"ipcbench/bench"
	"ipcbench/results"
	"ipcbench/runner"
)

// Stamps is what stamping and checking every message costs: rounds with them
// against rounds without, in the same processes.
type Stamps struct {
	Cell  results.Cell `json:"cell"`
	With  float64      `json:"with_ns"` // per operation
	Ratio Interval     `json:"ratio"`   // with to without
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
		out = append(out, Stamps{c, median(with[c]).Center, median(ratios[c])})
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
