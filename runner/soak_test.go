package runner

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"ipcbench/internal/need"
)

// footprint is what a process holds that could grow from launch to launch.
type footprint struct {
	files   []string // targets of /proc/PID/fd
	threads int
	rss     int // KiB
}

func footprintOf(t *testing.T, pid int) (f footprint) {
	t.Helper()
	dir := fmt.Sprintf("/proc/%d", pid)
	fds, err := filepath.Glob(dir + "/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		target, _ := os.Readlink(fd)
		f.files = append(f.files, target)
	}
	status, err := os.ReadFile(dir + "/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		key, value, _ := strings.Cut(line, ":")
		n, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(value), " kB"))
		switch key {
		case "Threads":
			f.threads = n
		case "VmRSS":
			f.rss = n
		}
	}
	return f
}

// Launch after launch, neither the coordinator nor the session grows.
func TestSoak(t *testing.T) {
	const (
		warm = 25
		slop = 8 << 10 // KiB of RSS: what a garbage collector may leave lying about
		// Go keeps a thread for good and starts one when all happen to be
		// blocked at once. One that leaked would do so in every launch.
		spare = 4
	)
	need.Time(t)
	cells := testCells(t)
	for shared, name := range isolated {
		t.Run(name, func(t *testing.T) {
			s := startSession(t, Options{Shared: shared})
			session := s.child.PID
			var ours, theirs, oursEnd, theirsEnd footprint
			var routines int
			n := max(*launches/2, 2*warm)
			for i := range n {
				if i == warm {
					runtime.GC()
					ours, theirs, routines = footprintOf(t, os.Getpid()), footprintOf(t, session), runtime.NumGoroutine()
				}
				if err := play(s, cells[i%len(cells)], 10, func(string) {}); err != nil {
					t.Fatal(err)
				}
			}
			runtime.GC()
			oursEnd, theirsEnd = footprintOf(t, os.Getpid()), footprintOf(t, session)
			if s.child.PID != session {
				t.Fatal("the session was replaced")
			}
			if now := runtime.NumGoroutine(); now != routines {
				t.Errorf("%d goroutines after %d launches, %d after %d", now, n, routines, warm)
			}
			for _, p := range []struct {
				process     string
				before, now footprint
			}{{"coordinator", ours, oursEnd}, {"session", theirs, theirsEnd}} {
				if len(p.now.files) != len(p.before.files) {
					t.Errorf("%s: %d descriptors after %d launches, %d after %d:\n%s", p.process, len(p.now.files), n, len(p.before.files), warm, strings.Join(p.now.files, "\n"))
				}
				if p.now.threads > p.before.threads+spare {
					t.Errorf("%s: %d threads after %d launches, %d after %d", p.process, p.now.threads, n, p.before.threads, warm)
				}
				if p.now.rss > p.before.rss+slop {
					t.Errorf("%s: RSS of %d KiB after %d launches, %d KiB after %d", p.process, p.now.rss, n, p.before.rss, warm)
				}
				t.Logf("%s: %d descriptors, %d threads, RSS %d KiB, after %d launches %d KiB", p.process, len(p.now.files), p.now.threads, p.now.rss, warm, p.before.rss)
			}
		})
	}
}
