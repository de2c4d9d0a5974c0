package runner

import (
	"testing"
	"time"

	"ipcbench/bench"
	"ipcbench/host"
	"ipcbench/internal/need"
	"ipcbench/results"
)

// A round takes as long as its last receiver reports of its pace, where that was asked
// for, and else from the first start to the last message.
func TestElapsed(t *testing.T) {
	sender, receiver := workerRound{Start: 10, End: 70, Steady: 900}, workerRound{Start: 12, End: 90, Receives: true}
	if got := newRound(Timed, 1, []workerRound{sender, receiver}).Elapsed; got != 80 {
		t.Errorf("%d ns, want 80", got)
	}
	receiver.Steady = 75
	if got := newRound(Timed, 1, []workerRound{sender, receiver}).Elapsed; got != 75 {
		t.Errorf("%d ns at its pace, want 75", got)
	}
}

// Workers report the pace of the rounds in which it counts.
func TestSteadyRounds(t *testing.T) {
	s := startSession(t, Options{})
	for _, c := range []results.Cell{
		{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"},
		{Workload: results.FloorWorkload, Mechanism: results.FloorWake, Size: 4, Place: "same"},
	} {
		l, err := s.Open(c)
		if err != nil {
			t.Fatal(err)
		}
		const marks = 10
		played, err := l.Play(time.Second, Ask{Kind: Timed, N: 20 * marks, Marks: marks, Steady: true}, Ask{Kind: Timed, N: 20 * marks, Marks: marks})
		if err != nil {
			t.Fatal(err)
		}
		if p := played[0].paced; !p || played[0].Elapsed <= 0 {
			t.Errorf("%s: a round of %v, by its pace: %v", c.Name(), played[0].Elapsed, p)
		}
		if played[1].paced {
			t.Errorf("%s: a round by its pace where that was not asked for", c.Name())
		}
		if _, err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStalled(t *testing.T) {
	const ms = int64(time.Millisecond)
	part := func(start, end int64, gaps ...bench.Gap) workerRound {
		for i := range gaps {
			gaps[i].From *= ms
			gaps[i].To *= ms
		}
		return workerRound{Start: start * ms, End: end * ms, Progress: &bench.Progress{Typical: ms, Gaps: gaps}}
	}
	gap := func(from, to int64) bench.Gap { return bench.Gap{From: from, To: to} }
	unmarked := func(ran int64) workerRound {
		return workerRound{Start: 0, End: 100 * ms, Usage: results.Worker{UserNs: results.Known(ran * ms), SystemNs: results.Known[int64](0), WaitNs: results.Known[int64](0)}}
	}
	for _, c := range []struct {
		name    string
		workers []workerRound
		want    int64 // ms; -1: nothing shows it
	}{
		{"even", []workerRound{part(0, 100), part(0, 100)}, 0},
		{"both stand still", []workerRound{part(0, 100, gap(20, 50)), part(0, 100, gap(21, 52))}, 28},
		{"one stands still", []workerRound{part(0, 100, gap(20, 50)), part(0, 100)}, 0},
		{"one after the other", []workerRound{part(0, 100, gap(20, 50)), part(0, 100, gap(50, 80))}, 0},
		{"one stands still, the other is done", []workerRound{part(0, 20), part(0, 100, gap(30, 60))}, 29},
		{"one stands still, the other has not begun", []workerRound{part(0, 100, gap(0, 30)), part(29, 100)}, 28},
		{"the last begins late", []workerRound{part(0, 30), part(60, 100)}, 29},
		{"twice", []workerRound{part(0, 100, gap(10, 30), gap(60, 90)), part(0, 100, gap(5, 95))}, 48},
		{"a part without marks", []workerRound{unmarked(0), part(0, 100, gap(20, 50))}, 29},
		{"one process that ran all the time", []workerRound{unmarked(95)}, 0},
		{"one process that did not", []workerRound{unmarked(60)}, 40},
		{"several processes without marks", []workerRound{unmarked(0), unmarked(0)}, -1},
	} {
		want := results.Known(c.want * ms)
		if c.want < 0 {
			want = results.Count{}
		}
		if got := stalled(c.workers, 0, 100*ms); got != want {
			t.Errorf("%s: stalled for %v ns, want %v", c.name, got, want)
		}
	}
}

// Every workload plays on in stretches as it does at once, whatever the number
// of operations is.
func TestEveryWorkloadLeavesMarks(t *testing.T) {
	need.Time(t)
	cpus, err := host.ReadCPUs(host.Root)
	if err != nil {
		t.Fatal(err)
	}
	var cells []results.Cell
	for _, w := range bench.Workloads {
		c := results.Cell{Workload: w.Name, Mechanism: carrier(w), Size: 64, Place: "same"}
		if w.Paced {
			c.Rate = 100_000
		}
		if w.Size > 0 {
			c.Size = w.Size
		}
		if w.Peers != "" {
			c.Peers = 3
		}
		cells = append(cells, c)
	}
	for _, f := range bench.Floors {
		if !f.Asked {
			cells = append(cells, results.Cell{Workload: f.Name, Mechanism: f.Floor, Size: max(f.Size, f.Least, 64), Place: "cross"})
		}
	}
	s := startSession(t, Options{})
	for _, c := range cells {
		t.Run(c.Workload+"/"+c.Mechanism, func(t *testing.T) {
			if err := Admit(c, cpus); err != nil {
				t.Skip(err)
			}
			l, err := s.Open(c)
			if Unsupported(err) {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, err := l.Play(time.Second, Ask{Kind: Timed, N: 101, Marks: 7}, Ask{Kind: Latency, N: 100, Marks: 50}, Ask{Kind: Verify, N: 103, Marks: 3}, Ask{Kind: Timed, N: 1, Marks: 9}); err != nil {
				t.Fatal(err)
			}
			if _, err := l.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}
