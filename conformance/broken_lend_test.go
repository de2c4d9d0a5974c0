package conformance

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/internal/need"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

// early gives memory back that its caller still reads.
type early struct{ mechanisms.Receiver }

func (e early) Peek() ([]byte, error) {
	in := e.Receiver.(mechanisms.InPlaceReceiver)
	p, err := in.Peek()
	if err != nil {
		return nil, err
	}
	return p, in.Release()
}

func (early) Release() error { return nil }

// overwriter takes no notice of a full link.
type overwriter struct {
	mechanisms.Sender
	sent int
}

func (o *overwriter) Send(p []byte) error {
	if o.sent++; o.sent > 500 {
		return nil
	}
	return o.Sender.Send(p)
}

// late writes to a message that it has handed over.
type late struct {
	mechanisms.Sender
	page []byte
}

func (l *late) Reserve() (p []byte, err error) {
	l.page, err = l.Sender.(mechanisms.InPlaceSender).Reserve()
	return l.page, err
}

func (l *late) Commit() error {
	err := l.Sender.(mechanisms.InPlaceSender).Commit()
	l.page[len(l.page)-1] ^= 1
	return err
}

// slow looks at a message a while after it has come, and leaves the CPU to its
// sender meanwhile.
type slow struct{ mechanisms.Receiver }

func (s slow) Peek() ([]byte, error) {
	p, err := s.Receiver.(mechanisms.InPlaceReceiver).Peek()
	unix.Nanosleep(&unix.Timespec{Nsec: 3e6}, nil) // time.Sleep would not do: a worker does not report its calls to Go's scheduler
	return p, err
}

func (s slow) Release() error { return s.Receiver.(mechanisms.InPlaceReceiver).Release() }

var brokenLate = broken("late", "shmfutex",
	sending(func(s mechanisms.Sender) mechanisms.Sender { return &late{Sender: s} }),
	receiving(func(r mechanisms.Receiver) mechanisms.Receiver { return slow{r} }))

// TestVerificationSeesAPageThatChangesUnderItsReader shows that messages that
// no process copies are verified as others are: their stamps are in order, and
// what the sender does to the rest once it is no longer its own comes out.
func TestVerificationSeesAPageThatChangesUnderItsReader(t *testing.T) {
	need.Time(t)
	s, err := runner.Start(runner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, w := range []*bench.Workload{bench.Stream, bench.PingPong} {
		c := results.Cell{Workload: w.Name, Mechanism: brokenLate.Name, Size: 64, Place: "free", Options: results.Options{InPlace: true}}
		for verify, want := range map[bool]results.Fault{false: "", true: results.FaultCheck} {
			rec, _ := s.Measure(c, runner.Measurement{Time: time.Millisecond, Ops: fewOps, Exact: true, Verify: verify})
			if rec.Fault != want {
				t.Errorf("%s, verify %v: fault %q, want %q: %s", w.Name, verify, rec.Fault, want, rec.Reason)
			}
		}
	}
}
