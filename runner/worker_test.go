package runner

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"ipcbench/results"
)

// Only the measuring thread of a worker holds the ends of its links: another
// table would keep a link open whose end has closed, and a common one would
// have the kernel count references in every call.
func TestWorkersOwnTheirFiles(t *testing.T) {
	s := startSession(t, Options{})
	l, err := s.Open(results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "free"})
	if err != nil {
		t.Fatal(err)
	}
	ours := pipesIn("/proc/self/fd") // what started the test may have left some open
	for _, w := range l.Workers {
		dir := fmt.Sprintf("/proc/%d/task", w.PID)
		threads, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, thread := range threads {
			ends := pipesIn(fmt.Sprintf("%s/%s/fd", dir, thread.Name()))
			for pipe := range ours {
				delete(ends, pipe)
			}
			want := 0
			if thread.Name() == fmt.Sprint(w.PID) {
				want = 2
			}
			if len(ends) != want && len(l.Warnings) == 0 {
				t.Errorf("%s: thread %s of process %d holds %v, want %d ends", w.Role, thread.Name(), w.PID, ends, want)
			}
		}
	}
	if _, err := l.Close(); err != nil {
		t.Error(err)
	}
}

// pipesIn are the pipes that a directory of descriptors leads to.
func pipesIn(fds string) map[string]bool {
	pipes := map[string]bool{}
	entries, _ := os.ReadDir(fds)
	for _, fd := range entries {
		if to, _ := os.Readlink(fds + "/" + fd.Name()); strings.HasPrefix(to, "pipe:") {
			pipes[to] = true
		}
	}
	return pipes
}
