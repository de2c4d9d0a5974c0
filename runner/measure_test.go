package runner

import (
	"testing"
	"time"

	"ipcbench/results"
)

func TestForeign(t *testing.T) {
	on := func(cpu int, ran, waited int64) results.Worker {
		return results.Worker{CPUs: []int{cpu}, UserNs: ran / 2, SystemNs: ran / 2, WaitNs: waited}
	}
	for _, c := range []struct {
		name    string
		workers []results.Worker
		want    int64
	}{
		{"alone on two CPUs", []results.Worker{on(0, 100, 0), on(1, 100, 0)}, 0},
		{"waiting for each other on one CPU", []results.Worker{on(1, 60, 40), on(1, 40, 60)}, 0},
		{"a third process on that CPU", []results.Worker{on(1, 40, 90), on(1, 40, 70)}, 50},
		{"a third process on one of two CPUs", []results.Worker{on(0, 100, 80), on(1, 100, 1)}, 80},
		{"not pinned", []results.Worker{{CPUs: []int{0, 1}, WaitNs: 90}}, 0},
	} {
		if got := foreign(c.workers); got != c.want {
			t.Errorf("%s: foreign = %d, want %d", c.name, got, c.want)
		}
	}
}

// However far off a calibration was, launches soon take the time that they are
// given, and one that was disturbed does not decide about the next.
func TestPaced(t *testing.T) {
	const want, perOp = 100 * time.Millisecond, time.Microsecond
	for _, ops := range []int{1, 1000, 90_000, 150_000, 10_000_000} {
		for range 5 {
			ops = paced(ops, want, time.Duration(ops)*perOp)
		}
		if took := time.Duration(ops) * perOp; took < want*97/100 || took > want*103/100 {
			t.Errorf("after five launches one takes %v, want %v", took, want)
		}
	}
	if ops := paced(100_000, want, want*3/2); ops < 80_000 {
		t.Errorf("after a launch that took half as long again: %d operations of 100000", ops)
	}
}
