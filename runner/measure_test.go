package runner

import (
	"testing"
	"time"

	"ipcbench/results"
)

func TestForeign(t *testing.T) {
	type use struct {
		cpus        []int
		ran, waited int64
	}
	on := func(cpu int, ran, waited int64) use { return use{[]int{cpu}, ran, waited} }
	free := func(ran, waited int64) use { return use{[]int{0, 1}, ran, waited} }
	for _, c := range []struct {
		name      string
		paced     bool
		workers   []use
		elsewhere int64
		want      int64
	}{
		{"alone on two CPUs", false, []use{on(0, 100, 0), on(1, 100, 0)}, 0, 0},
		{"waiting for each other on one CPU", false, []use{on(1, 60, 40), on(1, 40, 60)}, 0, 0},
		{"a third process on one CPU", false, []use{on(1, 40, 60), on(1, 30, 70)}, 0, 30},
		{"a third process on one CPU, while one worker sleeps", false, []use{on(1, 20, 10), on(1, 20, 30)}, 0, 30},
		{"an idle CPU, for which no worker waits", false, []use{on(1, 40, 5), on(1, 20, 3)}, 0, 5},
		{"waiting for each other on one CPU, at a rate", true, []use{on(1, 20, 10), on(1, 10, 15)}, 0, 0},
		{"a third process on one CPU, at a rate", true, []use{on(1, 20, 10), on(1, 10, 45)}, 0, 25},
		{"a third process on one of two CPUs", false, []use{on(0, 100, 80), on(1, 100, 1)}, 0, 80},
		{"not pinned, on one CPU by the scheduler's choice", false, []use{free(50, 50), free(50, 40)}, 0, 0},
		{"not pinned, and all CPUs are busy", false, []use{free(50, 50), free(50, 40)}, 90, 50},
	} {
		r := &Round{Elapsed: 100}
		var workers []results.Worker
		for _, u := range c.workers {
			workers = append(workers, results.Worker{CPUs: u.cpus})
			r.Usage = append(r.Usage, results.Worker{UserNs: results.Known(u.ran / 2), SystemNs: results.Known(u.ran / 2), WaitNs: results.Known(u.waited)})
		}
		if got := foreign(workers, c.paced, []*Round{r}, c.elsewhere); got != results.Known(c.want) {
			t.Errorf("%s: foreign = %v, want %d", c.name, got, c.want)
		}
		if r.Usage[0].WaitNs = (results.Count{}); !foreign(workers, c.paced, []*Round{r}, c.elsewhere).IsZero() {
			t.Errorf("%s, on a kernel that does not count the wait: a number", c.name)
		}
	}
}

// An unpinned cell that is fast in one launch and slow in the next does not get in the
// slow one what fills the time of the fast one.
func TestSlowly(t *testing.T) {
	for place, want := range map[string]int{"free": 400, "same": 2500, "cross": 2500} {
		if got := slowly(results.Cell{Place: place}, 100, 2500, 4); got != want {
			t.Errorf("%s: %d, want %d", place, got, want)
		}
	}
	if got := slowly(results.Cell{Place: "free"}, 100, 30, 4); got != 30 {
		t.Errorf("fewer operations: %d, want 30", got)
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
