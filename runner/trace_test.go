package runner

import (
	"errors"
	"math"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/internal/need"
	"ipcbench/results"
)

// skipRefused skips where ptrace is not to be had, as in most containers of
// old.
func skipRefused(t *testing.T, err error) {
	t.Helper()
	var refused *TraceError
	if errors.As(err, &refused) {
		t.Skipf("system calls cannot be counted here: %v", refused)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A round trip through pipes is a write and a read on either side.
func TestTraceCountsCalls(t *testing.T) {
	need.Time(t)
	s := startSession(t, Options{})
	for _, c := range []struct {
		cell results.Cell
		want map[string]float64
	}{
		{results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: TracePlace},
			map[string]float64{"ping write": 1, "ping read": 1, "pong write": 1, "pong read": 1}},
		{results.Cell{Workload: "Stream", Mechanism: "seqpacket", Size: 64, Place: TracePlace},
			map[string]float64{"sender write": 1, "receiver read": 1}},
		{results.Cell{Workload: "PingPong", Mechanism: "sysvshm", Size: 64, Place: TracePlace},
			map[string]float64{"ping semtimedop": 4, "pong semtimedop": 4}},
		{results.Cell{Workload: results.FloorWorkload, Mechanism: results.FloorCopy, Size: 64, Place: TracePlace}, nil},
	} {
		t.Run(c.cell.Mechanism, func(t *testing.T) {
			calls, err := s.Trace(c.cell, 100)
			skipRefused(t, err)
			for _, call := range calls {
				key := call.Role + " " + call.Call
				if want := c.want[key]; math.Abs(call.PerOp-want) > 1e-9 {
					t.Errorf("%s: %v times in an operation, want %v", key, call.PerOp, want)
				}
				delete(c.want, key)
			}
			if len(c.want) > 0 {
				t.Errorf("not seen: %v", c.want)
			}
		})
	}
}

// A part that makes no call is traced as any other: the sender of a ring with room for
// all messages. Its receiver may yield while it waits, the sender need not.
func TestTraceOfNoCalls(t *testing.T) {
	need.Time(t)
	s := startSession(t, Options{})
	calls, err := s.Trace(results.Cell{Workload: "Stream", Mechanism: "shmspin", Size: 64, Place: "cross"}, 4)
	if Unsupported(err) {
		t.Skip(err)
	}
	skipRefused(t, err)
	for _, call := range calls {
		if call.Role == "sender" {
			t.Errorf("the sender of a ring with room for all makes %v", call)
		}
	}
}

// A goroutine that waits in Go's scheduler is counted on whatever thread it
// runs: a write is one, a read one or two, and what lies between is epoll's. A
// count is the difference of two rounds, which need not wait equally often: four
// reads in an operation of the longer, two in one of the shorter make six.
func TestTraceCountsOfAllThreads(t *testing.T) {
	need.Time(t)
	s := startSession(t, Options{})
	calls, err := s.Trace(results.Cell{Workload: "PingPong", Mechanism: "pipenetpoll", Size: 64, Place: TracePlace}, 100)
	skipRefused(t, err)
	perOp := map[string]float64{}
	for _, call := range calls {
		perOp[call.Call] += call.PerOp
	}
	if w, r, e := perOp["write"], perOp["read"], perOp["epoll_pwait"]; w != 2 || r <= 0 || r > 6 || e <= 0 || len(perOp) != 3 {
		t.Errorf("in a round trip: %v", perOp)
	}
}

// A cell that cannot be carried, and a worker that is traced already, end in
// an error, and leave the session fit for more.
func TestTraceFails(t *testing.T) {
	s := startSession(t, Options{})
	c := results.Cell{Workload: "Stream", Mechanism: "packetpipe", Size: 64 << 10, Place: TracePlace}
	if _, err := s.Trace(c, 1); !Unsupported(err) {
		t.Errorf("a packet that is too large gives %v", err)
	}
	l, err := s.Open(results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "free"})
	if err != nil {
		t.Fatal(err)
	}
	first, err := traceCalls(l.Workers[0].PID, false, time.Minute)
	if err != nil {
		l.Close()
		t.Skipf("system calls cannot be counted here: %v", err)
	}
	if _, err := traceCalls(l.Workers[0].PID, false, time.Minute); !errors.Is(err, unix.EPERM) {
		t.Errorf("a process that is traced already gives %v", err)
	}
	if _, err := traceCalls(os.Getppid()+1<<22, false, time.Minute); err == nil {
		t.Error("no process can be traced")
	}
	if _, err := l.Close(); err != nil {
		t.Error(err)
	}
	first.end(s.options.timeout())
	c.Size = 64
	if _, err := s.Trace(c, 10); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// A traced worker that is killed is the cause, as without a tracer, and its
// tracer ends with it.
func TestKilledWhileTraced(t *testing.T) {
	s := startSession(t, Options{Timeout: time.Minute}) // a busy machine lets a traced process wait for its tracer
	l, err := s.Open(results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "free"})
	if err != nil {
		t.Fatal(err)
	}
	var tracers []*tracer
	for _, w := range l.Workers {
		tr, err := traceCalls(w.PID, false, time.Minute)
		if err != nil {
			l.Close()
			t.Skipf("system calls cannot be counted here: %v", err)
		}
		tracers = append(tracers, tr)
	}
	round := make(chan error, 1)
	go func() {
		_, err := l.Round(Timed, 1<<30, 0)
		round <- err
	}()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for calls := 0; calls <= 20; { // until it is in the middle of its round
		select {
		case err := <-round:
			t.Fatalf("after %d calls the round ended: %v", calls, err)
		case <-look.C:
		}
		for _, n := range tracers[1].restart() {
			calls += n
		}
	}
	tracers[1].kill()
	var at *WorkerError
	var how *DeathError
	if err := <-round; !errors.As(err, &at) || !errors.As(err, &how) || at.PID != l.Workers[1].PID || how.Signal != syscall.SIGKILL {
		t.Errorf("killed %d, which is not the cause in: %v", l.Workers[1].PID, err)
	}
	for _, tr := range tracers {
		tr.end(time.Minute)
	}
}

// Of parts that compete for messages one may make fewer calls in the longer round.
// Each has the mean.
func TestCallsOfCompetitors(t *testing.T) {
	topology := bench.Compete.Topology(2)
	if got := competitors(topology, 0); !slices.Equal(got, []int{0}) {
		t.Errorf("the sender competes with %v", got)
	}
	both := competitors(topology, 1)
	if !slices.Equal(both, []int{1, 2}) {
		t.Fatalf("the first receiver competes with %v", both)
	}
	nr := uint64(unix.SYS_READ)
	once, twice := []map[uint64]int{{}, {nr: 40}, {nr: 8}}, []map[uint64]int{{}, {nr: 28}, {nr: 68}}
	if got := callsPerOp("receiver", both, once, twice, 48); len(got) != 1 || got[0].PerOp != 0.5 {
		t.Errorf("%v, want half a call an operation", got)
	}
}
