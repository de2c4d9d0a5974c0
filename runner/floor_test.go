package runner

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/internal/need"
	"ipcbench/results"
)

func floorCells() []results.Cell {
	return bench.NewPlan([]bench.Axes{{
		Workloads: []string{"PingPong", "Stream"}, Mechanisms: []string{"pipe"}, Sizes: []int{1, 64, 64 << 10}, Queues: []int{0}, Places: []string{"same", "cross"},
		Floors: bench.AskedFloors(),
	}}, 1, time.Second, true, 1).Cells
}

// TestFloors measures every floor in every place that it is planned in.
func TestFloors(t *testing.T) {
	need.Time(t)
	for shared, name := range isolated {
		t.Run(name, func(t *testing.T) {
			s := startSession(t, Options{Shared: shared})
			for _, c := range floorCells() {
				w := bench.WorkloadOf(c)
				if w.Floor == "" || w.Spins && c.Place == "same" {
					continue // no floor, or one that TestSpinningIsRefusedOnOneCPU has
				}
				rec, _ := s.Measure(c, Measurement{Time: time.Millisecond, Ops: 101, Exact: true, Verify: true})
				if rec.Outcome == results.Skipped && c.Place == "cross" {
					t.Log(rec.Reason) // of a machine with one core
					continue
				}
				if rec.Outcome != results.OK && rec.Outcome != results.Untrusted { // of an untrusted launch only the time is in warning
					t.Errorf("%s: %s: %s", c.Name(), rec.Outcome, rec.Reason)
					continue
				}
				if want := int64(2 * part(101, 0.5)); rec.Ops != want || rec.NsPerOp <= 0 || rec.Op != w.Op {
					t.Errorf("%s: %d operations (%s) of %v ns, want %d", c.Name(), rec.Ops, rec.Op, rec.NsPerOp, want)
				}
				if moves := w.Payloads > 0; (rec.BytesPerSec > 0) != moves {
					t.Errorf("%s: %v B/s, moves payload: %v", c.Name(), rec.BytesPerSec, moves)
				}
				if switches := rec.Voluntary.Plus(rec.Involuntary).Or(0); w == bench.Wake && c.Place == "same" && switches < 0.9 {
					t.Errorf("%s: %v context switches an operation: one process did without the other", c.Name(), switches)
				}
			}
		})
	}
}

// TestSpinningIsRefusedOnOneCPU holds the reason to its form.
func TestSpinningIsRefusedOnOneCPU(t *testing.T) {
	s := startSession(t, Options{})
	for _, floor := range []string{results.FloorBounce, results.FloorThreads} {
		for _, place := range []string{"same", "free"} {
			rec, _ := s.Measure(results.Cell{Workload: results.FloorWorkload, Mechanism: floor, Size: 64, Place: place}, Measurement{Time: time.Millisecond})
			if rec.Outcome != results.Skipped || !strings.HasPrefix(rec.Reason, floor+": place="+place+": its processes wait without sleeping") || !strings.HasSuffix(rec.Reason, "sched(7)") {
				t.Errorf("%s, place %s: %s: %q", floor, place, rec.Outcome, rec.Reason)
			}
		}
	}
}

// TestKilledFloorPartIsNoHang kills one of two processes that only have memory
// in common: the other waits for ever, and must be ended.
func TestKilledFloorPartIsNoHang(t *testing.T) {
	s := startSession(t, Options{})
	l, err := s.Open(results.Cell{Workload: results.FloorWorkload, Mechanism: results.FloorWake, Size: 4, Place: "same"})
	if err != nil {
		t.Fatal(err)
	}
	killed := make(chan error, 1)
	go func() { killed <- unix.Kill(l.Workers[1].PID, unix.SIGKILL) }()
	_, err = l.Round(Timed, 1<<28, time.Second)
	if e := <-killed; e != nil {
		t.Fatal(e)
	}
	if err == nil || !strings.Contains(err.Error(), "second (pid ") || !strings.Contains(err.Error(), "killed") {
		t.Errorf("err = %v, want the death of the second", err)
	}
}

// TestSpinningOnOneCPUAfterAll moves both processes to one CPU while they spin:
// the round ends all the same, since neither uses up its time slices.
func TestSpinningOnOneCPUAfterAll(t *testing.T) {
	need.Time(t)
	for _, c := range []results.Cell{
		{Workload: results.FloorWorkload, Mechanism: results.FloorBounce, Size: 64, Place: "cross"},
		{Workload: "PingPong", Mechanism: "shmspin", Size: 64, Place: "cross"},
	} {
		t.Run(c.Mechanism, func(t *testing.T) {
			s := startSession(t, Options{})
			l, err := s.Open(c)
			if Unsupported(err) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			var one unix.CPUSet
			one.Set(l.Workers[0].CPUs[0])
			for _, w := range l.Workers {
				if err := unix.SchedSetaffinity(w.PID, &one); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := l.Round(Timed, 5000, time.Millisecond); err != nil { // 20 s of time slices, or more
				t.Error(err)
			}
			if _, err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
