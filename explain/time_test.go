package explain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"ipcbench/bench"
	"ipcbench/internal/golden"
	"ipcbench/internal/text"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// timing is that of a cell of 64 bytes.
func timing(t *testing.T, mech string, w *bench.Workload, place string) *Timing {
	t.Helper()
	tm, err := NewTiming(mechanisms.Lookup(mech), w, 64, place, false)
	if err != nil {
		t.Fatal(err)
	}
	return tm
}

// give gives a launch of a floor, or of the cell where floor is "".
func (t *Timing) give(launch int, floor string, ns, voluntary, involuntary float64) {
	c := t.cell
	if floor != "" {
		c = t.floors[floor]
	}
	t.Record(&results.Record{
		Cell: c, Launch: launch, Attempt: 1, Outcome: results.OK, NsPerOp: ns,
		Voluntary: results.Known(voluntary), Involuntary: results.Known(involuntary), CPUNsPerOp: results.Known(ns / 2),
	})
}

// derive derives what must be there.
func derive(t *testing.T, tm *Timing) *Time {
	t.Helper()
	out, err := tm.Derive()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// holds holds a part against what it must be, to a billionth.
func holds(t *testing.T, out *Time, name string, count, each, ns float64) {
	t.Helper()
	for _, p := range out.Parts {
		if p.Name == name {
			near := func(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(b)) }
			if !near(p.Count, count) || !near(p.EachNs, each) || !near(float64(p.Time.Center), ns) {
				t.Errorf("%s: %v times %v are %v ns, want %v times %v, %v ns", name, p.Count, p.EachNs, p.Time.Center, count, each, ns)
			}
			return
		}
	}
	t.Errorf("no %s in %+v", name, out.Parts)
}

// On one CPU a wake-up is a context switch, voluntary or not. Its price is that of the
// floor without the floor's calls, which are 1.5 where half of the wakers sleep.
func TestTimeOnOneCPU(t *testing.T) {
	tm := timing(t, "pipe", bench.PingPong, "same")
	for launch := 1; launch <= 8; launch++ {
		tm.give(launch, "", 10_000, 1, 1)
		tm.give(launch, results.FloorWake, 3_000, 0.5, 0.5)
		tm.give(launch, results.FloorCall, 200, 0, 0)
		tm.give(launch, results.FloorCopy, 5, 0, 0)
	}
	tm.count([]runner.Calls{{Role: "ping", Call: "write", PerOp: 1}, {Role: "ping", Call: "read", PerOp: 1}, {Role: "pong", Call: "write", PerOp: 1}, {Role: "pong", Call: "read", PerOp: 1}})
	out := derive(t, tm)
	holds(t, out, "wake-ups", 2, 2_700, 5_400)
	holds(t, out, "calls", 4, 200, 800)
	holds(t, out, "copies", 4, 5, 20)
	holds(t, out, Unexplained, 0, 0, 3_780)
	if len(out.Parts) != 4 || out.CPU.Center != 5_000 || out.Measured.N != 8 {
		t.Errorf("%+v", out)
	}
}

// On different CPUs only a sleep is a wake-up, and a message whose receiver did not
// sleep costs the transfer of a cache line.
func TestTimeOnDifferentCPUs(t *testing.T) {
	tm := timing(t, "shmfutex", bench.PingPong, "cross")
	for launch := 1; launch <= 8; launch++ {
		tm.give(launch, "", 2_000, 0.5, 0.25)
		tm.give(launch, results.FloorWake, 2_000, 1, 0.5)
		tm.give(launch, results.FloorCall, 100, 0, 0)
		tm.give(launch, results.FloorCopy, 5, 0, 0)
		tm.give(launch, results.FloorBounce, 90, 0, 0)
	}
	// A tracer makes processes slow, so that they sleep each time: 4 calls. Half a
	// sleep takes one.
	tm.count([]runner.Calls{{Role: "ping", Call: "futex", PerOp: 2}, {Role: "pong", Call: "futex", PerOp: 2}})
	out := derive(t, tm)
	holds(t, out, "wake-ups", 0.5, 1_800, 900)
	holds(t, out, "calls", 1, 100, 100)
	holds(t, out, "transfers", 1.5, 90, 135)
	holds(t, out, "copies", 4, 5, 20)
	holds(t, out, Unexplained, 0, 0, 845)
}

// From records of a run the calls are those that the mechanism declares.
func TestTimeOfRun(t *testing.T) {
	tm := timing(t, "sysvmsg", bench.Stream, "same")
	for launch := 1; launch <= 6; launch++ {
		tm.give(launch, "", 1_500, 0.1, 0)
		tm.give(launch, results.FloorWake, 3_000, 1, 0)
		tm.give(launch, results.FloorCall, 200, 0, 0)
		tm.give(launch, results.FloorCopy, 5, 0, 0)
	}
	tm.Records("a run")
	out := derive(t, tm)
	holds(t, out, "wake-ups", 0.1, 2_600, 260)
	holds(t, out, "calls", 2, 200, 400)
	holds(t, out, "copies", 2, 5, 10)
	holds(t, out, Unexplained, 0, 0, 830)
	if out.Source != "a run" {
		t.Errorf("source %q", out.Source)
	}
}

// Notifications copy nothing.
func TestTimeOfNotifications(t *testing.T) {
	tm := timing(t, "eventfd", bench.Notify, "same")
	if c, has := tm.floors[results.FloorCopy]; has || tm.cell.Size != 1 {
		t.Errorf("%+v, with copies %+v", tm.cell, c)
	}
}

// A pass that lacks a floor takes the median of the floor's launches; one that the
// cell lacks is left out.
func TestTimeWithoutSomeLaunches(t *testing.T) {
	tm := timing(t, "pipe", bench.PingPong, "same")
	for launch := 1; launch <= 7; launch++ {
		if launch != 7 {
			tm.give(launch, "", 10_000, 2, 0)
		}
		tm.give(launch, results.FloorWake, 3_000, 1, 0)
		if launch > 2 {
			tm.give(launch, results.FloorCall, 200, 0, 0)
		}
		tm.give(launch, results.FloorCopy, 5, 0, 0)
	}
	tm.Records("")
	out := derive(t, tm)
	holds(t, out, "calls", 4, 200, 800)
	if out.Measured.N != 6 {
		t.Errorf("%d launches", out.Measured.N)
	}
}

// The parts add up to what was measured, whatever the launches gave: exactly as
// printed, and to rounding as numbers. Each interval contains its number.
func TestTimeAddsUp(t *testing.T) {
	r := rand.New(rand.NewPCG(19, 1))
	negative := 0
	for i := range 300 {
		tm := timing(t, "pipe", bench.PingPong, []string{"same", "cross"}[i%2])
		scale := math.Pow(10, 1+6*r.Float64())
		for launch := range 1 + r.IntN(12) {
			at := func(x float64) float64 { return x * scale * math.Exp(0.3*r.NormFloat64()) }
			tm.give(launch, "", at(4), 2*r.Float64(), r.Float64())
			tm.give(launch, results.FloorWake, at(1.5), 0.5+r.Float64(), r.Float64())
			tm.give(launch, results.FloorCall, at(0.2), 0, 0)
			tm.give(launch, results.FloorCopy, at(0.1), 0, 0)
			tm.give(launch, results.FloorBounce, at(0.1), 0, 0)
		}
		tm.Records("")
		out := derive(t, tm)
		sum := 0.0
		for _, p := range out.Parts {
			sum += float64(p.Time.Center)
			if p.Time.Center < p.Time.Lo || p.Time.Center > p.Time.Hi {
				t.Errorf("%s: %v is outside %v to %v", p.Name, p.Time.Center, p.Time.Lo, p.Time.Hi)
			}
		}
		if total := float64(out.Measured.Center); math.Abs(sum-total) > 1e-9*total {
			t.Errorf("the parts are %v, measured %v", sum, total)
		}
		if out.Parts[len(out.Parts)-1].Time.Center < 0 {
			negative++
		}
		var b bytes.Buffer
		if err := out.Write(&b, text.Screen{Columns: 160}, false); err != nil {
			t.Fatal(err)
		}
		printed(t, b.String())
	}
	if negative == 0 || negative == 300 {
		t.Errorf("%d of 300 have parts that overlap: want some of both", negative)
	}
}

// printed adds up the times as the table has them, in units of the last place.
func printed(t *testing.T, page string) {
	t.Helper()
	sum, measured, at := 0, 0, -1
	for line := range strings.Lines(page) {
		line = strings.TrimSuffix(line, "\n")
		if at < 0 && strings.HasPrefix(line, "part ") {
			for _, unit := range []string{" ns ", " µs ", " ms ", " s "} {
				if before, _, ok := strings.Cut(line, unit); ok {
					at = utf8.RuneCountInString(before) + utf8.RuneCountInString(unit) - 1 // the column's end
				}
			}
			continue
		}
		if at < 0 {
			continue
		}
		fields := strings.Fields(string([]rune(line)[:at]))
		n, err := strconv.Atoi(strings.ReplaceAll(fields[len(fields)-1], ".", ""))
		if err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		if fields[0] == "measured" {
			measured = n
			break
		}
		sum += n
	}
	if at < 0 || sum != measured || measured == 0 {
		t.Errorf("the column adds up to %d, measured %d:\n%s", sum, measured, page)
	}
}

// example is a time with a remainder, negative if overlap is true.
func example(t *testing.T, overlap bool) *Time {
	tm := timing(t, "unixsock", bench.PingPong, "same")
	for launch := range 8 {
		drift := 1 + float64(launch-4)/50
		total := 16_200.0
		if overlap {
			total = 11_000
		}
		tm.give(launch, "", total*drift, 1.04, 0.96)
		tm.give(launch, results.FloorWake, 6_900*drift, 0.55, 0.45)
		tm.give(launch, results.FloorCall, 410*drift, 0, 0)
		tm.give(launch, results.FloorCopy, 3.1*drift, 0, 0)
	}
	tm.count([]runner.Calls{{Role: "ping", Call: "write", PerOp: 2}, {Role: "pong", Call: "read", PerOp: 2}})
	tm.source, tm.counted = "here", "counted by ptrace(2)"
	return derive(t, tm)
}

// The screen of each width, Markdown and JSON.
func TestTimeForms(t *testing.T) {
	for _, overlap := range []bool{false, true} {
		name := map[bool]string{false: "time", true: "time-overlap"}[overlap]
		out := example(t, overlap)
		for _, columns := range []int{60, 80, 160} {
			var b bytes.Buffer
			if err := out.Write(&b, text.Screen{Columns: columns}, false); err != nil {
				t.Fatal(err)
			}
			golden.Check(t, fmt.Sprintf("%s-%d.golden", name, columns), b.Bytes())
			printed(t, b.String())
			for line := range strings.Lines(b.String()) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > columns {
					t.Errorf("%d columns: a line of %d: %s", columns, n, line)
				}
			}
		}
		var md, js bytes.Buffer
		if err := errors.Join(out.Write(&md, text.Screen{}, true), text.WriteJSON(&js, out)); err != nil {
			t.Fatal(err)
		}
		golden.Check(t, name+".md", md.Bytes())
		golden.Check(t, name+".json", js.Bytes())
		var back Time
		if err := json.Unmarshal(js.Bytes(), &back); err != nil || !reflect.DeepEqual(&back, out) {
			t.Errorf("read back as %+v, %v", back, err)
		}
	}
}

// What cannot be divided is refused with the remedy.
func TestTimingRefuses(t *testing.T) {
	pipe := mechanisms.Lookup("pipe")
	for _, c := range []struct {
		m     *mechanisms.Mechanism
		w     *bench.Workload
		place string
		want  string
	}{
		{pipe, bench.Stream, "cross", "take --place same"},
		{mechanisms.Lookup("shmspin"), bench.Stream, "", "or --workload PingPong"},
		{pipe, bench.Notify, "", "take --workload PingPong"},
		{mechanisms.Lookup("eventfd"), bench.PingPong, "", "take --workload Notify"},
	} {
		if _, err := NewTiming(c.m, c.w, 64, c.place, false); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s of %s, place %q: %v, want %q", c.w.Name, c.m.Name, c.place, err, c.want)
		}
	}
}

// A cell or floor without a number is named, with its reason.
func TestTimeLacks(t *testing.T) {
	tm := timing(t, "pipe", bench.PingPong, "same")
	lack := func(want string, outcome results.Outcome) {
		t.Helper()
		_, err := tm.Derive()
		var e *LackError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), want) || (e.Summary == nil) != (outcome == "") || outcome != "" && e.Summary.Outcome != outcome {
			t.Errorf("%v, want %q, %s", err, want, outcome)
		}
	}
	lack("no record of PingPong/mech=pipe/size=64", "")
	tm.Record(&results.Record{Cell: tm.cell, Launch: 1, Attempt: 1, Outcome: results.Untrusted, Reason: "a worker was stopped"})
	lack("a worker was stopped; `ipcbench doctor`", results.Untrusted)
	tm.Record(&results.Record{Cell: tm.cell, Launch: 1, Attempt: 2, Outcome: results.OK, NsPerOp: 10})
	lack("have no context switches", results.OK)
	tm.give(1, "", 10, 1, 1)
	for _, floor := range []string{results.FloorWake, results.FloorCall, results.FloorCopy} {
		lack("no record of Floor/mech=", "")
		tm.give(1, floor, 10, 1, 1)
	}
	derive(t, tm)
	tm.Record(&results.Record{Cell: tm.cell, Launch: 2, Attempt: 1, Outcome: results.Failed, Fault: results.FaultCheck, Reason: "a message was lost"})
	lack("a message was lost", results.Failed)
}
