package runner

import "runtime"

// starter is the thread that starts a session's workers. Their Pdeathsig
// follows it, so that it ends with the session, and what it executes is left
// no capability. It is one of its own because a goroutine that is locked to a
// thread is slow to wake up: the session's others have nothing to wait for.
type starter chan func()

func newStarter() starter {
	s := make(starter)
	go func() {
		runtime.LockOSThread()
		dropOnExec()
		for f := range s {
			f()
		}
	}()
	return s
}

// do has the thread call f, and waits for it.
func (s starter) do(f func() error) error {
	done := make(chan error)
	s <- func() { done <- f() }
	return <-done
}
