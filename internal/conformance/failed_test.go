package conformance

import (
	"testing"
	"time"

	"ipcbench/internal/need"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// smudges sends messages whose last byte is wrong: rounds that look at the
// stamp alone do not see it, the verification does.
var smudges = broken("smudges", "pipe", sending(func(s mechanisms.Sender) mechanisms.Sender { return smudger{s} }))

type smudger struct{ mechanisms.Sender }

func (s smudger) Send(p []byte) error {
	p[len(p)-1] ^= 1
	return s.Sender.Send(p)
}

// A launch that fails after its timed rounds has no number: not the time per
// operation of the rounds before, and none of what workers used.
func TestFailedHasNoNumbers(t *testing.T) {
	need.Time(t)
	s, err := runner.Start(runner.Options{Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	rec, _ := s.Measure(results.Cell{Workload: "PingPong", Mechanism: smudges.Name, Size: 64, Place: "free"}, runner.Measurement{Time: time.Millisecond, Verify: true})
	if rec.Outcome != results.Failed || rec.Fault != results.FaultCheck {
		t.Fatalf("%s %s %q, want a failed check", rec.Outcome, rec.Fault, rec.Reason)
	}
	if rec.NsPerOp != 0 || rec.Ops != 0 || rec.ElapsedNs != 0 || rec.BytesPerSec != 0 || rec.Latency != nil || rec.Rounds != nil || rec.Overhead != nil || rec.Noise != nil {
		t.Errorf("it has numbers: %+v", rec)
	}
	if m := rec.Measurements(); len(m) > 1 || len(m) == 1 && m[0].Unit != "inflight-msgs" {
		t.Errorf("metrics %v, want none of the rounds", m)
	}
	if len(rec.Workers) != 2 || rec.Workers[0].PID == 0 || rec.Given == nil {
		t.Errorf("what was given is lost: workers %+v, link %+v", rec.Workers, rec.Given)
	}
	for _, w := range rec.Workers {
		if !w.UserNs.IsZero() || !w.Voluntary.IsZero() || !w.WaitNs.IsZero() {
			t.Errorf("a worker has numbers: %+v", w)
		}
	}
}
