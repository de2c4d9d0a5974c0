package semantics

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
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
		for begun, stopped := time.Now(), false; !stopped && time.Since(begun) < 10*time.Second; {
			reexec.Lead(syscall.SIGSTOP)
			// A SIGCONT that came sooner would undo a SIGSTOP that is pending.
			for soon := time.Now(); !stopped && time.Since(soon) < 10*time.Millisecond; {
				stopped = childStopped()
			}
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

// childStopped reports whether a child of this process is in state T, proc_pid_stat(5).
func childStopped() bool {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, _ := os.ReadFile(path)
		_, after, _ := strings.Cut(string(text), ") ")
		if strings.HasPrefix(after, fmt.Sprintf("T %d ", os.Getpid())) {
			return true
		}
	}
	return false
}
