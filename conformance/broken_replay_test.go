package conformance

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"ipcbench/bench"
	"ipcbench/internal/need"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// replaying has a link carry, in place of its second message, the second of the
// link of the same size before it in this process.
func replaying(m *mechanisms.Mechanism) {
	before := map[int][]byte{} // by size
	sending(func(s mechanisms.Sender) mechanisms.Sender { return &replayer{Sender: s, before: before} })(m)
}

type replayer struct {
	mechanisms.Sender
	before map[int][]byte
	sent   int
}

func (r *replayer) Send(p []byte) error {
	if r.sent++; r.sent != 2 {
		return r.Sender.Send(p)
	}
	other := r.before[len(p)]
	r.before[len(p)] = clone(p)
	if other != nil {
		p = other
	}
	return r.Sender.Send(p)
}

// remembering has a link carry, in place of a message in the middle, one that a
// launch before carried there. Each sender leaves its own in a file of the
// session.
func remembering(m *mechanisms.Mechanism) {
	m.Selects, m.Batches = false, false
	open := m.OpenSender
	m.OpenSender = func(t mechanisms.Ticket) (mechanisms.Sender, error) {
		s, err := open(t)
		if err != nil {
			return nil, err
		}
		r := &rememberer{Sender: s}
		left, _ := filepath.Glob(filepath.Join(t.Spec.Dir, "before-*"))
		for _, path := range left {
			if p, err := os.ReadFile(path); err == nil && len(p) == t.Spec.Size {
				r.before = p
			}
		}
		r.f, err = os.CreateTemp(t.Spec.Dir, "before-*")
		if err == nil {
			r.fd = int(r.f.Fd())
		}
		return r, err
	}
}

type rememberer struct {
	mechanisms.Sender
	before []byte
	f      *os.File // kept open
	fd     int
	sent   int
}

func (r *rememberer) Send(p []byte) error {
	if r.sent++; r.sent != fewOps/2 {
		return r.Sender.Send(p)
	}
	if _, err := sys.Write(r.fd, p); err != nil {
		return err
	}
	if r.before != nil {
		p = clone(r.before)
	}
	return r.Sender.Send(p)
}

var remembers = map[string]*mechanisms.Mechanism{}

func init() {
	for _, base := range []string{"pipe", "sysvmsg", "shmfutex", "udp"} {
		remembers[base] = broken("earlier"+base, base, remembering)
	}
}

// TestAnEarlierLaunchIsFound shows that a message of the launch before, with the
// same number on a link of the same mechanism, size and session, fails a cell:
// in rounds without seals, and in stamps that carry no sender.
func TestAnEarlierLaunchIsFound(t *testing.T) {
	need.Time(t)
	for _, x := range []struct {
		base string
		w    *bench.Workload
		size int
	}{
		{"pipe", bench.Stream, 64}, {"pipe", bench.Stream, 6}, {"pipe", bench.PingPong, 64},
		{"sysvmsg", bench.FanIn, 64}, {"sysvmsg", bench.FanIn, 6}, {"sysvmsg", bench.Compete, 64},
		{"shmfutex", bench.Stream, 64}, {"shmfutex", bench.PingPong, 6},
		{"udp", bench.Stream, 64}, {"udp", bench.FanIn, 6},
	} {
		c := results.Cell{Workload: x.w.Name, Mechanism: remembers[x.base].Name, Size: x.size, Place: "free"}
		if x.w.Peers != "" {
			c.Peers = 2
		}
		t.Run(c.Name(), func(t *testing.T) {
			s, err := runner.Start(runner.Options{Timeout: 10 * time.Second})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			measure := func() results.Record {
				rec, _ := s.Measure(c, runner.Measurement{Time: time.Millisecond, Ops: fewOps, Exact: true, Plain: true})
				return rec
			}
			if first := measure(); first.Outcome != results.OK && first.Outcome != results.Untrusted {
				t.Fatalf("the first launch: %s: %s", first.Outcome, first.Reason)
			}
			if second := measure(); second.Fault != results.FaultCheck {
				t.Errorf("a message of the launch before passed: %s %s %s", second.Outcome, second.Fault, second.Reason)
			}
		})
	}
}

// crossing has a link carry what another of the same process was given last.
func crossing(m *mechanisms.Mechanism) {
	var last []byte
	var n int
	sending(func(s mechanisms.Sender) mechanisms.Sender {
		return sendFunc{s, func(p []byte) error {
			n++
			mine := clone(p)
			if n == fewOps/2 {
				p = last
			}
			last = mine
			return s.Send(p)
		}}
	})(m)
}

type sendFunc struct {
	mechanisms.Sender
	send func(p []byte) error
}

func (s sendFunc) Send(p []byte) error { return s.send(p) }

var crosses = broken("crosses", "sysvmsg", crossing)

// TestAnotherLinkIsFound shows that a message that goes to another receiver
// fails a cell, also where its stamp is too short to name a sender.
func TestAnotherLinkIsFound(t *testing.T) {
	need.Time(t)
	s, err := runner.Start(runner.Options{Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, size := range []int{6, 64} {
		c := results.Cell{Workload: bench.FanOut.Name, Mechanism: crosses.Name, Size: size, Place: "free", Peers: 2}
		if rec, _ := s.Measure(c, runner.Measurement{Time: time.Millisecond, Ops: fewOps, Exact: true, Plain: true}); rec.Fault != results.FaultCheck {
			t.Errorf("%s: %s %s %s", c.Name(), rec.Outcome, rec.Fault, rec.Reason)
		}
	}
}
