package runner

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"ipcbench/bench"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// Calls is how often a process of a workload makes one system call.
type Calls struct {
	Role  string  // "ping"
	Call  string  // "write"
	PerOp float64 // in one operation
}

// TraceError reports that the kernel does not let system calls be counted here.
type TraceError struct{ Err error }

func (e *TraceError) Error() string { return "cannot trace: " + e.Err.Error() }

func (e *TraceError) Unwrap() error { return e.Err }

// TracePlace is where traced workers run. A trace is for counting, and the
// counts of one CPU depend least on how fast a tracer is.
const TracePlace = "same"

// TracePlaceOf is TracePlace, or the place of a mechanism that needs a CPU for each
// of its processes.
func TracePlaceOf(m *mechanisms.Mechanism) string {
	if m.Spins {
		return "cross"
	}
	return TracePlace
}

// Trace counts the system calls of the cell's measuring threads, by ptrace(2), or
// of all threads where a goroutine has none of its own. It plays a round of ops
// operations and then one of twice as many: the difference is what operations
// cost, without the beginning and end of a round. Calls that the Go runtime makes
// for itself are left out. Trace is slow, and measures no time. Where tracing is
// refused the error is a *TraceError, else a *CellError. Nothing is left behind: a
// traced worker dies with its tracer.
func (co *Coordinator) Trace(c results.Cell, ops int) (calls []Calls, err error) {
	if err := mayTrace(); err != nil {
		return nil, &TraceError{err}
	}
	l, err := co.Open(c)
	if err != nil {
		return nil, err
	}
	var tracers []*tracer
	defer func() {
		_, closing := l.Close()
		for _, t := range tracers {
			t.end(co.options.timeout())
		}
		err = cmp.Or(err, closing)
	}()
	for _, w := range l.Workers {
		t, err := traceCalls(w.PID, scheduled(c), co.options.timeout())
		if err != nil {
			return nil, &TraceError{fmt.Errorf("%s: %w", w.Role, err)}
		}
		tracers = append(tracers, t)
	}
	var counts [2][]map[uint64]int
	for round := range counts {
		for _, t := range tracers {
			t.restart()
		}
		if _, err := l.Round(Traced, (round+1)*ops, time.Second); err != nil {
			return nil, err
		}
		for _, t := range tracers {
			counts[round] = append(counts[round], t.restart())
		}
	}
	topology := bench.WorkloadOf(c).Topology(c.Peers)
	for i, w := range l.Workers {
		// A part may make none: a ring's sender that never waits. Its worker answers the
		// session by calls all the same.
		if !tracers[i].sees() {
			return nil, &TraceError{errors.New(w.Role + ": no system call was seen")}
		}
		calls = append(calls, callsPerOp(w.Role, competitors(topology, i), counts[0], counts[1], ops)...)
	}
	return calls, nil
}

// competitors are the parts that take messages from the same link as part i, itself
// among them; i alone where none does.
func competitors(t bench.Topology, i int) (parts []int) {
	for other, part := range t.Parts {
		if other == i || slices.ContainsFunc(part.Receives, func(wire int) bool { return slices.Contains(t.Parts[i].Receives, wire) }) {
			parts = append(parts, other)
		}
	}
	return parts
}

// callsPerOp are the calls of ops operations more, in the order of their numbers: the
// mean of the parts that compete. The kernel chooses who takes a message, so that one
// of them may make fewer calls in the longer round: 12 of 48 on a busy machine.
func callsPerOp(role string, parts []int, once, twice []map[uint64]int, ops int) (calls []Calls) {
	more := map[uint64]int{}
	for _, i := range parts {
		for nr, n := range twice[i] {
			more[nr] += n
		}
		for nr, n := range once[i] {
			more[nr] -= n
		}
	}
	for _, nr := range slices.Sorted(maps.Keys(more)) {
		if more[nr] > 0 {
			calls = append(calls, Calls{Role: role, Call: sys.SyscallName(int(nr)), PerOp: float64(more[nr]) / float64(ops*len(parts))})
		}
	}
	return calls
}

// Instructions counts what the parts of the cell execute in user mode in one
// operation, by part. Where that is refused the error is a *TraceError, else a
// *CellError.
func (co *Coordinator) Instructions(c results.Cell) (perOp []float64, err error) {
	l, err := co.Open(c)
	if err != nil {
		return nil, err
	}
	steps, err := StepsOf(co.options.timeout(), l.PIDs()...)
	if err == nil {
		perOp, err = steps.PerOp(StepOps, func(n int) error {
			_, err := l.Round(Timed, n, time.Second)
			return err
		})
	}
	_, closing := l.Close()
	steps.End()
	return perOp, errors.Join(err, closing)
}
