package runner

import (
	"testing"

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
