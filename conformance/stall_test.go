package conformance

import (
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"ipcbench/internal/need"
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

// stallingBatches stalls where a call receives several messages.
var stallingBatches = broken("stallbatch", "pipe", receiving(func(r mechanisms.Receiver) mechanisms.Receiver {
	return batchStaller{staller{r, new(int)}, r.(mechanisms.BatchReceiver)}
}))

type batchStaller struct {
	staller
	whole mechanisms.BatchReceiver
}

func (s batchStaller) RecvBatch(ps [][]byte) error {
	before := *s.seen
	if *s.seen += len(ps); before < stallAt && *s.seen >= stallAt {
		if err := sys.SleepUntil(sys.Monotonic() + int64(stall)); err != nil {
			return err
		}
	}
	return s.whole.RecvBatch(ps)
}

// slowAlways takes longer for each message than the bound on a stall.
var slowAlways = broken("slow", "pipe", receiving(func(r mechanisms.Receiver) mechanisms.Receiver {
	return sleeper{r, new(int), 1 << 30, 12 * time.Millisecond}
}))

// slowAtFirst is held up while a launch is calibrated.
var slowAtFirst = broken("slowatfirst", "pipe", receiving(func(r mechanisms.Receiver) mechanisms.Receiver { return sleeper{r, new(int), 1, stall} }))

// sleeper is a receiver that sleeps before each of its first messages.
type sleeper struct {
	mechanisms.Receiver
	seen  *int
	first int
	each  time.Duration
}

func (s sleeper) Recv(p []byte) error {
	if *s.seen++; *s.seen <= s.first {
		if err := sys.SleepUntil(sys.Monotonic() + int64(s.each)); err != nil {
			return err
		}
	}
	return s.Receiver.Recv(p)
}

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
	text, err := latency.Histogram()
	if err != nil {
		t.Fatal(err)
	}
	h := results.NewHistogram()
	text.MergeInto(h)
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
	need.Time(t)
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
// there. p99.9 does not show it.
func TestAClosedLoopHidesAStall(t *testing.T) {
	need.Time(t)
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

// measure measures a launch of ops operations over a broken mechanism.
func measure(t *testing.T, c results.Cell, m *mechanisms.Mechanism, how runner.Measurement) results.Record {
	t.Helper()
	s, err := runner.Start(runner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	c.Mechanism, c.Size = m.Name, 64
	rec, _ := s.Measure(c, how)
	if rec.Outcome == results.Failed {
		t.Fatal(rec.Reason)
	}
	return rec
}

// A launch in which no message moved for a while is not to be trusted, whatever
// its number is, and says for how long: a round without a clock in its loop
// shows a stall as well.
func TestAStallVoidsALaunch(t *testing.T) {
	need.Time(t)
	const ops = 8 * stallAt // the stall falls into the first timed round
	for _, c := range []results.Cell{
		{Workload: "PingPong", Place: "free"},
		{Workload: "PingPong", Place: "same"},
		{Workload: "Stream", Place: "free"},
		{Workload: "Stream", Place: "same"},
		{Workload: "FanIn", Place: "same", Peers: 2},
		{Workload: "Pipeline", Place: "same", Peers: 2},
		{Workload: "Stream", Place: "same", Options: results.Options{Batch: 4}},
		{Workload: "OpenLoop", Place: "free", Options: results.Options{Rate: 100_000}},
	} {
		t.Run(c.Workload+"/"+c.Place, func(t *testing.T) {
			m := stalling
			if c.Batch > 0 {
				m = stallingBatches
			}
			rec := measure(t, c, m, runner.Measurement{Time: 100 * time.Millisecond, Ops: ops, Exact: true})
			if rec.Outcome != results.Untrusted || rec.Noise.StalledNs.Or(0) < int64(stall)*4/5 {
				t.Fatalf("the receiver stalled for %v: %s %q, %v ns of stalls, rounds %+v", stall, rec.Outcome, rec.Reason, rec.Noise.StalledNs, rec.Rounds)
			}
		})
	}
}

// A launch that is slow all the time does not stall, nor does one without a
// fault, as soon as the machine lets one be.
func TestASlowLaunchDoesNotStall(t *testing.T) {
	need.Time(t)
	const attempts = 10
	for attempt := 1; ; attempt++ {
		rec := measure(t, results.Cell{Workload: "Stream", Place: "free"}, slowAlways, runner.Measurement{Time: 100 * time.Millisecond, Ops: 40, Exact: true})
		if rec.Noise.StalledNs.Or(1) == 0 {
			return
		}
		if attempt == attempts {
			t.Fatalf("%d launches in a row stalled, the last for %v ns, rounds %+v", attempts, rec.Noise.StalledNs, rec.Rounds)
		}
	}
}

// A calibration that was disturbed must not leave a launch that measures next to
// nothing.
func TestADisturbedCalibrationIsRepeated(t *testing.T) {
	need.Time(t)
	const asked = 100 * time.Millisecond
	for _, w := range []string{"PingPong", "Stream"} {
		rec := measure(t, results.Cell{Workload: w, Place: "free"}, slowAtFirst, runner.Measurement{Time: asked})
		least := int64(asked) * 3 / 8 // half of the timed rounds of PingPong
		if rec.ElapsedNs < least && rec.Outcome == results.OK {
			t.Errorf("%s: ok, and measured %d ns of %v: rounds %+v", w, rec.ElapsedNs, asked, rec.Rounds)
		}
	}
}
