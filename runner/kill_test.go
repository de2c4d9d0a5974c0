package runner

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/need"
	"ipcbench/results"
)

// play runs one launch step by step, and calls step before each.
func play(s *Coordinator, c results.Cell, n int, step func(string)) error {
	step("open")
	l, err := s.Open(c)
	if err != nil {
		return err
	}
	for _, kind := range []Kind{Warmup, Timed, Timed} {
		step("round")
		if _, err := l.Round(kind, n, 0); err != nil {
			return err
		}
	}
	step("exit")
	_, err = l.Close()
	step("over")
	return err
}

// killer kills one process of a session, once.
type killer struct {
	session int    // PID
	victim  string // "session", or a number that picks a worker
	pick    int

	mu     sync.Mutex
	step   string
	killed proc   // zero: none yet
	during string // the step in which it was killed
}

func (k *killer) at(step string) {
	k.mu.Lock()
	k.step = step
	k.mu.Unlock()
}

// kill tries to kill the victim, and reports whether it was there.
func (k *killer) kill() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	var there []proc
	for _, p := range ourProcesses() {
		if k.victim == "session" && p.pid == k.session || k.victim == "worker" && p.parent == k.session {
			there = append(there, p)
		}
	}
	if len(there) == 0 {
		return false
	}
	p := there[k.pick%len(there)]
	if p.signal(unix.SIGKILL) != nil {
		return false
	}
	k.killed, k.during = p, k.step
	return true
}

// named are the phases in which a process may be said to have died.
var named = regexp.MustCompile(`^(open|attach|warmup round( \d+)?|timed round( \d+)?|exit)$`)

// survived checks what is said of the launch in which k was at work.
func (k *killer) survived(t *testing.T, c results.Cell, err error) {
	t.Helper()
	what := fmt.Sprintf("%s, %v (%s) killed in step %q", c.Name(), k.killed.pid, k.killed.command, k.during)
	var at *WorkerError
	var death *DeathError
	switch {
	case k.killed.pid == 0 && err != nil:
		t.Errorf("%s: no process was killed: %v", c.Name(), err)
	case k.killed.pid == 0, err == nil && (k.during == "exit" || k.during == "over"):
		// It had done its work, or all of it was over.
	case !errors.As(err, new(*CellError)) || !errors.As(err, &at) || !errors.As(err, &death):
		t.Errorf("%s: %v", what, err)
	case at.PID != k.killed.pid || death.Signal != unix.SIGKILL || !named.MatchString(at.Phase) || !k.is(at.Role):
		t.Errorf("%s, and the error is: %v", what, err)
	}
}

// is reports whether the victim had that role. A worker that was just started
// still has its session's command.
func (k *killer) is(role string) bool {
	return k.victim == "worker" && strings.HasPrefix(k.killed.command, "ipcbench-session") || strings.HasSuffix(k.killed.command, " "+role)
}

// revive makes sure that there is a session process to kill.
func revive(t *testing.T, s *Coordinator) {
	t.Helper()
	if s.child == nil {
		if err := s.start(); err != nil {
			t.Fatal(err)
		}
	}
}

// killsOf is n, or fewer under -short.
func killsOf(n int) int {
	if testing.Short() {
		return min(n, 8)
	}
	return n
}

// Whichever process is killed, and whenever: nothing is left, and the error names
// the process that died, of what, and in which phase.
func TestKillAnytime(t *testing.T) {
	r, cells := random(t), testCells(t)
	kills := killsOf(*kills)
	deaths := map[string]int{}
	var sessions []*Coordinator
	for _, shared := range []bool{false, true} {
		sessions = append(sessions, startSession(t, Options{Shared: shared, Timeout: unhurried}))
	}
	span := 40 * time.Millisecond // of a launch, as the last one that lived took
	for dead, i := 0, 0; dead < kills && !t.Failed(); i++ {
		if i > 20*kills+100 {
			t.Fatalf("%d of %d attempts killed a process", dead, i)
		}
		c, s := cells[r.IntN(len(cells))], sessions[i%2]
		revive(t, s)
		k := &killer{session: s.child.PID, victim: "worker", pick: r.IntN(3)}
		if r.IntN(3) == 0 {
			k.victim = "session"
		}
		hit := make(chan struct{})
		timer := time.AfterFunc(time.Duration(r.Float64()*float64(span)), func() {
			k.kill()
			close(hit)
		})
		began := time.Now()
		err := play(s, c, 500, k.at)
		if err == nil {
			span = time.Since(began) + time.Millisecond
		}
		if !timer.Stop() {
			<-hit
		}
		if err == nil && k.victim == "session" && k.killed.pid != 0 {
			// Too late for this launch: the next one finds out.
			k.during = "between launches"
			err = play(s, c, 500, func(string) {})
		}
		k.survived(t, c, err)
		nothingLeft(t)
		if k.killed.pid != 0 {
			dead++
			deaths[isolated[s.options.Shared]+": "+k.victim+" "+k.during]++
		}
	}
	t.Logf("killed: %v", deaths)
}

// Every kind of process in every phase, whatever the chances are.
func TestKillInPhase(t *testing.T) {
	need.Time(t)
	cells := testCells(t)
	next := 0
	for shared, name := range isolated {
		for _, victim := range []string{"session", "worker"} {
			for _, phase := range []string{"open", "round", "exit"} {
				t.Run(name+"/"+victim+"/"+phase, func(t *testing.T) {
					next += 1 + len(cells)/5
					s := startSession(t, Options{Shared: shared, Timeout: unhurried})
					killIn(t, s, cells[next%len(cells)], phase, &killer{session: s.child.PID, victim: victim, pick: next})
					nothingLeft(t)
					// The session goes on, or another takes its place.
					if err := play(s, cells[0], 10, func(string) {}); err != nil {
						t.Error(err)
					}
				})
			}
		}
	}
}

// killIn plays a launch and has k kill in the given phase: as soon as its
// victim is there, in the midst of a round, or before the end is asked for.
func killIn(t *testing.T, s *Coordinator, c results.Cell, phase string, k *killer) {
	n := 10
	if phase == "round" {
		n = 1 << 24 // far more than are played before the kill
	}
	var aim sync.WaitGroup
	aimed := false
	err := play(s, c, n, func(step string) {
		k.at(step)
		if step != phase || aimed {
			return
		}
		aimed = true
		aim.Go(func() {
			if phase == "round" && !eventually(func() bool { return busy(k.session) }) {
				t.Errorf("%s: the round did not begin", c.Name())
			}
			if !eventually(k.kill) {
				t.Errorf("%s: no victim appeared", c.Name())
			}
		})
		if phase == "exit" {
			aim.Wait()
		}
	})
	aim.Wait()
	if err == nil {
		t.Errorf("%s: %s killed in %s, and there is no error", c.Name(), k.victim, phase)
	}
	k.survived(t, c, err)
}

// busy reports whether a worker of the session has begun to use CPU time in
// quantity: it plays a round.
func busy(session int) bool {
	for _, p := range ourProcesses() {
		if p.parent == session && cpuTime(p.pid) > 30*time.Millisecond {
			return true
		}
	}
	return false
}
