package compare

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"ipcbench/internal/sides"
	"ipcbench/results"
)

// correlated adds n launches of each of many cells to a side. A launch is like
// the cell's launch before by the correlation lag.
func (s *session) correlated(cells, n int, lag float64) {
	for i := range cells {
		c, last := sides.Cell("Stream", fmt.Sprintf("m%d", i), 64), s.Rand.NormFloat64()
		for launch := range n {
			s.Record(c, launch+1, 5000*math.Exp(0.03*last))
			last = lag*last + math.Sqrt(1-lag*lag)*s.Rand.NormFloat64()
		}
	}
}

// after makes a session that came after another, not in turns with it.
func (s *session) after() {
	for i := range s.Records {
		s.Records[i].Time = s.Records[i].Time.Add(24 * time.Hour)
	}
}

// The correlation is found again from launches that were drawn with it.
func TestMeanLag(t *testing.T) {
	for _, lag := range []float64{0, 0.2, 0.6} {
		old := newSession("old", 1, 0)
		old.correlated(1000, 10, lag)
		side := old.side()
		var all []series
		for _, c := range side.settle(newSplit(side)) {
			all = append(all, newSeries(c.sample(0)))
		}
		if got := meanLag(all, nil); math.Abs(got-lag) > 0.05 {
			t.Errorf("correlation %v, want %v", got, lag)
		}
	}
}

// Launches that are like the ones before raise a warning where sides came one after
// the other, and nowhere else.
func TestWarnsOfCorrelatedLaunches(t *testing.T) {
	for _, tt := range []struct {
		cells, n    int
		lag         float64
		interleaved bool
		want        bool
	}{
		{40, 10, 0.5, false, true},
		{40, 6, 0.6, false, true},
		{40, 10, 0.5, true, false},
		{40, 10, 0, false, false},
		{40, 6, 0, false, false},
		{1, 6, 0, false, false},
		{1, 6, 0.5, false, false}, // two series of six can't tell
	} {
		for seed := range uint64(5) {
			old, new := newSession("old", 2*seed, 0), newSession("new", 2*seed+1, time.Minute)
			old.correlated(tt.cells, tt.n, tt.lag)
			new.correlated(tt.cells, tt.n, tt.lag)
			if !tt.interleaved {
				new.after()
			}
			r := compare(old, new)
			if got := slices.Contains(names(r.Warnings), "correlated launches"); got != tt.want {
				t.Errorf("%d cells of %d launches, correlation %v, in turns %v: warnings %v", tt.cells, tt.n, tt.lag, tt.interleaved, names(r.Warnings))
			}
		}
	}
}

// Of pairs it is the differences that must not be like the ones before.
func TestWarnsOfCorrelatedPairs(t *testing.T) {
	for _, lag := range []float64{0, 0.7} {
		old, new := newSession("20261122T120000Z-abcdef-a", 1, 0), newSession("20261122T120000Z-abcdef-b", 2, time.Minute)
		old.correlated(30, 12, lag)
		new.correlated(30, 12, lag)
		for i := range old.Records { // both drift together, which is no matter
			drift := math.Exp(0.2 * math.Sin(float64(old.Records[i].Launch)))
			old.Records[i].NsPerOp *= drift
			new.Records[i].NsPerOp *= drift
		}
		r := compare(old, new)
		if got := slices.Contains(names(r.Warnings), "correlated launches"); got != (lag > 0) || !r.Gate.Paired {
			t.Errorf("correlation %v, paired %v: warnings %v", lag, r.Gate.Paired, names(r.Warnings))
		}
	}
}

// Equal values and text without times do no harm.
func TestCorrelationOfEqualValues(t *testing.T) {
	old, new := inTurn()
	for _, s := range []*session{old, new} {
		for i := range 10 {
			s.Record(pipe, i+1, 5000)
		}
	}
	new.after()
	if r := compare(old, new); slices.Contains(names(r.Warnings), "correlated launches") {
		t.Errorf("warnings %v", names(r.Warnings))
	}
}

// Rows with many more launches on one side raise a warning, with an example.
func TestWarnsOfUnequalLaunches(t *testing.T) {
	for _, tt := range []struct {
		old, new int
		want     bool
	}{{9, 6, false}, {10, 6, true}, {6, 20, true}} {
		old, new := inTurn()
		old.Launches(pipe, tt.old, 5000, 0.01)
		new.Launches(pipe, tt.new, 5000, 0.01)
		old.Launches(fifo, 8, 5000, 0.01)
		new.Launches(fifo, 8, 5000, 0.01)
		r := compare(old, new)
		i := slices.IndexFunc(r.Warnings, func(d Warning) bool { return d.Name == "unequal launches" })
		if (i >= 0) != tt.want {
			t.Errorf("%d and %d launches: warnings %v", tt.old, tt.new, names(r.Warnings))
			continue
		}
		if i >= 0 && (r.Warnings[i].Cells != 1 || !strings.Contains(r.Warnings[i].What, fmt.Sprintf("%d old, %d new", tt.old, tt.new))) {
			t.Errorf("%+v", r.Warnings[i])
		}
	}
}

// What the gate finds 4 times in 5 rests on 1,999 relabellings, also where
// nothing is near significance.
func TestDetectableRestsOnEnoughDraws(t *testing.T) {
	old, new := inTurn()
	for _, c := range []results.Cell{pipe, fifo, msg} {
		old.Launches(c, 6, 5000, 0.03)
		new.Launches(c, 6, 5000, 0.03)
	}
	if r := compare(old, new); r.Gate.Draws < 1999 {
		t.Errorf("%d relabellings for a change of %v", r.Gate.Draws, r.Gate.Detectable)
	}
}

// A report of pairs is the same whenever it is made.
func TestTurnsAreDeterministic(t *testing.T) {
	old, new := arms(12, 0.06)
	first := compare(old, new)
	for range 5 {
		if again := compare(old, new); !reflect.DeepEqual(again.row(t, pipe, "ns/op").PGate, first.row(t, pipe, "ns/op").PGate) {
			t.Fatalf("p is %v, and was %v", again.row(t, pipe, "ns/op").PGate, first.row(t, pipe, "ns/op").PGate)
		}
	}
}
