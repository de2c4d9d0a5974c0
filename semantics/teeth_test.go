package semantics

import (
	"sync"
	"testing"
	"time"
)

// A check that can't say no proves nothing: of each at least one wrong answer
// to one of its calls must make it say so. What is only recorded must change.
func TestTeeth(t *testing.T) {
	r, calls := honest(t)
	e := begin(t, Options{dirBase: t.TempDir(), Deadline: 8 * time.Second})
	var tried sync.WaitGroup
	for i, before := range r.Findings {
		if before.Verdict == Skipped {
			t.Logf("%s: not tried: %s", before.ID, before.Reason)
			continue
		}
		tried.Go(func() {
			if !bites(t, e, Lookup(before.ID), before, calls[i]) {
				t.Errorf("%s holds whatever is answered to any of its %d calls", before.ID, calls[i])
			}
		})
	}
	tried.Wait()
	if err := e.close(); err != nil {
		t.Error(err)
	}
}

// bites tries wrong answers, from the last call to the first: a failure in the
// place of a success shows most checks' teeth, so that it comes first.
func bites(t *testing.T, e *engine, c *Check, honest Finding, calls int) bool {
	for _, kind := range LieKinds {
		for call := calls - 1; call >= 0; call-- {
			f, _, err := e.check(t.Context(), c, &Lie{call, kind})
			if err != nil {
				t.Error(err)
				return true
			}
			if f.Verdict == Differs || f.Verdict == Recorded && f.Observed != honest.Observed {
				return true
			}
		}
	}
	return false
}

// A statement that differs says what was expected and observed.
func TestDiffers(t *testing.T) {
	r := run(t, []*Check{Lookup("P30")}, Options{lies: map[string]*Lie{"P30": {2, "number"}}}) // the second call, after the pipe
	f := r.Findings[0]
	if f.Verdict != Differs || f.Observed != "0, 1; queued 0" || f.Expect != "0, 0; queued 0" {
		t.Errorf("got %+v", f)
	}
}

// A check that hangs, panics or can't prepare is broken, and not the kernel.
func TestBroken(t *testing.T) {
	r := run(t, []*Check{Lookup("P30")}, Options{lies: map[string]*Lie{"P30": {0, "errno"}}})
	if f := r.Findings[0]; f.Verdict != Broken || f.Reason == "" || f.Observed != "" {
		t.Errorf("a pipe that could not be made: %+v", f)
	}
	c := &Check{ID: "X99", Mechanism: "pipe", Statement: "there is no such statement"}
	if f := run(t, []*Check{c}, Options{}).Findings[0]; f.Verdict != Broken {
		t.Errorf("a check that does not exist: %+v", f)
	}
	r = run(t, []*Check{Lookup("P04")}, Options{Deadline: time.Nanosecond})
	if f := r.Findings[0]; f.Verdict != Broken {
		t.Errorf("past its deadline: %+v", f)
	}
}

// A step of a tour that does not go as its text says ends the tour with a problem.
func TestTourBites(t *testing.T) {
	for _, name := range TourNames() {
		steps, err := Tour(t.Context(), name, Options{dirBase: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range steps {
			if s.Problem != "" || s.Skipped != "" || len(s.Story) == 0 || s.Title == "" || s.Text == "" || s.Otherwise == "" {
				t.Errorf("%s, step %d: %+v", name, i+1, s)
			}
		}
		if len(steps) < 7 {
			t.Errorf("%s has only %d steps", name, len(steps))
		}
		steps, err = Tour(t.Context(), name, Options{dirBase: t.TempDir(), lies: map[string]*Lie{name: {1, "errno"}}})
		if err != nil {
			t.Fatal(err)
		}
		if last := steps[len(steps)-1]; last.Problem == "" {
			t.Errorf("%s: a wrong answer goes unnoticed", name)
		}
	}
	if _, err := Tour(t.Context(), "train", Options{}); err == nil {
		t.Error("a tour that does not exist was taken")
	}
}
