package runner

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/need"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// TestKilledMakerLeavesNothing kills the worker that makes links, in the middle
// of a round. What it had just made goes with the launch or, System V objects,
// with the session, whose namespace is its own; where there is none, such
// a launch is refused.
func TestKilledMakerLeavesNothing(t *testing.T) {
	need.Time(t)
	for shared, name := range isolated {
		for _, mech := range []string{"pipe", "fifo", "socketpair", "sysvmsg", "sysvshm"} {
			t.Run(name+"/"+mech, func(t *testing.T) {
				s := startSession(t, Options{Shared: shared})
				c := results.Cell{Workload: "Lifecycle", Mechanism: mech, Size: 64, Place: "free"}
				l, err := s.Open(c)
				outlives := strings.HasPrefix(mech, "sysv")
				if s.journal != "" && outlives {
					if !Unsupported(err) || !strings.Contains(err.Error(), "ipc_namespaces(7)") {
						t.Fatalf("%v, want a refusal with the reason", err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				round := make(chan error, 1)
				go func() {
					_, err := l.Round(Timed, maxOps, 0)
					round <- err
				}()
				pid := l.Workers[0].PID
				used := cpuTime(pid)
				if !eventually(func() bool { return cpuTime(pid) > used+10e6 }) {
					t.Fatal("the maker does nothing in a round")
				}
				if err := unix.Kill(pid, unix.SIGKILL); err != nil {
					t.Fatal(err)
				}
				var death *DeathError
				if err := <-round; !errors.As(err, &death) {
					t.Fatalf("%v, want its death", err)
				}
				if !outlives {
					nothingLeft(t) // though the session lives
				}
				if rec, _ := s.Measure(c, Measurement{Time: 2e6, Ops: 100, Exact: true, Verify: true}); rec.Outcome == results.Failed || rec.Verified.Or(0) == 0 {
					t.Errorf("the next launch: %s %s", rec.Outcome, rec.Reason)
				}
			})
		}
	}
}

// TestMakerWaitsForRings has ends made faster than the kernel gives back what
// they took of the locked memory: eight rings' worth, which half of the links of
// a few milliseconds take.
func TestMakerWaitsForRings(t *testing.T) {
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &before); err != nil {
		t.Fatal(err)
	}
	if before.Max < 64<<10 {
		t.Skipf("RLIMIT_MEMLOCK admits %d bytes at most, want 64 KiB", before.Max)
	}
	if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: 64 << 10, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Setrlimit(unix.RLIMIT_MEMLOCK, &before) })
	s := startSession(t, Options{}) // inherits it
	rec, _ := s.Measure(results.Cell{Workload: "Lifecycle", Mechanism: "iouring", Size: 64, Place: "free"}, Measurement{Time: 20e6, Ops: 100})
	named := func(s string) bool {
		return strings.Contains(s, "RLIMIT_MEMLOCK admits 65536 to all processes of a user")
	}
	switch {
	case rec.Outcome == results.Skipped && (mechanisms.Lookup("iouring").Needs() != nil || named(rec.Reason)):
		t.Skip(rec.Reason)
	case rec.Outcome != results.OK && rec.Outcome != results.Untrusted:
		t.Fatalf("%s %s", rec.Outcome, rec.Reason)
	case !slices.ContainsFunc(rec.Warnings, named):
		t.Skipf("this kernel does not count a ring's memory: %q", rec.Warnings)
	}
	if wall := time.Since(rec.Time); time.Duration(rec.ElapsedNs) > wall*9/10 {
		t.Errorf("%v of %v were timed: the waits are in it: %q", time.Duration(rec.ElapsedNs), wall, rec.Warnings)
	}
}

// TestMakerNeedsRoomForAMessage: one process cannot wait for itself to receive.
func TestMakerNeedsRoomForAMessage(t *testing.T) {
	s := startSession(t, Options{})
	for size, want := range map[int]bool{64 << 10: true, 64<<10 + 1: false} {
		l, err := s.Open(results.Cell{Workload: "Lifecycle", Mechanism: "pipe", Size: size, Place: "free"})
		var refused *mechanisms.UnsupportedError
		if err == nil {
			l.Close()
		}
		if want != (err == nil) || err != nil && (!errors.As(err, &refused) || !strings.Contains(err.Error(), "65536 bytes (F_GETPIPE_SZ)")) {
			t.Errorf("%d B: %v", size, err)
		}
	}
}
