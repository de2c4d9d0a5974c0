package compare

import (
	"fmt"
	"testing"

	"ipcbench/internal/sides"
)

// Counts of instructions repeat. Where both sides have the same of each seed, two
// are enough to call them the same; a count that differs needs as many as any gate.
func TestEqualCountsAreTheSame(t *testing.T) {
	insns := func(ns float64) string { return fmt.Sprintf("%.0f insns/op", ns) }
	times := func(ns float64) string { return fmt.Sprintf("%.0f ns/op", ns) }
	for name, c := range map[string]struct {
		line   func(float64) string
		factor float64
		want   Verdict
	}{
		"the same counts":  {insns, 1, Same},
		"other counts":     {insns, 1.001, Unjudged},
		"times that match": {times, 1, Unjudged},
	} {
		l := load(t, Query{Filter: "*"}, sides.Write(t, text(2, 1, c.line)), sides.Write(t, text(2, c.factor, c.line)))
		r := Compare(l.Sides[0], l.Sides[1], Defaults)
		if len(r.Rows) != 1 || r.Rows[0].Verdict != c.want {
			t.Errorf("%s: %+v", name, r.Rows)
		}
	}
	if n := Defaults.Least(); n != 5 {
		t.Errorf("%d launches a side can show a regression, want 5: 1 in C(10, 5) is below 1 %%", n)
	}
}
