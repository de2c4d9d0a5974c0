package bench

import (
	"slices"
	"testing"
	"time"

	"ipcbench/results"
)

// A part plays a round in as many stretches as there are marks, or fewer: turns
// of a floor stay in pairs, batches whole, and links in turn.
func TestStretches(t *testing.T) {
	for _, c := range []struct {
		n, marks int
		part     Part
		cell     results.Cell
		want     []int
	}{
		{n: 100, marks: 4, want: []int{26, 26, 26, 22}},
		{n: 101, marks: 4, want: []int{26, 26, 26, 23}},
		{n: 3, marks: 10, want: []int{2, 1}},
		{n: 0, marks: 10},
		{n: 100, marks: 0, want: []int{100}},
		{n: 100, marks: 3, part: Part{Sends: []int{0, 1, 2}}, want: []int{36, 36, 28}},
		{n: 100, marks: 4, cell: results.Cell{Options: results.Options{Batch: 8}}, want: []int{32, 32, 32, 4}},
		{n: 100, marks: 4, part: Part{Whole: true}, want: []int{100}},
	} {
		var got []int
		c.part.Play = func(_ *Ends, n int) error {
			got = append(got, n)
			return nil
		}
		e := &Ends{part: c.part, cell: c.cell, Marks: make([]int64, c.marks)}
		if _, err := e.Play(c.n); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%d operations, %d marks, %+v: stretches %v, want %v", c.n, c.marks, c.part, got, c.want)
		}
		if len(e.Marks) != 0 && len(e.Marks) != len(got) || !slices.IsSorted(e.Marks) {
			t.Errorf("%d operations: marks %v of %d stretches", c.n, e.Marks, len(got))
		}
	}
}

func TestProgress(t *testing.T) {
	const ms = int64(time.Millisecond)
	for _, c := range []struct {
		name    string
		took    []int64 // ms
		typical int64
		gaps    []Gap
	}{
		{"even", []int64{1, 1, 1, 1}, 1, nil},
		{"a stall", []int64{1, 1, 30, 1}, 1, []Gap{{2, 32}}},
		{"two stalls", []int64{20, 1, 1, 1, 11}, 1, []Gap{{0, 20}, {23, 34}}},
		{"a stretch that is a little slower", []int64{1, 1, 10, 1}, 1, nil},
		{"slow operations", []int64{20, 35, 20, 20}, 20, nil},
		{"slow operations and a stall", []int64{20, 45, 20, 20}, 20, []Gap{{20, 65}}},
	} {
		e, at := &Ends{}, int64(0)
		for _, took := range c.took {
			at += took * ms
			e.Marks = append(e.Marks, at)
		}
		p := e.Progress(0)
		for i := range c.gaps {
			c.gaps[i].From *= ms
			c.gaps[i].To *= ms
		}
		if p.Typical != c.typical*ms || !slices.Equal(p.Gaps, c.gaps) {
			t.Errorf("%s: %+v, want %d ms and %v", c.name, *p, c.typical, c.gaps)
		}
	}
	if p := (&Ends{Marks: []int64{1, 100 * ms}}).Progress(0); p != nil {
		t.Errorf("two marks do not say what is usual: %+v", p)
	}
}

// The pace of a round leaves out how it begins and ends, and what ran beside it.
func TestSteady(t *testing.T) {
	half := Part{Share: func(n int) int { return n / 2 }}
	for _, c := range []struct {
		name    string
		took    []int64 // ns a stretch
		n       int
		stretch int
		part    Part
		want    int64
	}{
		{"even", []int64{100, 100, 100, 100}, 40, 10, Part{}, 400},
		{"a slow beginning", []int64{900, 100, 100, 100}, 40, 10, Part{}, 400},
		{"ticks of the clock belong to it", []int64{100, 103, 100, 100, 103}, 50, 10, Part{}, 507},
		{"the kernel's own work", []int64{100, 100, 100, 350, 100}, 50, 10, Part{}, 500},
		{"the last stretch is a part of one", []int64{100, 100, 100, 100, 100, 7}, 51, 10, Part{}, 510},
		{"a part that has half of the operations", []int64{100, 100, 100, 100}, 80, 10, half, 400},
		{"too few marks", []int64{100, 100, 100}, 30, 10, Part{}, 0},
		{"too few whole stretches", []int64{100, 100, 100, 50}, 35, 10, Part{}, 0},
		{"no marks", nil, 10, 0, Part{}, 0},
	} {
		e, at := &Ends{part: c.part, stretch: c.stretch}, int64(0)
		for _, took := range c.took {
			at += took
			e.Marks = append(e.Marks, at)
		}
		if got := e.Steady(c.n); got != c.want {
			t.Errorf("%s: %d ns, want %d", c.name, got, c.want)
		}
	}
	// A round that is played knows its stretches.
	e := &Ends{part: Part{Play: func(*Ends, int) error { return nil }}, Marks: make([]int64, 8)}
	if _, err := e.Play(100); err != nil || e.stretch != 14 || e.Steady(100) < 0 {
		t.Errorf("stretches of %d operations, %v", e.stretch, err)
	}
}

func TestMarksFor(t *testing.T) {
	for d, want := range map[time.Duration]int{0: 0, time.Microsecond: 0, time.Millisecond: 4, 37500 * time.Microsecond: 150, time.Hour: maxMarks} {
		if got := MarksFor(d); got != want {
			t.Errorf("%v: %d marks, want %d", d, got, want)
		}
	}
}
