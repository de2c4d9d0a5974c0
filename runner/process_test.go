package runner

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"ipcbench/internal/need"
	"ipcbench/results"
)

// helper starts the program as a session or worker would be, with f as its
// control descriptor, and returns how it ended and what it said.
func helper(t *testing.T, kind, token string, f *os.File) (status int, stderr string) {
	t.Helper()
	c := exec.Command("/proc/self/exe")
	c.Env = []string{envProcess + "=" + kind, envToken + "=" + token}
	if f != nil {
		c.ExtraFiles = []*os.File{f}
	}
	var b bytes.Buffer
	c.Stderr = &b
	var exit *exec.ExitError
	if err := unlessHung(c.Start, c.Wait, func() { c.Process.Kill() }); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), b.String()
}

// control is a control connection; its far end is for a child.
func control(t *testing.T) (near *conn, far *os.File) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	near, far = newConn(fds[0]), os.NewFile(uintptr(fds[1]), "far")
	t.Cleanup(func() { near.f.Close(); far.Close() })
	return near, far
}

// No process becomes a session or a worker because of a stray variable.
func TestHelperWantsParent(t *testing.T) {
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	_, socket := control(t)
	line := regexp.MustCompile(`^ipcbench: IPCBENCH_PROCESS=\w+ is set, but no parent is on descriptor 3: .*\n$`)
	for _, c := range []struct {
		what, kind, token string
		fd                *os.File
	}{
		{"no descriptor", "session", "x", nil},
		{"no descriptor", "worker", "x", nil},
		{"no socket", "worker", "x", null},
		{"no token", "session", "", socket},
	} {
		status, stderr := helper(t, c.kind, c.token, c.fd)
		if status != 2 || !line.MatchString(stderr) {
			t.Errorf("%s as %s: exit status %d, %q", c.what, c.kind, status, stderr)
		}
	}
}

// A socket that another process made is not from the parent.
func TestHelperWantsItsOwnParent(t *testing.T) {
	near, far := control(t)
	unix.Shutdown(int(near.f.Fd()), unix.SHUT_WR) // one that believed it would read the end, and exit
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(sh, "-c", `"$0"; exit $?`, self) // the shell is the parent; the socket is ours
	c.Env = []string{envProcess + "=worker", envToken + "=x"}
	c.ExtraFiles = []*os.File{far}
	out, _ := c.CombinedOutput()
	if c.ProcessState.ExitCode() != 2 || !bytes.Contains(out, []byte("no parent is on descriptor 3")) {
		t.Errorf("exit status %d, %q", c.ProcessState.ExitCode(), out)
	}
}

func TestHelperOfUnknownKind(t *testing.T) {
	_, far := control(t)
	if status, stderr := helper(t, "gremlin", "x", far); status != 2 || !strings.Contains(stderr, "gremlin") {
		t.Errorf("exit status %d, %q", status, stderr)
	}
}

func TestHelperWantsToken(t *testing.T) {
	for kind, said := range map[string]any{
		"session":   request{Token: "wrong", Setup: &setup{}},
		"worker":    assignment{Token: "wrong", Cell: results.Cell{Workload: "Stream"}},
		"scheduled": assignment{Token: "wrong", Cell: results.Cell{Workload: "Stream"}},
	} {
		near, far := control(t)
		line, err := json.Marshal(said)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := near.f.Write(append(line, '\n')); err != nil {
			t.Fatal(err)
		}
		status, stderr := helper(t, kind, "right", far)
		var answer struct{ Error *wireError }
		if kind != "session" {
			if err := near.Receive(&answer); err != nil {
				t.Fatal(err)
			}
			stderr += answer.Error.Text
		}
		if status == 0 || !strings.Contains(stderr, "token") {
			t.Errorf("%s: exit status %d, %q", kind, status, stderr)
		}
	}
}

// What the user's environment holds stays with the coordinator, and workers that
// root starts have no more rights than any user.
func TestWorkersAreBare(t *testing.T) {
	t.Setenv("LD_PRELOAD", "/nonexistent.so")
	t.Setenv("SECRET", "x")
	t.Setenv("GODEBUG", "gctrace=1")
	t.Setenv("GOMAXPROCS", "7") // for all but workers
	allowed := []string{envProcess, envToken, "GOCOVERDIR", "GORACE", "GOTRACEBACK", "TMPDIR", "GOGC", "GODEBUG", "GOMAXPROCS"}
	for shared, name := range isolated {
		t.Run(name, func(t *testing.T) {
			s := startSession(t, Options{Shared: shared})
			l, err := s.Open(pipePong)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range l.Workers {
				for key, value := range environ(t, w.PID) {
					if !slices.Contains(allowed, key) || strings.Contains(value, "gctrace") || key == "GOMAXPROCS" && value != "1" {
						t.Errorf("%s got %s=%s", w.Role, key, value)
					}
				}
				if caps := statusField(t, w.PID, "CapEff"); strings.Trim(caps, "0") != "" {
					t.Errorf("%s has capabilities %s", w.Role, caps)
				}
				if caps := statusField(t, w.PID, "CapPrm"); strings.Trim(caps, "0") != "" {
					t.Errorf("%s may have capabilities %s", w.Role, caps)
				}
			}
			if _, err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Settings for all processes of a run reach its session and its workers, besides the
// workers' own.
func TestProcessesTakeSettings(t *testing.T) {
	const setting = "cpu.sse42=off"
	t.Setenv(EnvDebug, setting)
	l, err := startSession(t, Options{}).Open(pipePong)
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range l.PIDs() {
		if got := environ(t, pid)["GODEBUG"]; got != "asyncpreemptoff=1,containermaxprocs=0,memprofilerate=0,"+setting {
			t.Errorf("a worker has GODEBUG=%s", got)
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		var parent int
		if _, err := fmt.Sscanf(string(stat[1+bytes.LastIndexByte(stat, ')'):]), " %s %d", new(string), &parent); err != nil {
			t.Fatal(err)
		}
		if got := environ(t, parent)["GODEBUG"]; got != setting {
			t.Errorf("the session has GODEBUG=%s", got)
		}
	}
	if _, err := l.Close(); err != nil {
		t.Error(err)
	}
}

// A worker holds nothing open but its control connection and its ends.
func TestWorkersHoldNothingElse(t *testing.T) {
	s := startSession(t, Options{})
	l, err := s.Open(pipePong)
	if err != nil {
		t.Fatal(err)
	}
	ours := footprintOf(t, os.Getpid()).files // some come from what runs the test, and go on to all
	for _, w := range l.Workers {
		pipes, sockets := 0, 0
		for _, f := range footprintOf(t, w.PID).files {
			switch kind, _, _ := strings.Cut(f, ":"); {
			case slices.Contains(ours, f):
			case kind == "pipe":
				pipes++
			case kind == "socket":
				sockets++
			}
		}
		if pipes != 2 || sockets != 1 {
			t.Errorf("%s holds %d pipes and %d sockets: %q", w.Role, pipes, sockets, footprintOf(t, w.PID).files)
		}
	}
	if _, err := l.Close(); err != nil {
		t.Error(err)
	}
}

func environ(t *testing.T, pid int) map[string]string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for line := range strings.SplitSeq(strings.TrimRight(string(b), "\x00"), "\x00") {
		key, value, _ := strings.Cut(line, "=")
		if before, twice := env[key]; twice {
			t.Errorf("process %d has %s twice, %q and %q", pid, key, before, value)
		}
		env[key] = value
	}
	if env[envProcess] == "" {
		t.Errorf("process %d is none of ours: %q", pid, env)
	}
	return env
}

func statusField(t *testing.T, pid int, key string) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(b), "\n"+key+":")
	if !ok {
		t.Fatalf("no %s in /proc/%d/status", key, pid)
	}
	value, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(value)
}

// A worker that Go's runtime ends with its stacks is named with the first line of
// them, and a file that has the rest. Nothing of them goes to standard error.
func TestDumpIsKept(t *testing.T) {
	need.Time(t)
	dumps := t.TempDir()
	t.Setenv("TMPDIR", dumps)
	for shared, name := range isolated {
		t.Run(name, func(t *testing.T) {
			s := startSession(t, Options{Shared: shared})
			l, err := s.Open(pipePong)
			if err != nil {
				t.Fatal(err)
			}
			done := make(chan struct{})
			go func() {
				defer close(done)
				workerOf(t, s).signal(unix.SIGQUIT)
			}()
			_, err = l.Round(Timed, 1<<30, 0)
			<-done
			var death *DeathError
			if !errors.As(err, &death) || death.Exit != 2 {
				t.Fatalf("a worker got SIGQUIT, and the error is: %v", err)
			}
			m := regexp.MustCompile(`: exited with status 2: SIGQUIT: quit \(all of it is in (\S+)\)$`).FindStringSubmatch(err.Error())
			if m == nil || filepath.Dir(m[1]) != dumps {
				t.Fatalf("want the dump's first line, and its file in %s: %v", dumps, err)
			}
			defer os.Remove(m[1])
			if text, err := os.ReadFile(m[1]); err != nil || !bytes.Contains(text, []byte("goroutine ")) {
				t.Errorf("%v, %d bytes: %.80q", err, len(text), text)
			}
		})
	}
}
