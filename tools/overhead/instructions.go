package main

import (
	"cmp"
	"errors"
	"time"

	"ipcbench/bench"
	"ipcbench/results"
	"ipcbench/runner"
)

// Instructions is what the two processes of a cell execute in one operation,
// together.
type Instructions struct {
	Cell   results.Cell `json:"cell"`
	Engine float64      `json:"engine"` // in user mode
	C      float64      `json:"c"`

	// Both modes, where the processor's counters can be had; else 0.
	EngineKernel float64 `json:"engine_kernel,omitempty"`
	CKernel      float64 `json:"c_kernel,omitempty"`
}

// instructions counts at 64 bytes: of a longer message, what copies it would
// be counted, not how the kernel is reached.
func (f *fidelity) instructions() (out []Instructions, err error) {
	cells := bench.Axes{
		Workloads:  []string{bench.PingPong.Name, bench.Stream.Name},
		Mechanisms: bench.Core,
		Sizes:      []int{64},
		Queues:     []int{0},
		Places:     []string{"same"},
	}.Cells()
	for _, c := range cells {
		f.progress("instructions: %s", c.Name())
		i, err := f.count(c)
		if err != nil {
			return nil, err
		}
		out = append(out, i)
	}
	return out, nil
}

func (f *fidelity) count(c results.Cell) (i Instructions, err error) {
	i.Cell = c
	engine, err := f.coordinator.Instructions(c)
	if err != nil {
		return i, err
	}
	l, err := f.coordinator.Open(c)
	if err != nil {
		return i, err
	}
	defer func() {
		_, closing := l.Close()
		err = cmp.Or(err, closing)
	}()
	if i.EngineKernel, err = kernelMode(l.PIDs(), f.rounds(l, runner.Timed)); err != nil {
		return i, err
	}
	t, err := f.twins.start(l, 0)
	if err != nil {
		return i, err
	}
	if i.CKernel, err = kernelMode(t.pids[:], t.round); err != nil {
		return i, errors.Join(err, t.stop())
	}
	steps, err := runner.StepsOf(10*time.Second, t.pids[:]...)
	var twin []float64
	if err == nil {
		twin, err = steps.PerOp(runner.StepOps, func(n int) error { _, err := t.round(n); return err })
	}
	err = errors.Join(err, t.stop())
	steps.End()
	i.Engine, i.C = sum(engine), sum(twin)
	return i, err
}

// kernelMode counts instructions in the kernel for one operation of both
// processes, by the processor's counters; 0 where there are none.
func kernelMode(pids []int, play program) (perOp float64, err error) {
	counters, err := runner.OpenCounters(pids...)
	if err != nil {
		return 0, nil
	}
	defer counters.Close()
	const n = 20000
	if _, err := play(n); err != nil { // warm
		return 0, err
	}
	before, err := counters.Read()
	if err != nil {
		return 0, err
	}
	if _, err := play(n); err != nil {
		return 0, err
	}
	after, err := counters.Read()
	return float64(after-before) / n, err
}

func sum(values []float64) (s float64) {
	for _, v := range values {
		s += v
	}
	return s
}
