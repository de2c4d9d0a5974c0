package conformance

import (
	"io"
	"os"
	"regexp"
	"syscall"
	"testing"
	"time"

	"ipcbench/bench"
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

// breaker is a sender whose 11th message fails as if its peer had gone.
type breaker struct {
	mechanisms.Sender
	sent int
}

func (b *breaker) Send(p []byte) error {
	if b.sent++; b.sent == 11 {
		return mechanisms.Failed("send", "brokenbreaker", len(p), os.NewSyscallError("write", syscall.EPIPE))
	}
	return b.Sender.Send(p)
}

// leaver is a receiver that takes its 11th message for the end of the file.
type leaver struct {
	mechanisms.Receiver
	received int
}

func (l *leaver) Recv(p []byte) error {
	if l.received++; l.received == 11 {
		return io.EOF
	}
	return l.Receiver.Recv(p)
}

var (
	breaks = broken("breaker", "pipe", sending(func(s mechanisms.Sender) mechanisms.Sender { return &breaker{Sender: s} }))
	leaves = broken("leaver", "pipe", receiving(func(r mechanisms.Receiver) mechanisms.Receiver { return &leaver{Receiver: r} }))
)

// The side that fails first is blamed, not the peer that its end disturbs: with
// the call, what it returned, and the number of the message.
func TestFirstFailureIsBlamed(t *testing.T) {
	need.Time(t)
	s, err := runner.Start(runner.Options{Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, x := range []struct {
		m            *mechanisms.Mechanism
		stream, pong string // what is blamed in either workload
	}{
		{leaves, "receiver", "p[io]ng"},
		{breaks, "sender", "p[io]ng"},
	} {
		call := map[*mechanisms.Mechanism]string{
			leaves: "recv brokenleaver 64 B: read: end of file",
			breaks: "send brokenbreaker 64 B: write: broken pipe",
		}[x.m]
		for w, role := range map[*bench.Workload]string{bench.Stream: x.stream, bench.PingPong: x.pong} {
			c := results.Cell{Workload: w.Name, Mechanism: x.m.Name, Size: 64, Place: "free"}
			rec, _ := s.Measure(c, runner.Measurement{Time: time.Millisecond, Ops: 1000, Exact: true})
			want := regexp.MustCompile(`^` + role + ` \(pid \d+\) in warmup round 1 at message 11: ` + call + "$")
			if rec.Fault != results.FaultError || !want.MatchString(rec.Reason) {
				t.Errorf("%s: %s %q, want %s", c.Name(), rec.Fault, rec.Reason, want)
			}
		}
	}
}
