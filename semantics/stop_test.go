package semantics

import (
	"syscall"
	"testing"
	"time"

	"ipcbench/internal/reexec"
)

// A check that Ctrl-Z stopped is carried out again: it may have been late.
func TestStoppedCheckIsRepeated(t *testing.T) {
	e, err := newEngine(Options{dirBase: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		for begun := time.Now(); time.Since(begun) < 200*time.Millisecond; {
			reexec.Lead(syscall.SIGSTOP)
			reexec.Lead(syscall.SIGCONT)
		}
	}()
	f, err := e.check(t.Context(), Lookup("P01"))
	<-over
	if err != nil || f.Verdict != Holds || e.n < 2 {
		t.Errorf("%s after %d processes: %s, %v", f.Verdict, e.n, f.Reason, err)
	}
	if err := e.close(); err != nil {
		t.Error(err)
	}
}
