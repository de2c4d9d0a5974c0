package results

import (
	"math"
	"testing"
)

// What only one arm repeated is no pair, nor what is not ok on both.
func TestPairs(t *testing.T) {
	record := func(launch, attempt int, o Outcome, ns float64) Record {
		return Record{Launch: launch, Attempt: attempt, Outcome: o, NsPerOp: ns}
	}
	old := []Record{record(2, 1, OK, 100), record(1, 1, OK, 200), record(3, 1, OK, 1), record(3, 2, Untrusted, 0), record(4, 1, OK, 50), record(5, 1, OK, 1)}
	new := []Record{record(1, 1, OK, 400), record(2, 1, OK, 300), record(3, 1, Untrusted, 0), record(3, 2, OK, 1), record(4, 1, Untrusted, 0), record(4, 2, OK, 50)}
	got := Pairs(old, new)
	if len(got) != 2 || got[0] != math.Log(2) || got[1] != math.Log(3) {
		t.Errorf("pairs %v, want those of launches 1 and 2", got)
	}
}
