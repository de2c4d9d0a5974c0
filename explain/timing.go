package explain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"ipcbench/bench"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// Timing finds out where the time of a cell's operation goes: it collects launches
// of the cell and of floors, and counts what an operation is made of.
type Timing struct {
	mechanism *mechanisms.Mechanism
	workload  *bench.Workload
	cell      results.Cell
	floors    map[string]results.Cell // what prices the parts, by name
	launches  map[results.Cell]map[int]sample
	tally     results.Tally

	source  string
	calls   float64 // in an operation: system calls that messages take
	waits   float64 // others, made only to wait or to wake
	counted string  // how the calls are known
}

// sample is what one launch gave, of one operation.
type sample struct {
	ns       float64
	sleeps   float64        // voluntary context switches of all processes
	switches float64        // context switches from one process of the cell to another
	cpu      results.Amount // ns
}

// Timed are the workloads whose time Timing can divide. In each, one process does
// something at a time, or all share a CPU: the times of parts add up.
var Timed = []string{bench.PingPong.Name, bench.Stream.Name, bench.Notify.Name}

// How a Timing launches: 5 cells take some 5 s on 2 idle CPUs.
const (
	timingLaunches = 8
	timingTime     = 50 * time.Millisecond
)

// NewTiming begins the timing of a cell with messages of size bytes, or of the
// mechanism's minimum where that is larger and least is true. Place "" is one that
// the mechanism can be used in. The error is one of usage.
func NewTiming(m *mechanisms.Mechanism, w *bench.Workload, size int, place string, least bool) (*Timing, error) {
	if place == "" {
		place = runner.TracePlaceOf(m)
	}
	if w == bench.Stream && place != "same" {
		return nil, fmt.Errorf("workload %s, place %s: the processes work at once, and their times do not add up: take --place same, or --workload %s", w.Name, place, bench.PingPong.Name)
	}
	if !w.PlaysOn(m) {
		return nil, fmt.Errorf("workload %s: %s does not carry it: take --workload %s", w.Name, m.Name, bench.RoundTrip(m).Name)
	}
	size = cmp.Or(w.Size, sizeOf(m, size, least))
	t := &Timing{
		mechanism: m, workload: w, launches: map[results.Cell]map[int]sample{},
		cell:   results.Cell{Workload: w.Name, Mechanism: m.Name, Size: size, Place: place},
		floors: map[string]results.Cell{},
	}
	for _, name := range []string{results.FloorWake, results.FloorCall, results.FloorCopy, results.FloorBounce} {
		if c, ok := bench.FloorCell(name, size, place); ok && (name != results.FloorCopy || t.copies() > 0) {
			t.floors[name] = c
		}
	}
	return t, nil
}

// messages is how many an operation has, with notifications.
func (t *Timing) messages() float64 { return float64(len(t.workload.Topology(0).Wires)) }

// copies is how often an operation copies a message, as the mechanism declares;
// 0 of notifications.
func (t *Timing) copies() float64 {
	if t.workload.Payloads == 0 {
		return 0
	}
	p := t.mechanism.Facts.Path
	return t.messages() * float64(p.Send.Kernel+p.Send.Own+p.Receive.Kernel+p.Receive.Own)
}

// sharesCPU reports whether processes of a place may share one: there the kernel
// often switches to a process that is woken before the waker sleeps, which is an
// involuntary switch of the waker's.
func sharesCPU(place string) bool { return place == "same" || place == "free" }

// Plan is what Measure launches.
func (t *Timing) Plan() bench.Plan {
	return bench.Plan{Cells: t.cells(), Launches: timingLaunches, Time: timingTime, Seed: rand.Uint64()}
}

// cells are the cell and its floors.
func (t *Timing) cells() []results.Cell {
	return append([]results.Cell{t.cell}, slices.SortedFunc(maps.Values(t.floors), results.CompareCells)...)
}

// Record takes in a record of a run, or of Measure.
func (t *Timing) Record(r *results.Record) {
	asked := r.Cell.Asked()
	if !slices.Contains(t.cells(), asked) {
		return
	}
	t.tally.Add(r)
	sleeps, known := r.Voluntary.Get()
	if r.Outcome != results.OK || !known || r.Cell.Mechanism == results.FloorWake && sleeps == 0 {
		return // a floor of wake-ups without one prices nothing
	}
	s := sample{ns: r.NsPerOp, sleeps: sleeps, switches: sleeps, cpu: r.CPUNsPerOp}
	if sharesCPU(r.Cell.Place) {
		s.switches += r.Involuntary.Or(0)
	}
	if t.launches[asked] == nil {
		t.launches[asked] = map[int]sample{}
	}
	t.launches[asked][r.Launch] = s
}

// LackError reports a cell of which no launch gives what Derive needs.
type LackError struct {
	Cell    results.Cell
	Summary *results.Summary // of its records; nil where there are none
}

func (e *LackError) Error() string {
	if e.Summary == nil {
		return "no record of " + e.Cell.Name() + ": without --in it is measured"
	}
	if len(e.Summary.Reasons) == 0 {
		return "the records of " + e.Cell.Name() + " have no context switches"
	}
	why := fmt.Sprintf("no launch of %s gives a time: %s", e.Cell.Name(), e.Summary.Reasons[0])
	if e.Summary.Outcome == results.Untrusted {
		why += "; `ipcbench doctor` shows what spoils times here"
	}
	return why
}

// lack is the first of the cells that has no number, or of which a launch failed.
func (t *Timing) lack() error {
	summaries := t.tally.Summaries()
	for _, c := range t.cells() {
		e := &LackError{Cell: c}
		for _, s := range summaries {
			if s.Cell.Asked() == c {
				e.Summary = &s
			}
		}
		if len(t.launches[c]) == 0 || e.Summary.Outcome == results.Failed {
			return e
		}
	}
	return nil
}

// Records ends a run whose records Record was given; name is how to call it. Its
// calls are those that the mechanism declares.
func (t *Timing) Records(name string) {
	p := t.mechanism.Facts.Path
	for _, hop := range []mechanisms.Hop{p.Send, p.Receive} {
		if hop.Call != "" {
			t.calls += t.messages()
		}
	}
	t.source, t.counted = name, "as the mechanism declares them, without those to wait or to wake"
}

// errNoNumber ends the launches: the cell will have no number.
var errNoNumber = errors.New("no number")

// Measure launches the cell and its floors on this host, interleaved, and counts
// the calls. Before is called before each launch. It ends early when ctx is done.
func (t *Timing) Measure(ctx context.Context, before func(pass int, next results.Cell, left int)) (err error) {
	coordinator, err := runner.Start(runner.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, coordinator.Close()) }()
	defer context.AfterFunc(ctx, func() { coordinator.Interrupt() })()
	run := runner.Run{
		Plan:     t.Plan(),
		Progress: before,
		Sides: []*runner.Side{{Measure: coordinator.Measure, Sink: func(r results.Record) error {
			if t.Record(&r); r.Cell.Asked() == t.cell && (r.Outcome == results.Skipped || r.Outcome == results.Failed) {
				return errNoNumber
			}
			return nil
		}}},
	}
	if err := run.Execute(ctx); err != nil && err != errNoNumber {
		return err
	}
	if len(t.launches[t.cell]) == 0 {
		return nil // Derive has the reason
	}
	calls, err := coordinator.Trace(t.cell, tracedOps)
	if refused := (*runner.TraceError)(nil); errors.As(err, &refused) {
		t.Records("")
		t.counted += ": " + refused.Error()
	} else if err != nil {
		return err
	} else {
		t.count(calls)
		t.counted = "counted by ptrace(2)"
	}
	t.source = "here"
	return nil
}

// count divides calls into those that messages take, and those made only to wait
// or to wake.
func (t *Timing) count(calls []runner.Calls) {
	p := t.mechanism.Facts.Path
	taken := slices.Concat([]string{p.Send.Call, p.Receive.Call}, p.Send.Also, p.Receive.Also)
	for _, c := range calls {
		if slices.Contains(taken, c.Call) {
			t.calls += c.PerOp
		} else {
			t.waits += c.PerOp
		}
	}
}

// Derive divides the time among the parts.
func (t *Timing) Derive() (*Time, error) {
	if err := t.lack(); err != nil {
		return nil, err
	}
	wakes, calls := t.part("wake-ups", results.FloorWake), t.part("calls", results.FloorCall)
	transfers, copies := t.part("transfers", results.FloorBounce), t.part("copies", results.FloorCopy)
	parts := slices.DeleteFunc([]*part{wakes, calls, transfers, copies}, func(p *part) bool { return t.floors[p.Floor] == results.Cell{} })
	var times, cpu, rest []float64
	for _, n := range slices.Sorted(maps.Keys(t.launches[t.cell])) {
		cell, wake, call := t.launches[t.cell][n], t.floor(results.FloorWake, n), t.floor(results.FloorCall, n).ns
		inWake := (1 + wake.sleeps) / wake.switches // calls: one to wake, and one to sleep
		wakes.add(cell.switches, max(0, wake.ns/wake.switches-inWake*call))
		calls.add(t.calls+min(t.waits, inWake*cell.switches), call)
		transfers.add(max(0, t.messages()-cell.switches), t.floor(results.FloorBounce, n).ns)
		copies.add(t.copies(), t.floor(results.FloorCopy, n).ns)
		left := cell.ns
		for _, p := range parts {
			left -= p.times[len(times)]
		}
		times, rest = append(times, cell.ns), append(rest, left)
		if ns, ok := cell.cpu.Get(); ok {
			cpu = append(cpu, ns)
		}
	}
	out := &Time{Cell: t.cell, Op: t.workload.Op, Source: t.source, Calls: t.counted, Measured: results.MedianOf(times), CPU: results.MedianOf(cpu)}
	left := out.Measured.Center
	for _, p := range parts {
		p.Count, p.EachNs = float64(results.MedianOf(p.counts).Center), float64(results.MedianOf(p.each).Center)
		p.Time = around(results.Float(p.Count*p.EachNs), p.times)
		left -= p.Time.Center
		out.Parts = append(out.Parts, p.Part)
	}
	out.Parts = append(out.Parts, Part{Name: Unexplained, Time: around(left, rest)})
	return out, nil
}

// floor is the launch of a floor in a pass. Where that one gives no number it is the
// median of the others: a floor is disturbed more easily than what sleeps.
func (t *Timing) floor(name string, pass int) sample {
	all := t.launches[t.floors[name]]
	s, ok := all[pass]
	if ok || len(all) == 0 {
		return s
	}
	median := func(of func(sample) float64) float64 {
		var values []float64
		for _, s := range all {
			values = append(values, of(s))
		}
		return float64(results.MedianOf(values).Center)
	}
	s.ns = median(func(s sample) float64 { return s.ns })
	s.sleeps = median(func(s sample) float64 { return s.sleeps })
	s.switches = median(func(s sample) float64 { return s.switches })
	return s
}

// part is a Part with what each pass gave.
type part struct {
	Part
	counts, each, times []float64
}

func (t *Timing) part(name, floor string) *part { return &part{Part: Part{Name: name, Floor: floor}} }

func (p *part) add(count, each float64) {
	p.counts, p.each, p.times = append(p.counts, count), append(p.each, each), append(p.times, count*each)
}

// around is a number with the interval of what each pass gave for it. That one's
// median may be another.
func around(center results.Float, passes []float64) results.Estimate {
	e := results.MedianOf(passes)
	e.Center, e.Lo, e.Hi = center, min(e.Lo, center), max(e.Hi, center)
	return e
}
