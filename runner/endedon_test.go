package runner

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/host"
	"ipcbench/results"
)

// TestEndedOn: a round of unpinned workers states the CPU that each was on when it
// was done, here the one that the test leaves it; a round of pinned ones does not.
func TestEndedOn(t *testing.T) {
	cpus, err := host.AllowedCPUs()
	if err != nil {
		t.Fatal(err)
	}
	want := []int{cpus[0], cpus[len(cpus)-1]}
	for _, place := range []string{"free", "same"} {
		s := startSession(t, Options{})
		l, err := s.Open(results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: place})
		if err != nil {
			t.Fatal(err)
		}
		if place == "free" {
			for i, w := range l.Workers {
				var set unix.CPUSet
				set.Set(want[i])
				if err := unix.SchedSetaffinity(w.PID, &set); err != nil {
					t.Fatal(err)
				}
			}
		}
		r, err := l.Round(Timed, 100, time.Second)
		if err != nil {
			t.Fatal(err)
		}
		switch {
		case place != "free" && r.on != nil:
			t.Errorf("pinned workers: ended on %v, want no statement", r.on)
		case place == "free" && !slices.Equal(r.on, want):
			t.Errorf("ended on %v, want %v", r.on, want)
		}
		if _, err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The record of a launch has them for each round that it lists.
func TestRecordHasEndedOn(t *testing.T) {
	s := startSession(t, Options{})
	for place, has := range map[string]bool{"free": true, "same": false} {
		rec, _ := s.Measure(results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: place}, Measurement{Time: 5 * time.Millisecond, Ops: 100, Exact: true})
		if rec.Outcome == results.Failed {
			t.Fatal(rec.Reason)
		}
		if got := len(rec.EndedOn); has != (got > 0) || has && got != len(rec.Rounds) {
			t.Errorf("%s: ended_on of %d rounds, and the record has %d", place, got, len(rec.Rounds))
		}
	}
}
