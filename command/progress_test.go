package command

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"ipcbench/internal/pty"
	"ipcbench/internal/text"
	"ipcbench/results"
	"ipcbench/runner"
)

func TestProgressLine(t *testing.T) {
	cell := results.Cell{Workload: "PingPong", Mechanism: "vmsplicesplice", Size: 4096, Place: "cross"}
	doing := func(columns int) string { return text.Shorten(briefly(cell), columns) }
	for _, c := range []struct {
		columns int
		share   float64
		done    string
		want    string
	}{
		{59, 0, "0 of 40 launches, 12 s left", "[           ] 0 of 40 launches, 12 s left  PingPong…B cross"},
		{59, 0.5, "20 of 40 launches, 12 min left", "[=====      ] 20 of 40 launches, 12 min left  PingPo… cross"},
		{59, 1, "11000 of 12000 launches, 1 h 10 min left", "[===========] 11000 of 12000 launches, 1 h 10 min left"},
		{159, 0.25, "10 of 40 launches, 12 s left", "[=======                       ] 10 of 40 launches, 12 s left  PingPong vmsplicesplice 4KiB cross"},
	} {
		got := progressLine(c.columns, c.share, c.done, doing)
		if got != c.want || utf8.RuneCountInString(got) > c.columns {
			t.Errorf("%d columns:\n%q\nwant\n%q", c.columns, got, c.want)
		}
	}
}

// What is left of a race is named as far as there is room.
func TestInRace(t *testing.T) {
	h := &runner.Heat{Of: 22}
	for _, mech := range []string{"pipe", "fifo", "sysvshmfutex"} {
		h.Left = append(h.Left, results.Cell{Mechanism: mech})
	}
	for columns, want := range map[int]string{
		60: "pipe, fifo, sysvshmfutex left of 22",
		34: "pipe, fifo and 1 more left of 22",
		26: "pipe and 2 more left of 22",
		20: "3 left of 22",
	} {
		if got := inRace(h, columns); got != want {
			t.Errorf("%d columns: %q, want %q", columns, got, want)
		}
	}
}

// TestEstimateFallsSteadily plays runs whose launches take times that scatter, that
// drift, that a stall interrupts, that the plan misjudged, or of which a third is
// skipped. What is shown never rises, falls by at most twice the time that passed,
// and is near the truth in the middle of the run.
func TestEstimateFallsSteadily(t *testing.T) {
	const cells, passes = 60, 8
	const planned = 75 * time.Millisecond
	for name, c := range map[string]struct {
		share float64 // of cells that are skipped, which the plan does not know of
		took  func(r *rand.Rand, done float64) float64
		near  float64 // the shown is within this factor of the truth in the middle
	}{
		"as planned":         {0, func(*rand.Rand, float64) float64 { return 1 }, 1.05},
		"they scatter":       {0, func(r *rand.Rand, _ float64) float64 { return math.Exp(0.5 * r.NormFloat64()) }, 1.5},
		"it slows down":      {0, func(_ *rand.Rand, done float64) float64 { return 0.8 + done }, 1.6},
		"far off":            {0, func(r *rand.Rand, _ float64) float64 { return 1 + 20*math.Floor(r.Float64()+0.03) }, 2},
		"twice the time":     {0, func(*rand.Rand, float64) float64 { return 2 }, 2},
		"a third is skipped": {1. / 3, func(*rand.Rand, float64) float64 { return 1 }, 1.3},
		"a little faster":    {0, func(*rand.Rand, float64) float64 { return 0.9 }, 1.3},
	} {
		r := rand.New(rand.NewPCG(1, 2))
		p := &pace{least: 60 * time.Millisecond, prior: planned, share: 1}
		type step struct{ now, shown time.Duration }
		var steps []step
		var left countdown
		now := time.Duration(0)
		skipped := int(c.share * cells)
		for pass := 1; pass <= passes; pass++ {
			of := cells
			if pass > 1 {
				of -= skipped
			}
			for i := range of {
				launches := of - i + (passes-pass)*of
				steps = append(steps, step{now, left.at(now, p.left(now, pass, launches))})
				if pass == 1 && i%3 == 0 && i/3 < skipped {
					now += 10 * time.Microsecond
					continue
				}
				now += max(p.least, time.Duration(c.took(r, float64(len(steps))/cells/passes)*float64(planned)))
			}
		}
		for i := 1; i < len(steps); i++ {
			passed, fell := steps[i].now-steps[i-1].now, steps[i-1].shown-steps[i].shown
			if fell < 0 || fell > 2*passed+time.Millisecond {
				t.Errorf("%s: at %v the estimate goes from %v to %v in %v", name, steps[i].now, steps[i-1].shown, steps[i].shown, passed)
				break
			}
		}
		middle := steps[len(steps)/2]
		if factor := float64(middle.shown) / float64(now-middle.now); factor > c.near || factor < 1/c.near {
			t.Errorf("%s: in the middle %v are shown, and %v are left", name, middle.shown, now-middle.now)
		}
		if last := steps[len(steps)-1]; last.shown > 3*time.Second+now/10 {
			t.Errorf("%s: at the end %v are shown", name, last.shown)
		}
	}
}

// An estimate that was far too low begins anew: to show 0 s left for long is worse.
func TestEstimateBeginsAnew(t *testing.T) {
	var c countdown
	c.at(0, 10*time.Second)
	if got := c.at(5*time.Second, time.Minute); got != time.Minute {
		t.Errorf("%v, want 1m0s", got)
	}
}

// A line follows the width of its terminal, and a file gets none.
func TestProgressFollowsTheTerminal(t *testing.T) {
	control, terminal := pty.Open(t, 160)
	cell := results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	for _, out := range []*os.File{terminal, file} {
		p := newProgress(out)
		p.launches, p.total, p.run = 100, 2, &pace{prior: time.Second, share: 1}
		p.launch(1, cell, 100)
		pty.Resize(t, terminal, 60)
		p.drawn = time.Time{}
		p.launch(1, cell, 99)
		p.finish()
	}
	shown, buf := "", make([]byte, 4096)
	for strings.Count(shown, clearLine) < 3 {
		n, err := control.Read(buf)
		if err != nil {
			t.Fatal(err)
		}
		shown += string(buf[:n])
	}
	lines := strings.Split(strings.TrimPrefix(shown, clearLine), clearLine)
	if len(lines) != 3 || lines[2] != "" || utf8.RuneCountInString(lines[0]) < 60 || utf8.RuneCountInString(lines[1]) > 59 {
		t.Errorf("lines %q", lines)
	}
	got, err := os.ReadFile(file.Name())
	if want := fmt.Sprintf("pass %d of %d, %d launches left\n", 1, 2, 100); err != nil || string(got) != want {
		t.Errorf("in a file %q, %v, want %q", got, err, want)
	}
}
