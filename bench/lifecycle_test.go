package bench

import (
	"errors"
	"strings"
	"testing"
	"time"

	"ipcbench/mechanisms"
	"ipcbench/results"
)

// TestLifecycleWaitsWithinABound: a wait of a second, or of less than nine tenths
// of the time, is one that a plan can bear.
func TestLifecycleWaitsWithinABound(t *testing.T) {
	for _, c := range []struct {
		waited, all time.Duration
		refused     bool
	}{
		{0, time.Minute, false},
		{time.Second, time.Second, false},
		{2 * time.Second, time.Minute, false},
		{2 * time.Second, 2 * time.Second, true},
		{30 * time.Second, 31 * time.Second, true},
	} {
		e := &Ends{Mechanism: mechanisms.Lookup("pipe"), Waited: c.waited, Own: time.Now().Add(-c.all), cell: results.Cell{Workload: "Lifecycle"}}
		err := e.waitsTooLong()
		if (err != nil) != c.refused {
			t.Errorf("waited %v of %v: %v", c.waited, c.all, err)
		}
		if err != nil && (!errors.Is(err, errors.ErrUnsupported) || !strings.HasPrefix(err.Error(), "pipe: Lifecycle waits more than 90 % of its time")) {
			t.Errorf("waited %v of %v: %v", c.waited, c.all, err)
		}
	}
}

// TestMarksLeaveOutWaits: a part that waits for what comes back late does not
// seem to stall.
func TestMarksLeaveOutWaits(t *testing.T) {
	e := &Ends{Marks: make([]int64, 4)}
	const wait = time.Hour // which passes in no time here
	start := time.Now()
	if err := e.played(func(e *Ends, n int) error { e.Waited += wait; return nil }, 8); err != nil {
		t.Fatal(err)
	}
	for i := 1; i < len(e.Marks); i++ {
		if between := time.Duration(e.Marks[i] - e.Marks[i-1]); between < -wait || between > -wait+time.Since(start) {
			t.Errorf("mark %d is %v after the one before, want some %v", i, between, -wait)
		}
	}
}
