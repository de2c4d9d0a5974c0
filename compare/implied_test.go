package compare

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"ipcbench/internal/sides"
)

// text is benchmark text of launches with the values of line, one a launch from
// 1000 ns on, times factor.
func text(n int, factor float64, line func(ns float64) string) []byte {
	var b strings.Builder
	b.WriteString("goos: linux\ngoarch: amd64\ncpu: Example CPU\npkg: example.org/a\n")
	for i := range n {
		fmt.Fprintf(&b, "BenchmarkPut-2 \t 1000 \t %s\n", line(1000*factor*(1+0.003*float64(i))))
	}
	return []byte(b.String())
}

// B/s is one fact with ns/op where it follows from it: one row, and one test of the
// gate. Where a benchmark counts bytes in another way, it has a row of its own.
func TestImplied(t *testing.T) {
	for name, c := range map[string]struct {
		old, new func(ns float64) string
		metrics  []string // of the rows
	}{
		"go test rounds to two digits": {both(64, "%.2f MB/s", 1e6), both(64, "%.2f MB/s", 1e6), []string{"ns/op"}},
		"rounded to one digit":         {both(0.05, "%.2f MB/s", 1e6), both(0.05, "%.2f MB/s", 1e6), []string{"ns/op"}},
		"the suite's own":              {both(64, "%v B/s", 1), both(64, "%v B/s", 1), []string{"ns/op"}},
		"another payload":              {both(64, "%v B/s", 1), both(128, "%v B/s", 1), []string{"ns/op", "B/s"}},
		"counted in another way":       {both(64, "%v B/s", 1), func(ns float64) string { return fmt.Sprintf("%f ns/op %f B/s", ns, 64e9/1000) }, []string{"ns/op", "B/s"}},
		"slow and exact":               {both(1e-6, "%v B/s", 1), func(ns float64) string { return fmt.Sprintf("%f ns/op %f B/s", ns, 3e-6/ns*1e9) }, []string{"ns/op", "B/s"}},
		"B/s alone":                    {func(ns float64) string { return fmt.Sprintf("%f B/s", 64e9/ns) }, func(ns float64) string { return fmt.Sprintf("%f B/s", 64e9/ns) }, []string{"B/s"}},
	} {
		l := load(t, Query{Filter: "*"}, sides.Write(t, text(6, 1, c.old)), sides.Write(t, text(6, 1.5, c.new)))
		r := Compare(l.Sides[0], l.Sides[1], Defaults)
		found := map[string]bool{}
		for _, row := range r.Rows {
			found[row.Metric] = true
		}
		for _, m := range c.metrics {
			if !found[m] {
				t.Errorf("%s: no row for %s", name, m)
			}
		}
		one := len(c.metrics) == 1 && c.metrics[0] == "ns/op"
		if len(r.Rows) != len(c.metrics) || r.Gate.Cells != len(c.metrics) || (len(r.Implied) == 1) != one {
			t.Errorf("%s: %d rows, the gate corrects for %d, implied %q", name, len(r.Rows), r.Gate.Cells, r.Implied)
		}
		o := Defaults
		if o.Implied = true; one && len(Compare(l.Sides[0], l.Sides[1], o).Rows) != 2 {
			t.Errorf("%s: asked for, B/s has no row", name)
		}
	}
}

// both are a time, and the rate of so many bytes an operation in a unit.
func both(bytes float64, rate string, unit float64) func(ns float64) string {
	return func(ns float64) string { return fmt.Sprintf("%f ns/op "+rate, ns, bytes/ns*1e9/unit) }
}

// A metric that is another one in disguise neither costs nor gives: the p of the gate
// are the same with and without it.
func TestImpliedCostsNothing(t *testing.T) {
	old, new := inTurn()
	for i := range 20 {
		c := sides.Cell("PingPong", "pipe", 64<<i)
		old.Launches(c, 8, 5000, 0.02)
		new.Launches(c, 8, 5000*(1+0.02*float64(i)), 0.02)
	}
	one, two := compare(old, new), compare(old, new, everyMetric)
	if one.Gate.Cells != 20 || two.Gate.Cells != 40 {
		t.Fatalf("the gate corrects for %d and %d", one.Gate.Cells, two.Gate.Cells)
	}
	for i := range one.Rows {
		row := &one.Rows[i]
		if other := two.row(t, row.Cell, "ns/op"); other.Verdict != row.Verdict || math.Abs(float64(other.PGate-row.PGate)) > 0.02 {
			t.Errorf("%s: %s at p %v, and %s at %v beside B/s", row.Name, row.Verdict, row.PGate, other.Verdict, other.PGate)
		}
	}
}

// What a comparison claims to see is larger than the threshold, falls with more
// launches, and lies above what half of the rows need.
func TestSeen(t *testing.T) {
	last := math.Inf(1)
	for _, n := range []int{6, 10, 20, 60} {
		old, new := inTurn()
		for i := range 20 {
			c := sides.Cell("PingPong", "pipe", 64<<i)
			old.Launches(c, n, 5000, 0.02*float64(1+i%3))
			new.Launches(c, n, 5000, 0.02*float64(1+i%3))
		}
		g := compare(old, new).Gate
		if seen := float64(g.Seen); seen <= 0.05 || seen >= last || g.Seen <= g.Detectable {
			t.Errorf("n = %d: sees %v, of a typical row %v; with fewer launches %v", n, g.Seen, g.Detectable, last)
		} else {
			last = seen
		}
	}
}
