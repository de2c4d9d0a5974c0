package compare

import (
	"encoding/json"
	"strings"
	"testing"

	"ipcbench/internal/sides"
	"ipcbench/results"
)

var (
	pipe = sides.Cell("PingPong", "pipe", 64)
	fifo = sides.Cell("PingPong", "fifo", 64)
	msg  = sides.Cell("PingPong", "sysvmsg", 64)
	fan  = sides.Cell("FanIn", "pipe", 4096)
)

func TestVerdicts(t *testing.T) {
	old, new := inTurn()
	for _, c := range []struct {
		results.Cell
		change, cv float64
		want       Verdict
	}{
		{pipe, 1.4, 0.01, Slower}, {fifo, 0.7, 0.01, Faster}, {msg, 1, 0.01, Same}, {fan, 1.055, 0.02, CantTell},
	} {
		old.Launches(c.Cell, 10, 5000, c.cv)
		new.Launches(c.Cell, 10, 5000*c.change, c.cv)
	}
	r := compare(old, new, everyMetric)
	for c, want := range map[results.Cell]Verdict{pipe: Slower, fifo: Faster, msg: Same, fan: CantTell} {
		for _, metric := range []string{"ns/op", "B/s"} {
			if row := r.row(t, c, metric); row.Verdict != want {
				t.Errorf("%s, %s: %s (ratio %+v, p gate %v), want %s", c.Name(), metric, row.Verdict, row.Ratio, row.PGate, want)
			}
		}
	}
	if r.Rows[0].Cell != pipe || r.Status() != Regressed {
		t.Errorf("status %v, first row %s", r.Status(), r.Rows[0].Name)
	}
	if row := r.row(t, fan, "ns/op"); row.Need == 0 {
		t.Error("nothing says what would tell")
	}
	if row := r.row(t, pipe, "B/s"); row.Ratio.Center > 0.8 || row.Ratio.Lo > row.Ratio.Hi {
		t.Errorf("throughput fell, but its ratio is %+v", row.Ratio)
	}
}

// A change that is there and below the threshold must pass.
func TestPasses(t *testing.T) {
	old, new := inTurn()
	old.Launches(pipe, 10, 5000, 0.01)
	new.Launches(pipe, 10, 5100, 0.01)
	if r := compare(old, new); r.Status() != Passed {
		t.Errorf("status %v: %+v", r.Status(), r.Rows)
	}
}

func TestTooFewLaunches(t *testing.T) {
	old, new := inTurn()
	for _, c := range []results.Cell{pipe, fifo} {
		old.Launches(c, 4, 5000, 0.01)
		new.Launches(c, 4, 9000, 0.01)
	}
	r := compare(old, new)
	if r.Status() != Undecided || r.Gate.MinN != 5 || r.Rows[0].Verdict != Unjudged || r.Rows[0].Need != 5 {
		t.Errorf("status %v, gate %+v, row %+v", r.Status(), r.Gate, r.Rows[0])
	}
	// Of two rows one can be judged: that it passed does not make the gate pass.
	old.Launches(msg, 10, 5000, 0.01)
	new.Launches(msg, 10, 5000, 0.01)
	if r := compare(old, new); r.Status() != Undecided {
		t.Errorf("a passed row hides two that were not judged: %v", r.Status())
	}
	// Comparisons that share alpha need more.
	old, new = inTurn()
	old.Launches(pipe, 5, 5000, 0.01)
	new.Launches(pipe, 5, 9000, 0.01)
	if r := compare(old, new); r.Status() != Regressed {
		t.Errorf("status %v", r.Status())
	}
	if r := compare(old, new, func(o *Options) { o.Shared = 10 }); r.Status() != Undecided || r.Gate.MinN != 7 {
		t.Errorf("status %v, gate %+v", r.Status(), r.Gate)
	}
}

func TestOutcomes(t *testing.T) {
	for _, tt := range []struct {
		outcome results.Outcome
		verdict Verdict
		status  Status
	}{
		{results.Failed, Broken, Regressed},
		{results.Skipped, Broken, Regressed},
		{results.Untrusted, Lost, Undecided},
		{Absent, Lost, Undecided},
	} {
		old, new := inTurn()
		for _, s := range []*session{old, new} {
			s.Launches(pipe, 10, 5000, 0.01)
		}
		old.Launches(fifo, 10, 5000, 0.01)
		if tt.outcome != Absent {
			new.NotOK(fifo, 1, tt.outcome, "the reason")
		}
		r := compare(old, new)
		if len(r.Outcomes) != 1 || r.Outcomes[0].To != tt.outcome || r.Outcomes[0].Verdict != tt.verdict || r.Status() != tt.status {
			t.Errorf("%s: status %v, outcomes %+v", tt.outcome, r.Status(), r.Outcomes)
		}
		back := compare(new, old)
		if want := map[bool]Verdict{true: NotCompared, false: Recovered}[tt.outcome == Absent]; back.Outcomes[0].Verdict != want || back.Status() != Passed {
			t.Errorf("back from %s: status %v, outcomes %+v", tt.outcome, back.Status(), back.Outcomes)
		}
	}
}

// An untrusted attempt that was run again does not count, a failed one does.
func TestAttempts(t *testing.T) {
	old, new := inTurn()
	old.Launches(pipe, 10, 5000, 0.01)
	new.Launches(pipe, 10, 5000, 0.01)
	new.NotOK(pipe, 3, results.Untrusted, "throttled")
	new.Records[2].Attempt = 2
	if r := compare(old, new); r.Status() != Passed {
		t.Errorf("run again: %v, %+v", r.Status(), r.Outcomes)
	}
	new.Records[10].Outcome = results.Failed
	if r := compare(old, new); r.Status() != Regressed {
		t.Errorf("failed and run again: %v, %+v", r.Status(), r.Outcomes)
	}
}

// A launch whose record is gone makes its cell untrusted.
// What Summarize makes of lost launches a comparison does, too.
func TestLostLaunches(t *testing.T) {
	for n, want := range map[int]int{4: 0, 5: 1} {
		old, new := inTurn()
		old.Launches(pipe, 12, 5000, 0.01)
		new.Launches(pipe, n, 5000, 0.01)
		new.NotOK(pipe, n+1, results.Untrusted, "stolen")
		new.NotOK(pipe, n+1, results.Untrusted, "stolen again")
		new.Records[len(new.Records)-1].Attempt = 2
		r := compare(old, new)
		if len(r.Rows) != want || want > 0 && (r.Rows[0].New.N != n || r.New.Lost != 1) || r.New.Again != 1 {
			t.Errorf("1 of %d lost: %d rows, %+v", n+1, len(r.Rows), r.New)
		}
	}
}

func TestMissingLaunch(t *testing.T) {
	old, new := inTurn()
	old.Launches(pipe, 10, 5000, 0.01)
	new.Launches(pipe, 10, 5000, 0.01)
	new.Records = append(new.Records[:4], new.Records[5:]...)
	r := compare(old, new)
	if len(r.Outcomes) != 1 || r.Outcomes[0].Reason != "1 of 10 launches have no record" {
		t.Errorf("outcomes %+v", r.Outcomes)
	}
}

// Two runs of a side are other launches, although they have the same numbers.
func TestSeveralRuns(t *testing.T) {
	a, b := inTurn()
	c, d := inTurn()
	c.Run, d.Run = "old2", "new2"
	for _, s := range []*session{a, b, c, d} {
		s.Launches(pipe, 5, 5000, 0.01)
	}
	a.Records, b.Records = append(a.Records, c.Records...), append(b.Records, d.Records...)
	if row := compare(a, b).row(t, pipe, "ns/op"); row.Old.N != 10 || row.New.N != 10 {
		t.Errorf("n = %d and %d", row.Old.N, row.New.N)
	}
}

func TestZeroHasNoRatio(t *testing.T) {
	old, new := inTurn()
	old.Launches(pipe, 10, 5000, 0.01)
	new.Launches(pipe, 10, 5000, 0.01)
	metrics := []string{"vol-switches/op"}
	r := Compare(Records("old", old.Records, metrics), Records("new", new.Records, metrics), Defaults)
	if row := r.Rows[0]; row.Verdict != Unjudged || !strings.Contains(row.Why, "0") || r.Status() != Undecided {
		t.Errorf("status %v, row %+v", r.Status(), row)
	}
}

func TestNothingInCommon(t *testing.T) {
	old, new := inTurn()
	old.Launches(pipe, 10, 5000, 0.01)
	new.Launches(fifo, 10, 5000, 0.01)
	if r := compare(old, new, func(o *Options) { o.Force = true }); r.Status() != Nothing {
		t.Errorf("status %v", r.Status())
	}
}

// What cannot be known of so few launches is null in JSON, not 0: how they
// vary, and what change the gate finds. Pairs are 0 where there are none.
func TestFewLaunchesAreNotZero(t *testing.T) {
	old, new := inTurn()
	old.Launches(pipe, 1, 5000, 0.01)
	new.Launches(pipe, 1, 5000, 0.01)
	r := compare(old, new)
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"cv":null`, `"detectable":null`, `"worst":null`, `"pairs":`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %s in %s", want, string(b))
		}
	}
	if strings.Contains(string(b), `"outliers"`) {
		t.Errorf("outliers of one launch: %s", string(b))
	}

	// All zeros have no variation either, and are numbers.
	old.Launches(fifo, 6, 5000, 0.01)
	new.Launches(fifo, 6, 5000, 0.01)
	metrics := []string{"vol-switches/op", "ns/op"}
	r = Compare(Records("old", old.Records, metrics), Records("new", new.Records, metrics), Defaults)
	row := r.row(t, fifo, "vol-switches/op")
	if row.Old.N != 6 || row.Old.Center != 0 || row.Old.Outliers != results.Known[int64](0) {
		t.Errorf("row %+v", row.Old)
	}
}
