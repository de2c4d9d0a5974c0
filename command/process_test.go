package command

import (
	"bytes"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"ipcbench/results"
)

// envRole holds the key of roles that the test binary is to be when it executes
// itself.
const envRole = "IPCBENCH_TEST_ROLE"

var roles = map[string]func() int{"command": func() int { Main(); return 0 }}

// started is the command as a process, in a directory of its own.
type started struct {
	*exec.Cmd
	t      *testing.T
	stderr bytes.Buffer
	over   chan struct{} // closed when it has ended
}

// unhurried is a deadline that nothing misses but what hangs, however busy the
// machine is.
const unhurried = time.Minute

// start starts the test binary in that role.
func start(t *testing.T, role string, args ...string) *started {
	t.Helper()
	s := prepare(t, role, args...)
	s.begin()
	return s
}

func prepare(t *testing.T, role string, args ...string) *started {
	s := &started{t: t, Cmd: exec.Command("/proc/self/exe", args...), over: make(chan struct{})}
	s.Dir = t.TempDir()
	s.Env = append(os.Environ(), envRole+"="+role, "HOME="+s.Dir, "XDG_STATE_HOME="+s.Dir)
	s.Stderr = &s.stderr
	if signal.Ignored(syscall.SIGHUP) { // by nohup(1); what is caught here is not ignored there
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	return s
}

func (s *started) begin() {
	s.t.Helper()
	if err := s.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() { defer close(s.over); s.Wait() }()
	s.t.Cleanup(func() { s.Process.Kill(); <-s.over })
}

// status is the exit status, once it has ended. One that hangs is killed.
func (s *started) status() int {
	s.t.Helper()
	select {
	case <-s.over:
	case <-time.After(unhurried):
		s.Process.Kill()
		<-s.over
		s.t.Errorf("%q does not end:\n%s", s.Args, s.stderr.String())
	}
	return s.ProcessState.ExitCode()
}

// eventually polls until done. A command that ends before is a failure.
func (s *started) eventually(what string, done func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(unhurried); !done(); time.Sleep(time.Millisecond) {
		select {
		case <-s.over:
			s.t.Fatalf("%q ended before %s: %v\n%s", s.Args, what, s.ProcessState, s.stderr.String())
		default:
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%q: no %s", s.Args, what)
		}
	}
}

// family are the command and the processes that it has started, with their
// commands and states.
func (s *started) family() (all []relative) {
	all = []relative{{pid: s.Process.Pid}}
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	parents := map[int][]relative{}
	for _, dir := range dirs {
		stat, err := os.ReadFile(dir + "/stat")
		i := bytes.LastIndexByte(stat, ')')
		if err != nil || i < 0 {
			continue // it has ended
		}
		fields := strings.Fields(string(stat[i+1:]))
		command, _ := os.ReadFile(dir + "/cmdline")
		pid, _ := strconv.Atoi(filepath.Base(dir))
		parent, _ := strconv.Atoi(fields[1])
		parents[parent] = append(parents[parent], relative{pid, fields[0], strings.ReplaceAll(string(command), "\x00", " ")})
		if pid == s.Process.Pid {
			all[0].state = fields[0]
		}
	}
	for i := 0; i < len(all); i++ {
		all = append(all, parents[all[i].pid]...)
	}
	return all
}

type relative struct {
	pid            int
	state, command string
}

// workers is how many have started.
func (s *started) workers() int {
	n := 0
	for _, r := range s.family() {
		if strings.HasPrefix(r.command, "ipcbench-worker ") {
			n++
		}
	}
	return n
}

// records are those of all runs in the command's directory.
func (s *started) records() (all []results.Record) {
	s.t.Helper()
	dirs, _ := filepath.Glob(filepath.Join(s.Dir, "results", "runs", "*"))
	for _, dir := range dirs {
		if _, err := results.Scan(dir, func(r *results.Record) { all = append(all, *r) }); err != nil {
			s.t.Error(err)
		}
	}
	return all
}

// orderly fails the test where the command did not explain its end in a line.
func (s *started) orderly() {
	s.t.Helper()
	if text := s.stderr.String(); strings.Contains(text, "goroutine ") {
		s.t.Errorf("%q wrote a dump:\n%s", s.Args, text)
	}
}
