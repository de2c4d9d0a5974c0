package runner

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/host"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

var (
	kills    = flag.Int("kills", 40, "processes that the kill tests kill at a random time")
	launches = flag.Int("launches", 200, "launches of the soak test")
	seed     = flag.Uint64("seed", uint64(time.Now().UnixNano()), "of the random times")
)

// What the test binary is to be when it executes itself: one of impersonates.
const envImpersonate = "IPCBENCH_TEST"

var impersonates = map[string]func() int{}

// ownIPC is set in a test process with an IPC namespace of its own.
const envOwnIPC = "IPCBENCH_TEST_OWN_IPC"

func TestMain(m *testing.M) {
	Init()
	if kind := os.Getenv(envImpersonate); kind != "" {
		os.Exit(impersonates[kind]())
	}
	leaveIPC()
	flag.Parse()
	os.Exit(inPrivate(m.Run))
}

// leaveIPC gives the whole test process an IPC namespace of its own where it
// may have one, so that what others do meanwhile is not taken for a leak: the
// thread leaves the old one and executes the program anew.
func leaveIPC() {
	if os.Getenv(envOwnIPC) != "" {
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if unix.Unshare(unix.CLONE_NEWIPC) != nil {
		return
	}
	self, err := os.Executable()
	if err == nil {
		err = syscall.Exec(self, os.Args, append(os.Environ(), envOwnIPC+"=1"))
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// private is where all files and journals of the tests are, whoever makes
// them. It stands in the environment of every process of a session: its mark.
var private string

// inPrivate runs the tests with directories of their own.
func inPrivate(run func() int) int {
	var err error
	if private, err = os.MkdirTemp("", "runner-test-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(private)
	tmp := filepath.Join(private, "tmp")
	if err := os.Mkdir(tmp, 0o700); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	os.Setenv("TMPDIR", tmp)
	os.Setenv("XDG_STATE_HOME", filepath.Join(private, "state"))
	return run()
}

// opened are the sessions that tests have not closed yet.
var opened []*Session

// startSession starts a session and ends it with the test, when nothing may be
// left of it.
func startSession(t *testing.T, o Options) *Session {
	t.Helper()
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	opened = append(opened, s)
	t.Cleanup(func() {
		opened = slices.DeleteFunc(opened, func(o *Session) bool { return o == s })
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		nothingLeft(t)
	})
	return s
}

// isolated names the values of Options.Shared in subtests.
var isolated = map[bool]string{false: "namespaces", true: "shared"}

// testCells are cells of every mechanism and the workloads with links,
// mechanism by mechanism.
func testCells(t testing.TB) (cells []results.Cell) {
	t.Helper()
	cpus, err := host.ReadCPUs(host.Root)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []string{"PingPong", "Stream", "FanIn"} {
		for _, m := range mechanisms.All() {
			c := results.Cell{Workload: w, Mechanism: m.Name, Size: 64, Place: "free"}
			if w == "FanIn" {
				c.Peers = 2
			}
			if err := Admit(c, cpus); err != nil {
				t.Logf("left out: %v", err)
				continue
			}
			cells = append(cells, c)
		}
	}
	if len(cells) == 0 {
		t.Fatal("this machine admits no cell")
	}
	return cells
}

func random(t testing.TB) *rand.Rand {
	t.Helper()
	t.Logf("-seed=%d", *seed)
	return rand.New(rand.NewPCG(*seed, 1))
}

// patience is how long anything may take to go away.
const patience = 2 * time.Second

// eventually polls until done, which it reports.
func eventually(done func() bool) bool {
	for deadline := time.Now().Add(patience); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// told is what one test was blamed for already.
var told = map[string]bool{}

// nothingLeft checks that all processes, objects and files of our sessions
// are gone, save what those that are open hold between launches.
func nothingLeft(t *testing.T) {
	t.Helper()
	var left []string
	first := remains()
	if !eventually(func() bool {
		left = remains()
		left = slices.DeleteFunc(left, func(s string) bool {
			// Where others make objects too, only what stays is left behind.
			return told[s] || os.Getenv(envOwnIPC) == "" && !slices.Contains(first, s)
		})
		return len(left) == 0
	}) {
		for _, s := range left {
			told[s] = true
		}
		t.Errorf("left after %v:\n%s", patience, strings.Join(left, "\n"))
	}
}

func remains() (left []string) {
	var alive []int
	held := false
	for _, s := range opened {
		if s.child != nil {
			alive = append(alive, s.child.pid)
			held = held || s.journal != ""
		}
	}
	for _, p := range ourProcesses() {
		if !slices.Contains(alive, p.pid) {
			left = append(left, fmt.Sprintf("process %d: %s", p.pid, p.command))
		}
	}
	left = append(left, sysvObjects()...)
	filepath.WalkDir(private, func(path string, d fs.DirEntry, err error) error {
		ours := strings.HasPrefix(filepath.Base(path), "ipcbench-") || strings.HasSuffix(path, ".journal")
		if err == nil && (ours && !held || d.Type()&fs.ModeNamedPipe != 0) {
			left = append(left, path)
		}
		return nil
	})
	for _, pid := range alive {
		for _, o := range within(pid) {
			left = append(left, "in the namespace of session "+strconv.Itoa(pid)+": "+o)
		}
	}
	return left
}

// sysvObjects lists the System V objects in the IPC namespace of the calling
// thread: all of them, or this user's where the namespace is the host's.
func sysvObjects() (objects []string) {
	for _, kind := range []string{"shm", "sem", "msg"} {
		b, err := os.ReadFile("/proc/sysvipc/" + kind)
		if err != nil {
			continue
		}
		header, list, _ := strings.Cut(string(b), "\n")
		uid := slices.Index(strings.Fields(header), "cuid")
		for line := range strings.Lines(list) {
			f := strings.Fields(line)
			if os.Getenv(envOwnIPC) != "" || f[uid] == strconv.Itoa(os.Geteuid()) {
				objects = append(objects, kind+" "+f[1])
			}
		}
	}
	return objects
}

// within lists what a session holds in an IPC namespace and on a tmpfs of its
// own. Only root may enter.
func within(pid int) []string {
	ours, _ := os.Readlink("/proc/self/ns/ipc")
	theirs, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/ipc", pid))
	if err != nil || ours == theirs || os.Geteuid() != 0 {
		return nil
	}
	paths, _ := filepath.Glob(fmt.Sprintf("/proc/%d/root/dev/shm/*", pid))
	return append(inNamespace(pid, sysvObjects), paths...)
}

// inNamespace calls f on a thread that has entered the IPC namespace of pid
// and ends afterwards.
func inNamespace(pid int, f func() []string) (answer []string) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread is not to be used again
		ns, err := os.Open(fmt.Sprintf("/proc/%d/ns/ipc", pid))
		if err == nil {
			err = unix.Setns(int(ns.Fd()), unix.CLONE_NEWIPC)
			ns.Close()
		}
		if err != nil {
			answer = []string{err.Error()}
			return
		}
		answer = f()
	}()
	<-done
	return answer
}

// proc is a process as /proc shows it.
type proc struct {
	pid, parent int
	state       string
	command     string // arguments, separated by spaces
}

// ourProcesses lists the sessions and workers that carry our mark in their
// environment. One that is dead has none.
func ourProcesses() (all []proc) {
	mark := []byte("TMPDIR=" + private + "/")
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		env, err := os.ReadFile(dir + "/environ")
		if err != nil || !bytes.Contains(env, mark) || !bytes.Contains(env, []byte(envProcess+"=")) {
			continue
		}
		if p, err := readProc(dir); err == nil {
			all = append(all, p)
		}
	}
	return all
}

func readProc(dir string) (p proc, err error) {
	stat, err := os.ReadFile(dir + "/stat")
	if err != nil {
		return p, err
	}
	f := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	command, err := os.ReadFile(dir + "/cmdline")
	p.state, p.command = f[0], strings.TrimRight(strings.ReplaceAll(string(command), "\x00", " "), " ")
	p.parent, _ = strconv.Atoi(f[1])
	p.pid, _ = strconv.Atoi(filepath.Base(dir))
	return p, err
}

// signal sends sig to the process if it is still the one that was found.
func (p proc) signal(sig unix.Signal) error {
	fd, err := unix.PidfdOpen(p.pid, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	if now, err := readProc(fmt.Sprintf("/proc/%d", p.pid)); err != nil || now.command != p.command {
		return errors.Join(err, unix.ESRCH)
	}
	return unix.PidfdSendSignal(fd, sig, nil, 0)
}

// cpuTime is what the process has used so far.
func cpuTime(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/schedstat", pid)) // of the main thread, proc(5)
	if err != nil {
		return 0
	}
	ns, _ := strconv.ParseInt(strings.Fields(string(b))[0], 10, 64)
	return time.Duration(ns)
}

func stateOf(pid int) string {
	p, _ := readProc(fmt.Sprintf("/proc/%d", pid))
	return p.state
}
