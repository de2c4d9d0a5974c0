package runner

import (
	"errors"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/need"
	"ipcbench/results"
)

var pipePong = results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "free"}

// workerOf finds a worker of the session that is at work.
func workerOf(t *testing.T, s *Coordinator) (found proc) {
	t.Helper()
	if !eventually(func() bool {
		if !busy(s.child.PID) {
			return false
		}
		all := ourProcesses()
		i := slices.IndexFunc(all, func(p proc) bool { return p.parent == s.child.PID })
		if i >= 0 {
			found = all[i]
		}
		return i >= 0
	}) {
		t.Error("no worker is at work")
	}
	return found
}

// halt stops the process and waits until it is.
func halt(t *testing.T, p proc) {
	t.Helper()
	if err := p.signal(unix.SIGSTOP); err != nil {
		t.Error(err)
	}
	if !eventually(func() bool { return stateOf(p.pid) == "T" }) {
		t.Errorf("%s does not stop", p.command)
	}
}

// A launch in which a worker was stopped and went on is untrusted.
func TestStoppedWorkerVoids(t *testing.T) {
	need.Time(t)
	for shared, name := range isolated {
		t.Run(name, func(t *testing.T) {
			s := startSession(t, Options{Shared: shared})
			done := make(chan struct{})
			go func() {
				defer close(done)
				p := workerOf(t, s)
				halt(t, p)
				if err := p.signal(unix.SIGCONT); err != nil {
					t.Error(err)
				}
			}()
			rec, _ := s.Measure(pipePong, Measurement{Time: 500 * time.Millisecond})
			<-done
			const want = "a worker was stopped or continued by a signal"
			if rec.Outcome != results.Untrusted || rec.Reason != want {
				t.Errorf("%s: %q, want %s: %q", rec.Outcome, rec.Reason, results.Untrusted, want)
			}
			rec, _ = s.Measure(pipePong, Measurement{Time: 10 * time.Millisecond})
			if rec.Noise == nil || rec.Noise.Stopped {
				t.Errorf("the launch after it: %+v, reason %q", rec.Noise, rec.Reason)
			}
		})
	}
}

// A worker that is stopped for good is killed at the deadline, and blamed
// rather than the peer that waits for it.
func TestStoppedWorkerHangs(t *testing.T) {
	need.Time(t)
	const timeout = 500 * time.Millisecond
	for shared, name := range isolated {
		t.Run(name, func(t *testing.T) {
			s := startSession(t, Options{Shared: shared})
			var victim proc
			var since time.Time
			done := make(chan struct{})
			l, err := s.Open(pipePong)
			if err != nil {
				t.Fatal(err)
			}
			go func() {
				defer close(done)
				victim = workerOf(t, s)
				halt(t, victim)
				since = time.Now()
			}()
			s.options.Timeout = timeout
			_, err = l.Round(Timed, 1<<30, 0)
			<-done
			var at *WorkerError
			var hung *HungError
			if !errors.As(err, &at) || !errors.As(err, &hung) || at.PID != victim.pid || hung.State != "T" || at.Phase != "timed round 1" || len(hung.Others) != 1 {
				t.Errorf("process %d (%s) was stopped, and the error is: %v", victim.pid, victim.command, err)
			}
			if late := time.Since(since); late > timeout+patience {
				t.Errorf("the error came %v after the stop, with a deadline of %v", late, timeout)
			}
			if fault(err) != results.FaultHang {
				t.Errorf("fault %q", fault(err))
			}
			nothingLeft(t)
		})
	}
}

// A session that is stopped is killed and named.
func TestStoppedSession(t *testing.T) {
	need.Time(t)
	for shared, name := range isolated {
		t.Run(name, func(t *testing.T) {
			s := startSession(t, Options{Shared: shared})
			l, err := s.Open(pipePong)
			if err != nil {
				t.Fatal(err)
			}
			pid := s.child.PID
			for _, p := range ourProcesses() {
				if p.pid == pid {
					halt(t, p)
				}
			}
			s.options.Timeout = 200 * time.Millisecond
			_, err = l.Round(Timed, 10, 0)
			s.options.Timeout = 0
			var at *WorkerError
			var hung *HungError
			if !errors.As(err, &at) || !errors.As(err, &hung) || at.PID != pid || at.Role != "session" || hung.State != "T" {
				t.Errorf("session %d was stopped, and the error is: %v", pid, err)
			}
			nothingLeft(t)
			if _, err := l.Close(); err == nil {
				t.Error("a launch of a dead session was closed without an error")
			}
			if err := play(s, pipePong, 10, func(string) {}); err != nil {
				t.Errorf("the next launch: %v", err)
			}
		})
	}
}
