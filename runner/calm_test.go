package runner

import (
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/results"
)

// A launch with calm rounds has a short and a long one behind the timed ones, and how
// often its workers switched in each. The workers are as before after it: a policy that
// another process changes makes a launch untrusted.
func TestCalmRounds(t *testing.T) {
	s := startSession(t, Options{})
	rec, _ := s.Measure(results.Cell{Workload: "Stream", Mechanism: "pipe", Size: 64, Place: "same"},
		Measurement{Time: time.Millisecond, Ops: 400, Exact: true, Plain: true, Calm: 600, Rest: time.Millisecond})
	if rec.Outcome == results.Failed || strings.Contains(rec.Reason, "policy") {
		t.Fatalf("%s: %s", rec.Outcome, rec.Reason)
	}
	type round struct {
		kind string
		ops  int64
	}
	var got []round
	for _, r := range rec.Rounds {
		got = append(got, round{r.Kind, r.Ops})
		if r.Switches.IsZero() {
			t.Errorf("%s round: no number of switches", r.Kind)
		}
	}
	if want := []round{{"timed", 200}, {"timed", 200}, {"calm", 100}, {"calm", 500}}; !slices.Equal(got, want) {
		t.Errorf("rounds %v, want %v", got, want)
	}
	if rec.Ops != 400 {
		t.Errorf("%d operations are accounted for, want those of the timed rounds", rec.Ops)
	}
}

// calm changes the policy of the calling thread alone, and leave restores it.
func TestCalmIsLeft(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	policy := func() int {
		s, err := readSettings()
		if err != nil {
			t.Fatal(err)
		}
		return s.Policy
	}
	before := policy()
	leave, err := calm()
	if err != nil {
		t.Fatal(err)
	}
	if got := policy(); got != unix.SCHED_BATCH {
		t.Errorf("policy %d, want %d", got, unix.SCHED_BATCH)
	}
	if err := leave(); err != nil || policy() != before {
		t.Errorf("policy %d after %v, want %d", policy(), err, before)
	}
}
