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
	checks := int64(0)
	// A check may be over before the first stop.
	for begun := time.Now(); e.n.Load() <= checks && time.Since(begun) < 10*time.Second; checks++ {
		over := make(chan struct{})
		go func() {
			defer close(over)
			for begun := time.Now(); time.Since(begun) < 100*time.Millisecond; {
				reexec.Lead(syscall.SIGSTOP)
				reexec.Lead(syscall.SIGCONT)
			}
		}()
		f, _, err := e.check(t.Context(), Lookup("P01"), nil)
		<-over
		if err != nil || f.Verdict != Holds {
			t.Errorf("%s: %s, %v", f.Verdict, f.Reason, err)
		}
	}
	if e.n.Load() <= checks {
		t.Errorf("none of %d checks was repeated", checks)
	}
	if err := e.close(); err != nil {
		t.Error(err)
	}
}
