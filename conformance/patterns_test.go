package conformance

import (
	"strings"
	"testing"
	"time"

	"ipcbench/bench"
	"ipcbench/internal/need"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// A mechanism whose sender takes one message for another's, between two that
// come in order.
var replaces = broken("replaces", "sysvmsg", sending(func(s mechanisms.Sender) mechanisms.Sender { return &replacer{Sender: s} }))

// replacer sends its 11th message in place of its 13th: one is lost, another
// doubled, and their number is right.
type replacer struct {
	mechanisms.Sender
	sent int
	held []byte
}

func (r *replacer) Send(p []byte) error {
	r.sent++
	switch r.sent {
	case 11:
		r.held = clone(p)
	case 13:
		p = r.held
	}
	return r.Sender.Send(p)
}

// TestPatternsCatch shows that workloads with many ends see what goes wrong at
// one of them, in rounds without seals too.
func TestPatternsCatch(t *testing.T) {
	need.Time(t)
	s, err := runner.Start(runner.Options{Timeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, x := range []struct {
		w    *bench.Workload
		mech string
		want string // in the reason
	}{
		{bench.Compete, "brokendropsysvmsg", "lost or doubled: messages that all receivers took"},
		{bench.Compete, "brokendoublesysvmsg", "doubled"}, // by one receiver, or by two
		{bench.Compete, replaces.Name, "doubled"},
		{bench.Compete, "sysvmsg", ""},
		{bench.FanOut, "brokenswapsysvmsg", "reordered"},
		{bench.FanOut, "brokendroppipe", "lost"},
		{bench.FanOut, "pipe", ""},
		{bench.FanInPoll, "brokenswappipe", "reordered"},
		{bench.FanInPoll, "brokendoublepipe", "doubled"},
		{bench.FanInPoll, "pipe", ""},
		{bench.Pairs, "brokenswapsysvmsg", "reordered"},
		{bench.Duplex, "brokendoublepipe", "doubled"},
		{bench.Burst, "brokenswappipe", "reordered"},
	} {
		c := results.Cell{Workload: x.w.Name, Mechanism: x.mech, Size: 64, Place: "free"}
		if x.w.Peers != "" {
			c.Peers = 2
		}
		rec, _ := s.Measure(c, runner.Measurement{Time: time.Millisecond, Ops: 4 * fewOps, Exact: true, Plain: true})
		switch {
		case x.want == "" && rec.Outcome == results.Failed:
			t.Errorf("%s: %s", c.Name(), rec.Reason)
		case x.want != "" && (rec.Fault != results.FaultCheck || !strings.Contains(rec.Reason, x.want)):
			t.Errorf("%s: %s %s %q, want a check that says %q", c.Name(), rec.Outcome, rec.Fault, rec.Reason, x.want)
		}
	}
}
