package command

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/internal/need"
	"ipcbench/results"
)

// What the process in the role "scarce" takes from its environment.
const (
	envCgroup = "IPCBENCH_TEST_CGROUP" // directory of the one to be in; "": where it is
	envLimits = "IPCBENCH_TEST_LIMITS" // "RESOURCE=N,…": what it may have at most
	envThen   = "IPCBENCH_TEST_THEN"   // the program that it executes then
)

func init() {
	roles["scarce"] = func() int {
		fmt.Fprintln(os.Stderr, scarce())
		return 99
	}
}

// scarce limits this process and executes what is to be tried. It returns an error
// alone.
func scarce() error {
	if dir := os.Getenv(envCgroup); dir != "" {
		if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0); err != nil {
			return err
		}
	}
	for limit := range strings.SplitSeq(os.Getenv(envLimits), ",") {
		if limit == "" {
			continue
		}
		var resource int
		var n uint64
		if _, err := fmt.Sscanf(limit, "%d=%d", &resource, &n); err != nil {
			return err
		}
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: n, Max: n}); err != nil {
			return err
		}
	}
	return syscall.Exec(os.Getenv(envThen), os.Args, os.Environ())
}

// poor is a user that runs nothing else here.
const poor = 54317

// scarcity is something that there is little of: how little, and what a command
// does then.
type scarcity struct {
	name  string
	set   func(t *testing.T, s *started, n int) // limits what is not yet started
	some  []int                                 // values to try
	all   []int                                 // with IPCBENCH_LONG
	mechs string                                // to measure
}

// upTo are the numbers from 0 to n.
func upTo(n int) (all []int) {
	for i := range n + 1 {
		all = append(all, i)
	}
	return all
}

func rlimit(resource int) func(*testing.T, *started, int) {
	return func(t *testing.T, s *started, n int) {
		s.Env = append(s.Env, fmt.Sprintf("%s=%d=%d", envLimits, resource, n))
	}
}

var scarcities = []scarcity{
	{"pids.max", pidsMax, []int{4, 7, 12, 30}, append(upTo(30), 32, 34, 36, 40, 60), "pipe"},
	{"RLIMIT_NPROC", nproc, []int{5, 9, 30}, append(upTo(30), 32, 34, 36, 40, 60), "pipe"},
	{"RLIMIT_NOFILE", rlimit(unix.RLIMIT_NOFILE), []int{0, 6, 9, 40}, upTo(44), "pipe"},
	{"RLIMIT_MEMLOCK", rlimit(unix.RLIMIT_MEMLOCK), []int{0}, []int{0, 4096, 64 << 10}, "pipe,iouring,tcpzerocopy"},
	{"RLIMIT_SIGPENDING", rlimit(unix.RLIMIT_SIGPENDING), []int{0}, []int{0, 1, 2, 100}, "pipe,sigrt,signalfd"},
	{"RLIMIT_MSGQUEUE", rlimit(unix.RLIMIT_MSGQUEUE), []int{0}, []int{0, 1, 1000, 10000}, "pipe,posixmq"},
	{"RLIMIT_FSIZE", rlimit(unix.RLIMIT_FSIZE), []int{0, 40 << 10}, []int{0, 1, 4096, 40 << 10, 200 << 10}, "pipe,shmfutex,memfdpass"},
}

// Where little is to be had of something, a command ends, explains in a line of its
// own why it did not do what it was asked for, and does not exit with status 0
// where a cell failed or has no outcome.
func TestScarce(t *testing.T) {
	need.Time(t)
	dir := openDir(t)
	if err := os.WriteFile(filepath.Join(dir, "empty.go"), []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty, command := build(t, dir, filepath.Join(dir, "empty.go")), build(t, dir, "../cmd/ipcbench")
	size := "64"
	if need.Long() {
		size = "64,64KiB"
	}
	for _, c := range scarcities {
		t.Run(c.name, func(t *testing.T) {
			try := func(n int, then string, args ...string) *started {
				s := prepare(t, "scarce", args...)
				s.Env = append(s.Env, envThen+"="+then)
				c.set(t, s, n)
				s.begin()
				return s
			}
			values := c.some
			if need.Long() {
				values = c.all
			}
			for _, n := range values {
				if s := try(n, empty); s.status() != 0 {
					t.Logf("%d: an empty program does not start: %.100q", n, s.stderr.String())
					continue
				}
				sound(t, n, try(n, command, "run", "--workload", "pingpong,notify", "--mech", c.mechs, "--size", size, "--place", "same", "--launches", "1", "--time", "1ms"))
				if need.Long() {
					for _, args := range [][]string{{"list"}, {"explain", "pipe"}, {"semantics", "--mech", "pipe"}, {"doctor"}} {
						sound(t, n, try(n, command, args...))
					}
				}
			}
		})
	}
}

// build builds a program without cgo, as make does, where every user may execute it: one
// that is linked to a library of threads needs more of them. With -trimpath, as make has
// it, all packages were compiled anew, which takes a minute of a CPU.
func build(t *testing.T, dir, source string) string {
	t.Helper()
	program := filepath.Join(dir, "program-"+strconv.Itoa(len(source)))
	c := exec.Command("go", "build", "-ldflags", "-s -w", "-o", program, source)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// openDir makes a directory that every user may enter and write to.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ipcbench-scarce-")
	if err == nil {
		err = os.Chmod(dir, 0o777)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// sound checks how a command ended, and what a run has recorded.
func sound(t *testing.T, n int, s *started) {
	t.Helper()
	status, text := s.status(), s.stderr.String()
	if strings.Contains(text, "goroutine ") && !strings.Contains(text, "\nmain.") {
		t.Logf("%d: %q ended before main, where nothing can be checked: %.100q", n, s.Args[1], text)
		return
	}
	s.orderly()
	switch {
	case status < 0 || status == exitUsage || status > exitUntrusted:
		t.Errorf("%d: %q: %v\n%s", n, s.Args[1:], s.ProcessState, text)
	case status != 0 && !strings.Contains("\n"+text, "\nipcbench: "):
		t.Errorf("%d: %q: exit status %d, and no reason:\n%s", n, s.Args[1:], status, text)
	case status == 0 && s.Args[1] == "run":
		outcomes := map[string]results.Outcome{}
		for _, r := range s.records() {
			outcomes[r.Cell.Asked().Name()] = r.Outcome
		}
		for _, name := range s.planned() {
			if o := outcomes[name]; o == "" || o == results.Failed {
				t.Errorf("%d: exit status 0, and the outcome of %s is %q\n%s", n, name, o, text)
			}
		}
	}
	t.Logf("%d: %q: exit status %d: %.150q", n, s.Args[1], status, text[strings.LastIndexByte(strings.TrimSpace(text), '\n')+1:])
}

// planned are the names of the cells of the run in the command's directory.
func (s *started) planned() (names []string) {
	s.t.Helper()
	paths, _ := filepath.Glob(filepath.Join(s.Dir, "results", "runs", "*", results.HeaderFile))
	for _, path := range paths {
		var header struct{ Plan bench.Plan }
		text, err := os.ReadFile(path)
		if err == nil {
			err = json.Unmarshal(text, &header)
		}
		if err != nil {
			s.t.Error(err)
		}
		for _, c := range header.Plan.Cells {
			names = append(names, c.Name())
		}
	}
	if names == nil {
		s.t.Errorf("%q planned nothing", s.Args)
	}
	return names
}

// nproc runs the command as a user that may have so many processes and threads:
// root is not held to it.
func nproc(t *testing.T, s *started, n int) {
	if os.Geteuid() != 0 {
		t.Skip("only root may become a user that runs nothing else")
	}
	s.Dir = openDir(t)
	s.Env = append(s.Env, "HOME="+s.Dir, "XDG_STATE_HOME="+s.Dir, "TMPDIR="+s.Dir)
	s.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: poor, Gid: poor}}
	rlimit(unix.RLIMIT_NPROC)(t, s, n)
}

// pidsMax runs the command in a cgroup that may have so many.
func pidsMax(t *testing.T, s *started, n int) {
	t.Helper()
	dir, err := makeCgroup()
	if err != nil {
		t.Skipf("no cgroup with pids.max can be made: %v", err)
	}
	t.Cleanup(func() { os.Remove(dir) })
	// The process is there before it executes what is to be tried.
	if err := os.WriteFile(filepath.Join(dir, "pids.max"), []byte(strconv.Itoa(n)), 0); err != nil {
		t.Fatal(err)
	}
	s.Env = append(s.Env, envCgroup+"="+dir)
}

// makeCgroup makes a cgroup with the controller of processes, below this one's.
func makeCgroup() (dir string, err error) {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return "", err
	}
	err = fmt.Errorf("/proc/self/cgroup names none: %q", text)
	for line := range strings.Lines(string(text)) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, path, _ := strings.Cut(rest, ":")
		var mount string
		switch controllers {
		case "pids":
			mount = "/sys/fs/cgroup/pids"
		case "":
			mount = "/sys/fs/cgroup"
		default:
			continue
		}
		if dir, err = os.MkdirTemp(filepath.Join(mount, path), "ipcbench-test-"); err != nil {
			continue
		}
		if _, err = os.Stat(filepath.Join(dir, "pids.max")); err == nil {
			return dir, nil
		}
		os.Remove(dir)
	}
	return "", err
}
