package main

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"ipcbench/bench"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// explanation is what `ipcbench explain` shows of a mechanism: what is declared
// of it, and what was found out here.
type explanation struct {
	*mechanisms.Mechanism
	size      int // bytes in the messages that were tried
	limits    mechanisms.Limits
	untried   error // why nothing can be tried here
	calls     []runner.Calls
	uncounted error // why there are no calls
	wakeups   []wakeups
	worth     *results.Summary // the largest streamed message with a cost in copies in a run
	noWorth   error            // why there is none
}

// wakeups is how often processes went to sleep, in voluntary context switches
// of all of them together.
type wakeups struct {
	where string    // "here" or a run
	perOp []float64 // an operation of each of tried; -1 where that is not known
}

func newExplain() *cobra.Command {
	var in, size string
	c := &cobra.Command{
		Use:   "explain MECHANISM",
		Short: "Show how a mechanism works, what a message costs here, and how it fails",
		Long: `Explain shows how a mechanism works in the kernel. It counts the system calls
(with ptrace(2)) and wake-ups of a message live, in a second. The cost per byte
comes from a run (the newest).`,
		Example: `  ipcbench explain pipe
  ipcbench explain sysvshm --size 64KiB --in results/runs/ID`,
		Args:      cobra.ExactArgs(1),
		ValidArgs: mechanismNames(),
		RunE: func(c *cobra.Command, args []string) error {
			e := explanation{Mechanism: mechanisms.Lookup(args[0])}
			if e.Mechanism == nil {
				return badValue("mechanism", args[0], mechanismNames())
			}
			var err error
			if e.size, err = bench.ParseSize(size); err != nil {
				return fmt.Errorf("--size: %w", err)
			}
			if l, err := e.Limits(0); err == nil && !c.Flags().Changed("size") {
				e.size = max(e.size, l.Least.N)
			}
			if err := e.fromRecords(c, in); err != nil {
				return err
			}
			broken := e.fromHere()
			if err := e.write(c.OutOrStdout()); err != nil {
				return failed(err)
			}
			return failed(broken)
		},
	}
	c.Flags().StringVar(&in, "in", "", "run or file of records for the cost per byte (default: the newest run, if any)")
	c.Flags().StringVar(&size, "size", "64", "bytes in the messages to try, at least the mechanism's minimum")
	return c
}

// fromRecords finds in a run what a moment is too short to measure. Only a run
// that was named must be there.
func (e *explanation) fromRecords(c *cobra.Command, in string) error {
	if in == "" {
		if _, err := newestRun(); err != nil {
			e.noWorth = err
			return nil
		}
	}
	var switches []mean // voluntary ones, of what is tried
	for _, op := range e.tried() {
		switches = append(switches, mean{cell: e.cell(op.workload)})
	}
	set, err := readRun(c, in, func(r *results.Record) {
		for i := range switches {
			switches[i].add(r)
		}
	})
	if err != nil {
		return err
	}
	if e.worth = largest(set.Summaries(), e.cell("Stream")); e.worth == nil {
		e.noWorth = fmt.Errorf("not in %s: it wants numbers of streamed messages of 16KiB or more on one CPU, and of the floor", runName(set))
	}
	w := wakeups{where: runName(set)}
	for _, m := range switches {
		w.perOp = append(w.perOp, m.voluntary())
	}
	e.wakeups = append(e.wakeups, w)
	return nil
}

// largest finds the cell with the largest messages, of those like c, whose cost
// in copies is known; nil where there is none.
func largest(summaries []results.Summary, c results.Cell) (found *results.Summary) {
	for i := range summaries {
		s := &summaries[i]
		c.Size = s.Cell.Size
		if s.Cell == c && s.RelativeCost != nil && s.RelativeCost.Unit == results.Copies && (found == nil || c.Size > found.Cell.Size) {
			found = s
		}
	}
	return found
}

// mean is that of the voluntary context switches of a cell's launches.
type mean struct {
	cell   results.Cell
	sum, n float64
}

func (m *mean) add(r *results.Record) {
	if v, ok := r.Voluntary.Get(); ok && r.Cell == m.cell && r.Outcome == results.OK {
		m.sum += v
		m.n++
	}
}

// voluntary is -1 where there are no launches.
func (m mean) voluntary() float64 {
	if m.n == 0 {
		return -1
	}
	return m.sum / m.n
}

// What is tried: one message after another, and as many as the link takes where
// it does not lose what it can't take.
func (e *explanation) tried() []trial {
	if !e.Offers(mechanisms.Messages) {
		return []trial{{bench.RoundTrip(e.Mechanism).Name, "a round trip"}}
	}
	trials := []trial{{"PingPong", "a round trip"}, {"Stream", "a streamed message"}}
	if e.Lost != nil {
		return trials[:1]
	}
	return trials
}

// trial is a workload that is tried, and one operation of it.
type trial struct{ workload, op string }

// cell is a workload of this mechanism where the machine's speed matters least.
func (e *explanation) cell(workload string) results.Cell {
	return results.Cell{Workload: workload, Mechanism: e.Name, Size: cmp.Or(bench.LookupWorkload(workload).Size, e.size), Place: runner.TracePlaceOf(e.Mechanism)}
}

const (
	tracedOps    = 200                   // operations that system calls are counted over
	measuredTime = 20 * time.Millisecond // of a launch whose wake-ups are counted
)

// fromHere tries the mechanism on this machine. What the machine lacks or
// forbids is a reason in the explanation; an error is what ought to have
// worked.
func (e *explanation) fromHere() (err error) {
	if e.limits, e.untried = limitsOf(e.Mechanism); e.untried != nil {
		return nil
	}
	coordinator, err := runner.Start(runner.Options{})
	if err != nil {
		e.untried = err
		return err
	}
	defer func() { err = errors.Join(err, coordinator.Close()) }()
	e.calls, e.uncounted = coordinator.Trace(e.cell(e.tried()[0].workload), tracedOps)
	if runner.Unsupported(e.uncounted) {
		e.untried = e.uncounted
		if cell := (*runner.CellError)(nil); errors.As(e.untried, &cell) {
			e.untried = cell.Err // which names the mechanism
		}
		return nil
	}
	var refused *runner.TraceError
	if !errors.As(e.uncounted, &refused) {
		err = e.uncounted
	}
	w := wakeups{where: "here"}
	for _, op := range e.tried() {
		rec, _ := coordinator.Measure(e.cell(op.workload), runner.Measurement{Time: measuredTime})
		if rec.Outcome == results.Failed {
			err = errors.Join(err, fmt.Errorf("%s: %s", rec.Cell.Name(), rec.Reason))
		}
		w.perOp = append(w.perOp, rec.Voluntary.Or(-1)) // of an untrusted launch only the time is unreliable
	}
	e.wakeups = append(e.wakeups, w)
	return err
}
