package runner

import (
	"slices"
	"strings"
	"testing"
	"time"

	"ipcbench/results"
)

func openLoop(rate int) results.Cell {
	return results.Cell{Workload: "OpenLoop", Mechanism: "pipe", Size: 64, Place: "free", Options: results.Options{Rate: rate}}
}

// Rate and time say how many messages there are, and every one of them has a
// latency.
func TestOpenLoopMeasuresWhatIsDue(t *testing.T) {
	s := startSession(t, Options{})
	for _, given := range []int{0, 250} {
		rec, ops := s.Measure(openLoop(2000), Measurement{Time: 100 * time.Millisecond, Ops: given, Verify: true})
		if rec.Outcome != results.OK && rec.Outcome != results.Untrusted {
			t.Fatalf("%s: %s", rec.Outcome, rec.Reason)
		}
		want := max(200, given)
		if ops != want || rec.Ops != int64(want) || rec.Latency.Count != int64(want) || rec.Verified.Or(0) == 0 {
			t.Errorf("%d messages, %d to come, %d latencies, %v verified; want %d", rec.Ops, ops, rec.Latency.Count, rec.Verified, want)
		}
		// The last is due after all others.
		if due := time.Duration(want-1) * time.Second / 2000; time.Duration(rec.ElapsedNs) < due {
			t.Errorf("%d messages took %v, and are due in %v", want, time.Duration(rec.ElapsedNs), due)
		}
	}
}

// Far more than a link takes is no reason to measure for ever.
func TestOpenLoopIsCutWhereTheLinkIsSaturated(t *testing.T) {
	s := startSession(t, Options{})
	c := openLoop(10_000_000)
	c.Size = 1 << 20
	rec, ops := s.Measure(c, Measurement{Time: 20 * time.Millisecond})
	if rec.Outcome != results.OK && rec.Outcome != results.Untrusted {
		t.Fatalf("%s: %s", rec.Outcome, rec.Reason)
	}
	if ops >= 200_000 {
		t.Errorf("%d messages of 1 MiB", ops)
	}
	if !slices.ContainsFunc(rec.Warnings, func(w string) bool { // beside warnings about the machine
		return strings.HasPrefix(w, "saturated: 10000000 messages a second were due and ")
	}) {
		t.Errorf("warnings %q", rec.Warnings)
	}
}
