package runner

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/internal/reexec"
	"ipcbench/mechanisms"
)

// stands starts a program that stands for a worker, and waits until it is in the
// state.
func stands(t *testing.T, state string, command ...string) *process {
	t.Helper()
	c := exec.Command(command[0], command[1:]...)
	in, err := c.StdinPipe() // on which nothing comes
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { in.Close(); c.Process.Kill(); c.Wait() })
	if state == "T" {
		c.Process.Signal(unix.SIGSTOP)
	}
	call := map[string]string{"cat": "read", "sleep": "nanosleep"}[command[0]] // where it may be seen
	if !eventually(func() bool {
		at := inspect(c.Process.Pid, 0)
		return at.State == state && (state != "S" || at.Call == unknownCall || strings.Contains(at.Call, call))
	}) {
		t.Fatalf("%v is not in state %s", command, state)
	}
	return &process{Process: &reexec.Process{PID: c.Process.Pid}}
}

// lookOften looks more often than a loss takes.
func lookOften(l *sessionLaunch, parts int) (err error) {
	d, missing := &lossDetector{launch: l}, map[int]bool{}
	for part := range parts {
		missing[part] = true
	}
	for range 2 * lossLooks {
		if err := d.look(missing); err != nil {
			return err
		}
	}
	return nil
}

// Nothing is lost while a process that has not finished runs, is stopped, or sleeps
// for a time: only all of them asleep in calls without an end show a loss.
func TestLooksThatShowNoLoss(t *testing.T) {
	asleep := stands(t, "S", "cat")
	for _, c := range []struct {
		other *process
		lost  bool
	}{
		{stands(t, "S", "cat"), true},
		{stands(t, "T", "cat"), false},
		{stands(t, "S", "sleep", "1000"), false},
		{stands(t, "R", "sh", "-c", "while :; do :; done"), false},
	} {
		l := twoParts()
		l.mechanism, l.asked, l.workers = mechanisms.Lookup("pipe"), &openRequest{Cell: pipePong}, []*process{asleep, c.other}
		if at := inspect(c.other.PID, 0); at.Call == unknownCall && at.State == "S" {
			continue // how long it sleeps is not to be seen here
		}
		err := lookOften(l, 2)
		if c.lost != (err != nil) || err != nil && !strings.Contains(err.Error(), "a message was lost: every process that has not finished waits") {
			t.Errorf("beside a process that is %v: %v, want a loss: %v", inspect(c.other.PID, 0).where(), err, c.lost)
		}
		if err := lookOften(l, 1); err == nil {
			t.Error("of one that is asleep alone no loss is shown")
		}
	}
}

// What a worker has sent and what others wait for is read from their memory: a
// message is lost only where one is owed.
func TestOwed(t *testing.T) {
	seed := bench.Seed(4711)
	first := func(origin int) uint64 { // the stamp that is on message 1
		return 1 - seed.Number(origin, 0)
	}
	stamps := []uint64{first(0) + 11, first(0) + 10, first(3), first(3)}
	at := func(i, origin int, sends bool) bench.Cursor {
		return bench.Cursor{At: uintptr(unsafe.Pointer(&stamps[i])), Origin: origin, Sends: sends}
	}
	l := twoParts()
	for _, p := range l.workers {
		p.PID = os.Getpid()
	}
	l.seed = seed
	sent, awaited := at(0, 0, true), at(1, 0, false)
	for _, c := range []struct {
		what    string
		cursors [2][]bench.Cursor
		missing int
		number  int
		known   bool
	}{
		{"11 were sent, and the 11th is awaited", [2][]bench.Cursor{{sent}, {awaited}}, 1, 11, true},
		{"nothing is counted", [2][]bench.Cursor{{sent}, nil}, 1, 0, false},
		{"only the sender is missing", [2][]bench.Cursor{{sent}, {awaited}}, 0, 0, true},
		{"nothing was sent", [2][]bench.Cursor{{at(2, 3, true)}, {at(3, 3, false)}}, 1, 0, true},
		{"there is no such memory", [2][]bench.Cursor{{sent}, {{At: 8}}}, 1, 0, false},
	} {
		l.cursors = c.cursors[:]
		if number, known := l.owed(map[int]bool{c.missing: true}); number != c.number || known != c.known {
			t.Errorf("%s: message %d, known %v; want %d, %v", c.what, number, known, c.number, c.known)
		}
	}
}

// A CPU that is taken from the cpuset of a run is named.
func TestCPUOutOfCPUSet(t *testing.T) {
	s := startSession(t, Options{})
	const none = 1023 // the last that a mask holds
	s.cpus = s.cpus[:1]
	s.cpus[0].ID = none
	c := pipePong
	c.Place = "same"
	rec, _ := s.Measure(c, Measurement{Time: 1e6})
	if !strings.Contains(rec.Reason, " in attach: CPU 1023 is no longer in the cpuset, which has [") {
		t.Errorf("%s %s %q", rec.Outcome, rec.Fault, rec.Reason)
	}
}

// A process that was killed while the cgroup's count of such deaths rose has run
// out of memory.
func TestOutOfMemoryIsNamed(t *testing.T) {
	s := startSession(t, Options{})
	l, err := s.Open(pipePong)
	if err != nil {
		t.Fatal(err)
	}
	s.oom[0].Kills = -1 // fewer than there can be
	unix.Kill(l.Workers[0].PID, unix.SIGKILL)
	_, err = l.Round(Timed, 10, 0)
	if err == nil || !strings.Contains(err.Error(), "died of SIGKILL: out of memory: ") {
		t.Errorf("%v", err)
	}
}
