package command

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"ipcbench/internal/need"
	"ipcbench/results"
)

func init() {
	roles["deaf"] = func() int { // it does not end when it is asked to
		afterOne = 60 * unhurried
		heed(os.Stderr)
		os.Stdout.Close()
		select {}
	}
}

// side is the command that is a side of ab.
func side(t *testing.T) string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return "env " + envRole + "=command '" + path + "'"
}

// heeds reports whether the command has set what signals do: SIGCONT, which Go's
// runtime does not catch of itself, comes last.
func (s *started) heeds() bool {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Process.Pid))
	_, mask, _ := strings.Cut(string(status), "\nSigCgt:\t")
	caught, err := strconv.ParseUint(mask[:min(16, len(mask))], 16, 64)
	return err == nil && caught&(1<<(syscall.SIGCONT-1)) != 0
}

// onePipe is a cell that is measured for as long.
func onePipe(time string) []string {
	return []string{"--workload", "pingpong", "--mech", "pipe", "--size", "64", "--place", "same", "--time", time}
}

// A command that a signal ends exits with the status that a shell gives to such a
// death, in one line, and long before the launch under way would have been over.
func TestSignalsEndCommands(t *testing.T) {
	need.Time(t)
	self := side(t)
	run := append([]string{"run"}, onePipe("1m")...)
	for _, c := range []struct {
		name string
		args []string
		at   func(*started) bool // whether it is at work
	}{
		{"run", run, func(s *started) bool { return s.workers() == 2 }},
		{"ab", append([]string{"ab", "--a", self, "--b", self}, onePipe("1m")...), func(s *started) bool { return s.workers() == 2 }},
		{"semantics", []string{"semantics"}, func(s *started) bool { return s.heeds() && len(s.family()) > 2 }},
		{"explain", []string{"explain", "pipe"}, func(s *started) bool { return s.workers() == 2 }},
		{"compare", []string{"compare", "fifo", "fifo"}, (*started).heeds},
		{"report", []string{"report", "fifo", "--out", "out"}, (*started).heeds},
	} {
		for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
			if c.name != "run" && sig != syscall.SIGINT && sig != syscall.SIGTERM {
				continue
			}
			t.Run(c.name+"/"+sig.String(), func(t *testing.T) {
				t.Parallel()
				s := prepare(t, "command", c.args...)
				if err := syscall.Mkfifo(filepath.Join(s.Dir, "fifo"), 0o600); err != nil {
					t.Fatal(err)
				}
				s.begin()
				s.eventually("work", func() bool { return c.at(s) })
				s.Process.Signal(sig)
				if status := s.status(); status != 128+int(sig) {
					t.Errorf("exit status %d, want %d\n%s", status, 128+int(sig), s.stderr.String())
				}
				s.orderly()
				last := strings.TrimSpace(s.stderr.String())
				last = last[strings.LastIndexByte(last, '\n')+1:]
				if !strings.HasPrefix(last, "ipcbench: ") || !strings.Contains(last, "interrupted") && !strings.Contains(last, "ended by") {
					t.Errorf("the last line is %q", last)
				}
			})
		}
	}
}

// What was measured before the signal is kept, with the exports, and nothing of
// the launch that it ended.
func TestSignalKeepsRecords(t *testing.T) {
	need.Time(t)
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			s := start(t, "command", append([]string{"run", "--launches", "1000"}, onePipe("5ms")...)...)
			records := func() string {
				found, _ := filepath.Glob(filepath.Join(s.Dir, "results", "runs", "*", results.RecordsFile))
				return strings.Join(found, " ")
			}
			s.eventually("record", func() bool {
				text, _ := os.ReadFile(records())
				return strings.Count(string(text), `"cell":`) > 2
			})
			s.Process.Signal(sig)
			if status := s.status(); status != 128+int(sig) {
				t.Errorf("exit status %d, want %d\n%s", status, 128+int(sig), s.stderr.String())
			}
			all := s.records()
			if len(all) < 3 || slices.ContainsFunc(all, func(r results.Record) bool { return r.Outcome == results.Failed }) {
				t.Errorf("the records: %+v", all)
			}
			dir := filepath.Dir(records())
			if _, err := os.Stat(filepath.Join(dir, results.BenchFile)); err != nil {
				t.Error(err)
			}
			if want := "what was measured is kept: ipcbench run --resume " + strings.TrimPrefix(dir, s.Dir+"/") + " goes on"; !strings.Contains(s.stderr.String(), want) {
				t.Errorf("want %q in\n%s", want, s.stderr.String())
			}
		})
	}
}

// A second signal ends a command that does not end by itself, however soon it
// comes.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	s := prepare(t, "deaf")
	out, err := s.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.begin()
	out.Read(make([]byte, 1)) // until it heeds
	s.Process.Signal(syscall.SIGINT)
	s.Process.Signal(syscall.SIGTERM)
	// Of two that come at once, either may reach a thread first.
	first := syscall.Signal(s.status() - 128)
	if first != syscall.SIGINT && first != syscall.SIGTERM {
		t.Errorf("exit status %d, want 130 or 143", 128+first)
	}
	if want := fmt.Sprintf("ipcbench: ended by %v before it was done\n", first); s.stderr.String() != want {
		t.Errorf("it wrote %q, want %q", s.stderr.String(), want)
	}
}

// Ctrl-Z stops all processes of a command, and the launch that it stopped is
// untrusted and repeated.
func TestStopsWithItsProcesses(t *testing.T) {
	need.Time(t)
	self := side(t)
	for name, args := range map[string][]string{
		"run": {"run"},
		"ab":  {"ab", "--a", self, "--b", self},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, "command", append(append(args, "--launches", "1"), onePipe("500ms")...)...)
			s.eventually("worker at work", func() bool { return s.workers() == 2 })
			s.Process.Signal(syscall.SIGTSTP)
			s.eventually("stop of all", func() bool {
				return !slices.ContainsFunc(s.family(), func(r relative) bool { return r.state != "T" && r.state != "Z" })
			})
			s.Process.Signal(syscall.SIGCONT)
			status, all := s.status(), s.records()
			// On a busy machine all launches may be untrusted, and leave ab nothing to compare.
			if status < 0 || slices.ContainsFunc(all, func(r results.Record) bool { return r.Outcome == results.Failed }) {
				t.Errorf("exit status %d\n%s", status, s.stderr.String())
			}
			i := slices.IndexFunc(all, func(r results.Record) bool {
				return r.Outcome == results.Untrusted && r.Reason == "a worker was stopped or continued by a signal"
			})
			if i < 0 || !slices.ContainsFunc(all, func(r results.Record) bool {
				return r.Cell == all[i].Cell && r.Launch == all[i].Launch && r.Attempt == 2
			}) {
				t.Errorf("no launch was stopped and repeated, of %d", len(all))
			}
		})
	}
}
