package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"ipcbench/bench"
	"ipcbench/results"
)

// script is a side whose launches end as given, and a diary of which side measured
// what.
type script struct {
	diary *[]string
	name  string
	end   func(c results.Cell, nth int) results.Outcome
	ns    func(c results.Cell, nth int) float64 // of an operation; nil: none is known
	count map[results.Cell]int
	kept  []results.Record
}

func (s *script) side() *Side {
	s.count = map[results.Cell]int{}
	return &Side{
		ID: s.name,
		Measure: func(c results.Cell, m Measurement) (results.Record, int) {
			s.count[c]++
			*s.diary = append(*s.diary, s.name+c.Mechanism)
			r := results.Record{Cell: c, Outcome: s.end(c, s.count[c])}
			if s.ns != nil {
				r.NsPerOp = s.ns(c, s.count[c])
			}
			return r, 7
		},
		Sink: func(r results.Record) error { s.kept = append(s.kept, r); return nil },
	}
}

func ok(results.Cell, int) results.Outcome { return results.OK }

func planOf(launches int, mechs ...string) bench.Plan {
	p := bench.Plan{Launches: launches, Time: time.Millisecond, Seed: 1}
	for _, m := range mechs {
		p.Cells = append(p.Cells, results.Cell{Workload: "Stream", Mechanism: m, Size: 1, Place: "same"})
	}
	return p
}

// launchesOf renders launches and attempts: "1.1 2.1 2.2".
func launchesOf(records []results.Record, mech string) string {
	var out []string
	for _, r := range records {
		if r.Cell.Mechanism == mech {
			out = append(out, fmt.Sprintf("%d.%d", r.Launch, r.Attempt))
		}
	}
	return strings.Join(out, " ")
}

func TestArmsTakeTurns(t *testing.T) {
	var diary []string
	a, b := &script{diary: &diary, name: "A", end: ok}, &script{diary: &diary, name: "B", end: ok}
	run := Run{Plan: planOf(3, "x"), Sides: []*Side{a.side(), b.side()}}
	if err := run.Execute(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(diary, " "); got != "Ax Bx Bx Ax Ax Bx" {
		t.Errorf("turns: %s", got)
	}
}

// What is untrusted comes again right after its block, twice at most, and then after
// the last pass.
func TestUntrustedIsMeasuredAgain(t *testing.T) {
	var diary []string
	a := &script{diary: &diary, end: func(c results.Cell, nth int) results.Outcome {
		if c.Mechanism == "never" || c.Mechanism == "late" && nth == 1 {
			return results.Untrusted
		}
		return results.OK
	}}
	plan := planOf(2, "never", "late", "fine", "other")
	plan.Cells[3].Size = 2 // a block of its own
	if err := (&Run{Plan: plan, Sides: []*Side{a.side()}}).Execute(context.Background()); err != nil {
		t.Fatal(err)
	}
	for mech, want := range map[string]string{"fine": "1.1 2.1", "other": "1.1 2.1", "late": "1.1 1.2 2.1", "never": "1.1 1.2 1.3 2.1 2.2 2.3 1.4 2.4 1.5 2.5"} {
		if got := launchesOf(a.kept, mech); got != want {
			t.Errorf("%s: launches %s, want %s", mech, got, want)
		}
	}
	// The first pass has seven launches: three and three more attempts of the block,
	// and the other one before or after all of them.
	block := diary[:6]
	if diary[0] == "other" {
		block = diary[1:7]
	}
	first := slices.Sorted(slices.Values(block[:3]))
	if !slices.Equal(first, []string{"fine", "late", "never"}) || slices.Contains(block, "other") || block[5] != "never" {
		t.Errorf("the second attempts do not follow the first ones of their block: %v", diary)
	}
}

// TestNextIsAnnounced: the session learns which launch comes next, so that it
// starts meanwhile, also where that is the first of another block.
func TestNextIsAnnounced(t *testing.T) {
	plan := planOf(1, "a", "b", "c", "d")
	plan.Cells[2].Size, plan.Cells[3].Size = 2, 2
	var asked, announced []results.Cell
	side := &Side{
		Measure: func(c results.Cell, m Measurement) (results.Record, int) {
			asked = append(asked, c)
			if m.Next != nil {
				announced = append(announced, *m.Next)
			}
			return results.Record{Cell: c, Outcome: results.OK}, 1
		},
		Sink: func(results.Record) error { return nil },
	}
	if err := (&Run{Plan: plan, Sides: []*Side{side}}).Execute(context.Background()); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(asked[1:], announced) {
		t.Errorf("announced %v, and then came %v", announced, asked[1:])
	}
}

// A launch that is disturbed breaks its pair: both sides launch the cell again at
// once, twice at most, and nothing is owed after the plan.
func TestPairsAreMeasuredAgainTogether(t *testing.T) {
	for _, tt := range []struct{ spoiled, diary string }{
		{"B1", "Ax Bx Ax Bx Ay By"},
		{"A1", "Ax Bx Ax Bx Ay By"},
		{"A1 B2", "Ax Bx Ax Bx Ax Bx Ay By"},
		{"A1 A2 A3 A4", "Ax Bx Ax Bx Ax Bx Ay By"},
	} {
		var diary []string
		var sides []*Side
		var both [2]*script
		for i, name := range []string{"A", "B"} {
			both[i] = &script{diary: &diary, name: name, end: func(c results.Cell, nth int) results.Outcome {
				if c.Mechanism == "x" && slices.Contains(strings.Fields(tt.spoiled), fmt.Sprint(name, nth)) {
					return results.Untrusted
				}
				return results.OK
			}}
			sides = append(sides, both[i].side())
		}
		plan := planOf(1, "x", "y")
		if first := plan.Pass(1, plan.Cells)[0][0]; first.Mechanism != "x" {
			plan.Cells[0].Mechanism, plan.Cells[1].Mechanism = "y", "x"
		}
		if err := (&Run{Plan: plan, Sides: sides}).Execute(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(diary, " "); got != tt.diary {
			t.Errorf("%s spoiled: %s, want %s", tt.spoiled, got, tt.diary)
		}
		if a, b := launchesOf(both[0].kept, "x"), launchesOf(both[1].kept, "x"); a != b {
			t.Errorf("%s spoiled: attempts %s of one side and %s of the other", tt.spoiled, a, b)
		}
	}
}

// On a machine that is always disturbed a run comes to an end all the same.
func TestRetriesAreBounded(t *testing.T) {
	var diary []string
	a := &script{diary: &diary, end: func(results.Cell, int) results.Outcome { return results.Untrusted }}
	if err := (&Run{Plan: planOf(10, "a", "b", "c", "d", "e", "f", "g", "h", "i", "j"), Sides: []*Side{a.side()}}).Execute(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := len(a.kept); n != 100+20 {
		t.Errorf("%d launches of a plan of 100, want a fifth more", n)
	}
}

// More launches show nothing of a cell that is skipped or failed.
func TestSettledIsLeftAlone(t *testing.T) {
	var diary []string
	a := &script{diary: &diary, end: func(c results.Cell, nth int) results.Outcome {
		return map[string]results.Outcome{"skip": results.Skipped, "fail": results.Failed, "x": results.OK}[c.Mechanism]
	}}
	run := Run{Plan: planOf(3, "skip", "fail", "x"), Sides: []*Side{a.side()}}
	if err := run.Execute(context.Background()); err != nil {
		t.Fatal(err)
	}
	for mech, want := range map[string]string{"skip": "1.1", "fail": "1.1", "x": "1.1 2.1 3.1"} {
		if got := launchesOf(a.kept, mech); got != want {
			t.Errorf("%s: launches %s, want %s", mech, got, want)
		}
	}
}

// Cells whose interval is wide have launches beyond the plan's until it is narrow,
// as long as the budget lasts; what is still wide then is named.
func TestUntilAddsLaunches(t *testing.T) {
	planned := results.FirstStage + results.Beyond
	for _, tt := range []struct {
		budget time.Duration
		wide   int // cells at the end
	}{{time.Hour, 0}, {0, 1}} {
		var diary []string
		a := &script{diary: &diary, end: ok, ns: func(c results.Cell, nth int) float64 {
			if c.Mechanism == "wide" && nth <= planned && nth%2 == 1 {
				return 1500
			}
			return 1000
		}}
		run := Run{Plan: planOf(planned, "wide", "narrow"), Sides: []*Side{a.side()}, Until: 0.02, Budget: tt.budget}
		if err := run.Execute(context.Background()); err != nil {
			t.Fatal(err)
		}
		wide, narrow := a.count[run.Plan.Cells[0]], a.count[run.Plan.Cells[1]]
		if more := wide > planned; more != (tt.budget > 0) || narrow != planned {
			t.Errorf("budget %v: %d launches of the wide cell and %d of the narrow one, the plan has %d", tt.budget, wide, narrow, planned)
		}
		if left := run.Wide(); len(left) != tt.wide || tt.wide > 0 && left[0] != run.Plan.Cells[0].Name() {
			t.Errorf("budget %v: %v are wide at the end", tt.budget, left)
		}
	}
}

// A run that was interrupted goes on with what is missing.
func TestResume(t *testing.T) {
	var diary []string
	a := &script{diary: &diary, end: ok}
	side := a.side()
	p := planOf(3, "x", "y")
	side.Earlier = earlierOf(false, results.Record{Cell: p.Cells[0], Launch: 1, Outcome: results.OK}, results.Record{Cell: p.Cells[0], Launch: 2, Outcome: results.OK}, results.Record{Cell: p.Cells[1], Launch: 1, Attempt: 2, Outcome: results.Untrusted})
	if err := (&Run{Plan: p, Sides: []*Side{side}}).Execute(context.Background()); err != nil {
		t.Fatal(err)
	}
	if x, y := launchesOf(a.kept, "x"), launchesOf(a.kept, "y"); x != "3.1" || y != "1.3 2.1 3.1" { // a reader leaves out an attempt that is there already
		t.Errorf("launches: x %s, y %s", x, y)
	}
	// What is missing comes in the order of the plan, whatever order the earlier
	// launches had: the last pass is a whole block.
	last := p.Pass(3, p.Cells)[0]
	if got, want := strings.Join(diary[2:], " "), last[0].Mechanism+" "+last[1].Mechanism; got != want {
		t.Errorf("the last pass is %s, want %s", got, want)
	}
}

func TestStopsBetweenLaunches(t *testing.T) {
	var diary []string
	ctx, cancel := context.WithCancel(context.Background())
	a := &script{diary: &diary, end: func(results.Cell, int) results.Outcome { cancel(); return results.OK }}
	run := Run{Plan: planOf(3, "x", "y"), Sides: []*Side{a.side()}}
	if err := run.Execute(ctx); !errors.Is(err, context.Canceled) || len(a.kept) != 1 {
		t.Errorf("err %v after %d records, want one record", err, len(a.kept))
	}
}

// TestRunRecordsItsTime shows that the launches' wall times add up to the run's,
// with nothing counted twice, whichever side they are of.
func TestRunRecordsItsTime(t *testing.T) {
	var diary []string
	a, b := &script{diary: &diary, name: "a", end: ok}, &script{diary: &diary, name: "b", end: ok}
	run := Run{Plan: planOf(3, "x", "y"), Sides: []*Side{a.side(), b.side()}}
	begin := time.Now()
	if err := run.Execute(context.Background()); err != nil {
		t.Fatal(err)
	}
	took, sum := time.Since(begin), int64(0)
	for _, r := range append(a.kept, b.kept...) {
		if r.WallNs <= 0 {
			t.Errorf("%s took %d ns", r.Cell.Name(), r.WallNs)
		}
		sum += r.WallNs
	}
	if sum > int64(took) {
		t.Errorf("launches took %d ns, the run %v", sum, took)
	}
}
