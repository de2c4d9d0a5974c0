package mechtest

import (
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/runner"
)

const (
	stall   = 50 * time.Millisecond
	stallAt = 1000 // messages that come first
)

// staller is a receiver that does nothing for a while, once.
type staller struct {
	mechanisms.Receiver
	seen *int
}

func (s staller) Recv(p []byte) error {
	if *s.seen++; *s.seen == stallAt {
		if err := sys.SleepUntil(sys.Monotonic() + int64(stall)); err != nil {
			return err
		}
	}
	return s.Receiver.Recv(p)
}

var stalling = broken("stall", "pipe", receiving(func(r mechanisms.Receiver) mechanisms.Receiver { return staller{r, new(int)} }))

// latencies plays a round of the cell and returns how long its operations took.
func latencies(t *testing.T, c results.Cell, ops int) *hdrhistogram.Histogram {
	t.Helper()
	s, err := runner.Start(runner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c.Mechanism, c.Size, c.Place = stalling.Name, 64, "free"
	l, err := s.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	r, err := l.Round(runner.Latency, ops, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Close(); err != nil {
		t.Fatal(err)
	}
	latency, err := r.Latency()
	if err != nil {
		t.Fatal(err)
	}
	h, err := hdrhistogram.Decode([]byte(latency.HDR))
	if err != nil {
		t.Fatal(err)
	}
	if h.TotalCount() != int64(ops) {
		t.Fatalf("%d latencies of %d operations", h.TotalCount(), ops)
	}
	return h
}

// above counts what took longer.
func above(h *hdrhistogram.Histogram, d time.Duration) (n int64) {
	for _, bar := range h.Distribution() {
		if bar.From > int64(d) {
			n += bar.Count
		}
	}
	return n
}

// A stall of the receiver is a wait for every message that was due meanwhile.
// Where messages are due at a rate, each says so, also those that the link had
// no room for: their sender had to wait as well.
func TestAnOpenLoopTellsOfAStall(t *testing.T) {
	const rate, ops, short = 10_000, 4 * stallAt, 10 * time.Millisecond
	h := latencies(t, results.Cell{Workload: "OpenLoop", Queue: 4 << 10, Options: results.Options{Rate: rate}}, ops)
	if p := time.Duration(h.ValueAtQuantile(99.9)); p < stall*4/5 {
		t.Errorf("p99.9 is %v, and the receiver stalled for %v", p, stall)
	}
	// All of those that were due until shortly before its end, and no less.
	due := int64(rate * (stall - short).Seconds())
	if n := above(h, short); n < due*95/100 {
		t.Errorf("%d of %d messages waited more than %v, and %d were due while the receiver stalled", n, ops, short, due)
	}
}

// Where the next message is sent when the one before has come back, the stall
// is one slow operation, and the other messages that would have waited are not
// there. Who looks at p99.9 does not see it.
func TestAClosedLoopHidesAStall(t *testing.T) {
	const ops, attempts = 4 * stallAt, 5
	for attempt := 1; ; attempt++ {
		h := latencies(t, results.Cell{Workload: "PingPong"}, ops)
		slow, p := above(h, stall*4/5), time.Duration(h.ValueAtQuantile(99.9))
		if slow < 1 || h.Max() < int64(stall) {
			t.Fatalf("nothing took %v: at most %v", stall, time.Duration(h.Max()))
		}
		if slow == 1 && p < stall/5 {
			return
		}
		// The machine may have kept us from running as long as that, a few times.
		if attempt == attempts {
			t.Fatalf("%d of %d round trips took more than %v, p99.9 is %v; want 1, and to see nothing of it", slow, ops, stall*4/5, p)
		}
	}
}
