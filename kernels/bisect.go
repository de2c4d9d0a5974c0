package kernels

import (
	"cmp"
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
	Skips   State = "skips"   // the kernel lacks what the cell or the statement needs
	Hangs   State = "hangs"   // the guest stopped to say anything, and had not oopsed
	NoBoot  State = "no-boot" // the guest did not come up, oopsed or died
)

// Broken are the states by which a kernel can be bad, whatever it counts.
var Broken = []State{Differs, Fails, Skips, Hangs, NoBoot}

// Answer is a kernel's to a Question.
type Answer struct {
	State State
	Insns []float64 // of each seed, the path of an operation or all of it, ascending; where the state is Counts
	Why   string    // where the state is one of Broken
}

// bisectSeeds are few: one cell in one kernel is all but the same in each.
const bisectSeeds = 3

// ErrNoAnswer is a question that can't be tried in a kernel, where the kernel
// reports no reason that could be a verdict.
var ErrNoAnswer = errors.New("no answer")

// errAnswered ends the boots of a kernel whose first one answers the question.
var errAnswered = errors.New("answered")

// Ask puts a question to a kernel, in instruction-counted mode. Of the plan it takes
// Program and Silent. By a criterion one boot is enough if its count is as far from the
// limit as those of the good or the bad kernel. What the cache has is not booted. An
// error is the host's, or wraps ErrNoAnswer.
func (q QEMU) Ask(ctx context.Context, kernel Kernel, question Question, by *Criterion, p Plan, cache *Cache) (Answer, error) {
	r := &Runner{Plan: p, Cache: cache}
	if by == nil {
		return q.ask(ctx, kernel, question, r)
	}
	return q.askEnough(ctx, kernel, question, *by, r)
}

func (q QEMU) askEnough(ctx context.Context, kernel Kernel, question Question, by Criterion, r *Runner) (a Answer, err error) {
	for _, boots := range []int{1, bisectSeeds} {
		r.Plan.Boots = boots
		if a, err = q.ask(ctx, kernel, question, r); err != nil || by.clear(a) {
			break
		}
	}
	return a, err
}

// ask puts it with what the runner has of the program that becomes the guest.
func (q QEMU) ask(ctx context.Context, kernel Kernel, question Question, r *Runner) (a Answer, err error) {
	p := &r.Plan
	p.Accel, p.Boots, p.Cells, p.Jobs = ICount, cmp.Or(p.Boots, bisectSeeds), []results.Cell{question.Cell}, runtime.NumCPU()
	var statements *semantics.Report
	if question.Statement != "" {
		p.Boots, p.Cells, p.Statements, p.Statement = 1, nil, true, question.Statement
	}
	a.State = Counts
	r.QEMU, r.Kernels = q, []Kernel{kernel}
	r.Sink = func(_ int, rec results.Record) error {
		switch rec.Outcome {
		case results.OK:
			a.Insns = append(a.Insns, cmp.Or(rec.PathInsns, rec.InsnsPerOp))
		case results.Failed:
			a.State, a.Why = Fails, rec.Reason
			return errAnswered
		case results.Skipped:
			a.State, a.Why = Skips, rec.Reason
			return errAnswered
		default:
			return fmt.Errorf("kernel %s: %w: %s %s: %s", kernel.Label, ErrNoAnswer, question, rec.Outcome, results.Quote(rec.Reason))
		}
		return nil
	}
	r.Checked = func(_ int, s *semantics.Report) error { statements = s; return nil }
	if err = r.Execute(ctx); err == errAnswered {
		return a, nil
	}
	var boot *BootError
	var moved *ControlError
	switch {
	case errors.As(err, &boot) && errors.Is(err, errHung) && !broken.Match(boot.Console):
		return Answer{State: Hangs, Why: boot.Error()}, nil
	case errors.As(err, &boot) && !errors.Is(err, ErrQEMU):
		return Answer{State: NoBoot, Why: boot.Error()}, nil
	case errors.As(err, &boot), errors.As(err, &moved):
		return a, fmt.Errorf("%w: %w", ErrNoAnswer, err)
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
	case f != nil && f.Verdict == semantics.Skipped:
		return Answer{State: Skips, Why: f.Reason}, nil
	case f == nil:
		return a, fmt.Errorf("kernel %s: %w: the guest reported nothing of %s", kernel.Label, ErrNoAnswer, question)
	}
	return a, fmt.Errorf("kernel %s: %w: %s is %s: %s", kernel.Label, ErrNoAnswer, question, f.Verdict, results.Quote(f.Reason))
}

// Criterion is what makes a kernel of a bisection bad: a count, or a state.
type Criterion struct {
	Limit   float64 // instructions of an operation, or of its path, from which on a kernel is bad; 0: State decides
	Shorter bool    // below the limit it is bad
	Factor  float64 // from the limit to the counts of the good and the bad kernel that are nearest to it; 0: not known
	State   State   // one of Broken
}

// Tell is the criterion by which a good and a bad kernel differ. An error means that
// they do not, and that no bisection would find anything.
func Tell(good, bad Answer) (Criterion, error) {
	switch {
	case slices.Contains(Broken, good.State):
		return Criterion{}, fmt.Errorf("the good kernel is not good, %s: %s", good.State, good.Why) // a console is last
	case bad.State != Counts && bad.State != Holds:
		return Criterion{State: bad.State}, nil
	case bad.State == Holds:
		return Criterion{}, errors.New("the statement holds in both kernels: `ipcbench kernels --semantics GOOD BAD` lists those that changed")
	}
	low, high, shorter := good.Insns, bad.Insns, false
	if slices.Max(bad.Insns) < slices.Min(good.Insns) {
		low, high, shorter = high, low, true
	}
	most, least := slices.Max(low), slices.Min(high)
	spread := max(most-slices.Min(low), slices.Max(high)-least)
	if least-most <= spread {
		return Criterion{}, fmt.Errorf("good takes %.1f to %.1f instructions an operation and bad %.1f to %.1f: they must differ by more than seeds do; `ipcbench kernels GOOD BAD` shows which cells changed",
			slices.Min(good.Insns), slices.Max(good.Insns), slices.Min(bad.Insns), slices.Max(bad.Insns))
	}
	// Halfway, as factors go.
	return Criterion{Limit: math.Sqrt(most * least), Shorter: shorter, Factor: math.Sqrt(least / most)}, nil
}

// clear reports whether more boots can hardly change the verdict.
func (c Criterion) clear(a Answer) bool {
	if a.State != Counts {
		return true
	}
	const rounded = 0.999 // the step's flags have some digits of both
	return c.Factor > 0 && !slices.ContainsFunc(a.Insns, func(n float64) bool { return max(n/c.Limit, c.Limit/n) < c.Factor*rounded })
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
