package kernels

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"strings"

	"ipcbench/bench"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/semantics"
)

// Question is what a bisection asks of each kernel: how many instructions a cell
// takes, or whether a statement holds.
type Question struct {
	Cell      results.Cell // where Statement is ""
	Statement string       // its ID
}

// ParseQuestion reads the ID of a statement, as in P28, or a cell as people type
// it.
func ParseQuestion(s string) (Question, error) {
	if semantics.Lookup(s) != nil {
		return Question{Statement: s}, nil
	}
	if !strings.Contains(s, "/") {
		return Question{}, fmt.Errorf("%s is neither a cell, as in PingPong/pipe, nor the ID of a statement of ipcbench semantics, as in P28", results.Quote(s))
	}
	cell, err := CountedCell(s)
	return Question{Cell: cell}, err
}

// CountedCell reads a cell as people type it. One whose instructions mean nothing is
// refused, with the reason and what to ask for instead.
func CountedCell(s string) (results.Cell, error) {
	cell, err := bench.AskedCell(s)
	if err != nil {
		return cell, err
	}
	err = ICount.admit(cell)
	if u := (*mechanisms.UnsupportedError)(nil); errors.As(err, &u) {
		// A remedy is worded for flags, and what is not counted needs other commands.
		instead := strings.NewReplacer(", or --accel kvm", "", "--place same", "place=same", "--size", "size").Replace(u.Remedy)
		return cell, fmt.Errorf("%s: %w: want %s", cell.Name(), err, instead)
	}
	return cell, err
}

func (q Question) String() string {
	if q.Statement != "" {
		return q.Statement
	}
	return q.Cell.Name()
}

// State is what became of a question in a kernel.
type State string

const (
	Counts  State = "counts"  // the cell's instructions were counted
	Holds   State = "holds"   // the statement holds
	Differs State = "differs" // the kernel does something else
	Fails   State = "fails"   // the cell failed
	NoBoot  State = "no-boot" // the guest did not come up, died or said nothing
)

// Broken are the states by which a kernel can be bad, whatever it counts.
var Broken = []State{Differs, Fails, NoBoot}

// Answer is a kernel's to a Question.
type Answer struct {
	State State
	Insns []float64 // of each seed, per operation, ascending; where the state is Counts
	Why   string    // where the state is one of Broken
}

// bisectSeeds are few: one cell in one kernel is all but the same in each.
const bisectSeeds = 3

// Ask puts a question to a kernel, in instruction-counted mode. An error is the
// host's, or one of a kernel that has no answer: the question can't be tried in it.
func (q QEMU) Ask(ctx context.Context, kernel Kernel, question Question, program string) (Answer, error) {
	return q.ask(ctx, kernel, question, &Runner{Plan: Plan{Program: program}})
}

// ask puts it with what the runner has of the program that becomes the guest.
func (q QEMU) ask(ctx context.Context, kernel Kernel, question Question, r *Runner) (a Answer, err error) {
	plan := Plan{Accel: ICount, Boots: bisectSeeds, Cells: []results.Cell{question.Cell}, Program: r.Plan.Program, Jobs: runtime.NumCPU()}
	var statements *semantics.Report
	if question.Statement != "" {
		plan.Boots, plan.Cells, plan.Statements = 1, nil, true
	}
	a.State = Counts
	r.QEMU, r.Kernels, r.Plan = q, []Kernel{kernel}, plan
	r.Sink = func(_ int, rec results.Record) error {
		switch rec.Outcome {
		case results.OK:
			a.Insns = append(a.Insns, rec.InsnsPerOp)
		case results.Failed:
			a.State, a.Why = Fails, rec.Reason
		default:
			return fmt.Errorf("kernel %s: %s %s: %s", kernel.Label, question, rec.Outcome, results.Quote(rec.Reason))
		}
		return nil
	}
	r.Checked = func(_ int, s *semantics.Report) error { statements = s; return nil }
	err = r.Execute(ctx)
	var boot *BootError
	switch {
	case errors.As(err, &boot) && !errors.Is(err, ErrQEMU):
		return Answer{State: NoBoot, Why: boot.Error()}, nil
	case err != nil:
		return a, err
	case question.Statement == "":
		slices.Sort(a.Insns)
		return a, nil
	}
	f := statements.Finding(question.Statement)
	switch {
	case f != nil && f.Verdict == semantics.Holds:
		return Answer{State: Holds}, nil
	case f != nil && f.Verdict == semantics.Differs:
		return Answer{State: Differs, Why: fmt.Sprintf("expected %q, observed %q", f.Expect, f.Observed)}, nil
	case f == nil:
		return a, fmt.Errorf("kernel %s: the guest reported nothing of %s", kernel.Label, question)
	}
	return a, fmt.Errorf("kernel %s: %s is %s: %s", kernel.Label, question, f.Verdict, results.Quote(f.Reason))
}

// Criterion is what makes a kernel of a bisection bad: a count, or a state.
type Criterion struct {
	Limit   float64 // insns/op from which on a kernel is bad; 0: State decides
	Shorter bool    // below the limit it is bad
	State   State   // one of Broken
}

// Tell is the criterion by which a good and a bad kernel differ. An error means that
// they do not, and that no bisection would find anything.
func Tell(good, bad Answer) (Criterion, error) {
	switch {
	case slices.Contains(Broken, good.State):
		return Criterion{}, fmt.Errorf("the good kernel is not good, %s: %s", good.State, good.Why)
	case bad.State != Counts && bad.State != Holds:
		return Criterion{State: bad.State}, nil
	case bad.State == Holds:
		return Criterion{}, errors.New("the statement holds in both kernels")
	}
	low, high, shorter := good.Insns, bad.Insns, false
	if slices.Max(bad.Insns) < slices.Min(good.Insns) {
		low, high, shorter = high, low, true
	}
	most, least := slices.Max(low), slices.Min(high)
	spread := max(most-slices.Min(low), slices.Max(high)-least)
	if least-most <= spread {
		return Criterion{}, fmt.Errorf("good takes %.0f to %.0f insns/op and bad %.0f to %.0f: they must differ by more than seeds do",
			slices.Min(good.Insns), slices.Max(good.Insns), slices.Min(bad.Insns), slices.Max(bad.Insns))
	}
	// Halfway, as factors go.
	return Criterion{Limit: math.Sqrt(most * least), Shorter: shorter}, nil
}

// Bad judges a kernel. An error means that it is neither good nor bad by this
// criterion: it is broken in another way.
func (c Criterion) Bad(a Answer) (bool, error) {
	switch {
	case a.State == Holds, a.State == Counts && c.Limit == 0:
		return false, nil
	case a.State == Counts:
		median := a.Insns[len(a.Insns)/2]
		return median != c.Limit && (median < c.Limit) == c.Shorter, nil
	case c.Limit == 0 && a.State == c.State:
		return true, nil
	}
	return false, fmt.Errorf("no verdict, %s: %s", a.State, a.Why)
}
