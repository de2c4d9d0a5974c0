package runner

import (
	"sync"
	"testing"
)

// TestCloseEndsACall closes a session twice while a call waits for it: the call
// fails, and the session ends once.
func TestCloseEndsACall(t *testing.T) {
	for shared, name := range isolated {
		t.Run(name, func(t *testing.T) {
			s := startSession(t, Options{Shared: shared})
			session := s.child.PID
			l, err := s.Open(pipePong)
			if err != nil {
				t.Fatal(err)
			}
			round := make(chan error, 1)
			go func() {
				_, err := l.Round(Timed, maxOps, 0)
				round <- err
			}()
			if !eventually(func() bool { return busy(session) }) {
				t.Error("the round did not begin")
			}
			var closing sync.WaitGroup
			for range 2 {
				closing.Go(func() {
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				})
			}
			closing.Wait()
			if err := <-round; err == nil {
				t.Error("the round of a session that was closed went well")
			}
			if _, err := l.Round(Timed, 1, 0); err == nil {
				t.Error("a session that was closed played a round")
			}
			if _, err := s.Open(pipePong); err == nil {
				t.Error("a session that was closed opened a launch")
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			nothingLeft(t)
		})
	}
}

// TestEndLeavesTheSuccessorAlone ends a session process that has ended, when
// another has taken its place.
func TestEndLeavesTheSuccessorAlone(t *testing.T) {
	s := startSession(t, Options{})
	first := s.child
	first.Kill()
	if err := s.end(first); err != nil {
		t.Fatal(err)
	}
	if err := play(s, pipePong, 10, func(string) {}); err != nil {
		t.Fatal(err)
	}
	second := s.child
	if err := s.end(first); err != nil || s.child != second {
		t.Errorf("end of process %d: %v; process %d runs, want %d", first.PID, err, s.child.PID, second.PID)
	}
}
