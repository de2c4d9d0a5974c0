package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"ipcbench/internal/need"
)

// numbers are those of a row, after its names.
func numbers(t *testing.T, row []any) (all []float64) {
	t.Helper()
	for _, v := range row {
		var x float64
		if _, err := fmt.Sscan(fmt.Sprint(v), &x); err == nil {
			all = append(all, x)
		}
	}
	return all
}

// Flat series of 45 builds show a step in at most 5 of 100 at any look, also
// if nothing but builds differ, and where they come one like the other.
func TestFlatSeriesShowNoSteps(t *testing.T) {
	need.Time(t)
	for _, f := range flats() {
		most := 0.05
		switch {
		case f.lag > 0.5:
			most = 0.15
		case f.modes > 0:
			most = 0.2
		}
		got := numbers(t, f.falseRow(shortBuilds, 150)[1:])
		if t.Log(f.name, got); got[0] > most {
			t.Errorf("%s: %v of series show a step, want at most %v", f.name, got[0], most)
		}
	}
}

// A partition at a fixed penalty, and the latest against the previous build,
// are wrong more often than a search: the simulation can fail one.
func TestCustomaryMonitorsAreWrongMoreOften(t *testing.T) {
	need.Time(t)
	for _, m := range []monitor{latest, cusum, fixed} {
		if got := m.alarms(stated, 200); got < 0.08 {
			t.Errorf("%s: %v of flat series have an alarm: the simulation proves nothing", m.name, got)
		}
	}
}

func TestStepsAreFound(t *testing.T) {
	need.Time(t)
	for _, c := range []struct {
		series int
		size   float64
		least  []float64 // by since
	}{
		{1, 0.05, []float64{0, 0, 0.05, 0.35, 0.7}},
		{1, 0.1, []float64{0, 0.2, 0.75, 0.95, 0.98}},
		{1, 0.2, []float64{0, 0.7, 0.95, 1, 1}},
		{300, 0.1, []float64{0, 0, 0.02, 0.5, 0.9}},
		{300, 0.2, []float64{0, 0, 0.7, 0.98, 1}},
	} {
		found := numbers(t, search(c.series).foundRow(c.size, 150)[2:])
		for i, least := range c.least {
			if found[i] < least {
				t.Errorf("%d series, %v: %v found within %d builds, want %v", c.series, c.size, found[i], since[i], least)
			}
		}
	}
}

func TestStepsArePlaced(t *testing.T) {
	need.Time(t)
	got := numbers(t, placedRow(0.1, 8, 300)[2:])
	if right, within1, covers := got[1], got[2], got[4]; right < 0.85 || within1 < 0.95 || covers < 0.92 {
		t.Errorf("of steps of 10 %%, %v have the right place, %v one within a build, and %v an interval with the true ratio", right, within1, covers)
	}
}

// Three launches stand for ten: both give the same steps.
func TestReducedIsTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	for range 100 {
		w := watch(stated.series(r, 40, 20, 0.08))
		var whole = w.reduced[:0:0]
		for _, s := range w.samples {
			var b []float64
			for _, l := range s {
				b = append(b, math.Exp(l))
			}
			whole = append(whole, b)
		}
		if a, b := search(1).look(w, 40), search(1).look(watched{reduced: whole}, 40); !slices.Equal(a, b) {
			t.Fatalf("steps at %v, and of all launches at %v", a, b)
		}
	}
}

// Counted series learn how builds differ, and find what exceeds it.
func TestCountedSeries(t *testing.T) {
	need.Time(t)
	for i, least := range map[int]float64{0: 1, 3: 0.3} {
		got := numbers(t, countedSeries()[i].row([]float64{0.003, 0.01}, 60)[1:])
		if got[0]+got[1] > 0.1 || got[2] < least || got[3] < 0.98 {
			t.Errorf("%s: %v", countedSeries()[i].name, got)
		}
	}
}
