package runner

import (
	"os"
	"strconv"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/need"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// TestScheduledWorkers looks at the threads of workers in and between rounds:
// all of them keep to the CPUs of the place, where others have only that of
// their main thread.
func TestScheduledWorkers(t *testing.T) {
	need.Time(t)
	for _, m := range mechanisms.All() {
		if !m.Scheduled {
			continue
		}
		s := startSession(t, Options{})
		l, err := s.Open(results.Cell{Workload: "PingPong", Mechanism: m.Name, Size: 64, Place: "same"})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			r, err := l.Round(Timed, 2000, time.Second)
			if err != nil {
				t.Fatal(err)
			}
			for i, w := range l.Workers {
				if threads := keepTo(t, w.PID, w.CPUs); threads < 2 {
					t.Errorf("%s: %s has %d threads, and no scheduler of Go's", m.Name, w.Role, threads)
				}
				if used := r.Usage[i]; used.UserNs.Plus(used.SystemNs).Or(0) <= 0 || used.Voluntary.Or(0) <= 0 {
					t.Errorf("%s: %s used %+v", m.Name, w.Role, used)
				}
			}
		}
		if _, err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

// keepTo holds all threads of a process to these CPUs, and counts them.
func keepTo(t *testing.T, pid int, cpus []int) int {
	t.Helper()
	tasks, err := os.ReadDir("/proc/" + strconv.Itoa(pid) + "/task")
	if err != nil {
		t.Fatal(err)
	}
	for _, task := range tasks {
		tid, err := strconv.Atoi(task.Name())
		if err != nil {
			t.Fatal(err)
		}
		var set unix.CPUSet
		if err := unix.SchedGetaffinity(tid, &set); err != nil {
			t.Fatal(err)
		}
		for _, cpu := range cpus {
			if !set.IsSet(cpu) || set.Count() != len(cpus) {
				t.Errorf("thread %d of process %d has %d CPUs, want only %v", tid, pid, set.Count(), cpus)
			}
		}
	}
	return len(tasks)
}

// TestWorstWait: what a thread waited while a sibling ran is no disturbance.
func TestWorstWait(t *testing.T) {
	at := func(ran, waited int64) sys.ThreadTime { return sys.ThreadTime{Ran: ran, Waited: waited} }
	before := map[string]sys.ThreadTime{"1": at(100, 10), "2": at(50, 0)}
	for _, c := range []struct {
		name  string
		after map[string]sys.ThreadTime
		want  int64
	}{
		{"no thread waited", map[string]sys.ThreadTime{"1": at(200, 10), "2": at(50, 0)}, 0},
		{"for a sibling", map[string]sys.ThreadTime{"1": at(200, 10), "2": at(60, 100)}, 0},
		{"for a stranger", map[string]sys.ThreadTime{"1": at(200, 510), "2": at(60, 0)}, 490},
		{"a new thread, for a stranger", map[string]sys.ThreadTime{"1": at(200, 10), "2": at(50, 0), "3": at(5, 1100)}, 1000},
	} {
		if got := worstWait(before, c.after); got != results.Known(c.want) {
			t.Errorf("%s: %v ns, want %d", c.name, got, c.want)
		}
	}
	if got := worstWait(before, nil); !got.IsZero() {
		t.Errorf("on a kernel that does not count it: %v ns, want none", got)
	}
}
