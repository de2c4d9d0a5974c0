package semantics

import (
	"bufio"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/apart"
	testneed "ipcbench/internal/need" // this package has needs of its own
	"ipcbench/internal/objects"
	"ipcbench/internal/sys"
)

// left is what this process holds, and what its checks have made: descriptors,
// processes, names and, in a namespace of the tests' own, System V objects and
// message queues. In the host's those of other runs come and go.
func left(t *testing.T, dir string) (all []string) {
	t.Helper()
	poller()
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		if target, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil {
			all = append(all, "descriptor "+fd.Name()+" "+target)
		}
	}
	for _, kind := range []string{"shm", "sem", "msg"} {
		text, err := os.ReadFile("/proc/sysvipc/" + kind)
		if err != nil {
			continue
		}
		for row := range strings.Lines(string(text)) {
			all = append(all, kind+" "+strings.Join(strings.Fields(row)[:2], " "))
		}
	}
	names, _ := filepath.Glob(filepath.Join(dir, "*"))
	journals, _ := filepath.Glob(filepath.Join(state, "ipcbench", "*"))
	names = append(names, journals...)
	if queuesIn != "" {
		queues, _ := filepath.Glob(filepath.Join(queuesIn, "*"))
		names = append(names, queues...)
	}
	return slices.Concat(all, names, ours())
}

// poller has Go's runtime open what it keeps for itself.
var poller = sync.OnceFunc(func() {
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
})

// seeQueues mounts what shows the POSIX message queues of the namespace, for the
// time of the test. Only root may.
func seeQueues(t *testing.T) {
	t.Helper()
	if !apart.Own() || os.Geteuid() != 0 {
		return
	}
	dir := t.TempDir()
	if err := errors.Join(syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""), syscall.Mount("none", dir, "mqueue", 0, "")); err != nil {
		t.Fatal(err)
	}
	queuesIn = dir
	t.Cleanup(func() {
		queuesIn = ""
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
}

// queuesIn is where seeQueues has mounted them; "" where it has not.
var queuesIn string

// ours are the processes of checks of this test binary.
func ours() (all []string) {
	stats, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		if role, _, _ := strings.Cut(string(text), "\x00"); slices.Contains([]string{"ipcbench-check", "ipcbench-peer", "ipcbench-keeper"}, role) {
			env, _ := os.ReadFile(filepath.Join(filepath.Dir(path), "environ"))
			if strings.Contains(string(env), "PATH="+os.Getenv("PATH")) && owned(path) {
				all = append(all, "process "+filepath.Base(filepath.Dir(path))+" "+role)
			}
		}
	}
	return all
}

// owned reports whether a process is of this test: other tests run checks too.
func owned(path string) bool {
	exe, err := os.Readlink(filepath.Join(filepath.Dir(path), "exe"))
	self, err2 := os.Readlink("/proc/self/exe")
	return err == nil && err2 == nil && exe == self
}

// needApart skips the test where objects of other runs could be taken for those
// of the checks.
func needApart(t *testing.T) {
	t.Helper()
	if !apart.Own() {
		t.Skip("IPC namespaces are refused here, unshare(2): other runs may make objects meanwhile")
	}
}

// restored waits until nothing is left that was not there before.
func restored(t *testing.T, before []string, dir string) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for late := time.Now().Add(20 * time.Second); ; <-look.C {
		more := slices.DeleteFunc(left(t, dir), func(s string) bool { return slices.Contains(before, s) })
		if len(more) == 0 {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("left behind: %s", strings.Join(more, ", "))
		}
	}
}

// A run whose checks get a lie for an answer leaves nothing. Of other runs, run
// sees to that. Such a check takes a process of its own: all take half of the time of
// these tests. One in four is tried, from a random one on, and all with
// IPCBENCH_LONG=1.
func TestLeavesNothing(t *testing.T) {
	needApart(t)
	seeQueues(t)
	for _, refuse := range []bool{false, true} {
		checks := Checks()
		if !refuse {
			checks = ofNamespaces() // the others are the same with and without
		}
		if checks = sample(t, checks); !testing.Short() && !testneed.Long() {
			checks = oneIn(t, 4, checks)
		}
		lies := map[string]*Lie{}
		for _, c := range checks {
			lies[c.ID] = &Lie{2, "errno"}
		}
		run(t, checks, Options{refuse: refuse, lies: lies, Deadline: 8 * time.Second})
	}
}

// A run that SIGKILL ends, at any moment, leaves nothing either: in a private
// namespace, and where there is none.
func TestKilledLeavesNothing(t *testing.T) {
	if os.Getenv("IPCBENCH_TEST_VICTIM") != "" {
		victim(t)
		return
	}
	needApart(t)
	seeQueues(t)
	rounds := 6
	switch {
	case testing.Short():
		rounds = 4
	case testneed.Long():
		rounds = 12
	}
	for i := range rounds {
		dir := t.TempDir()
		before := left(t, dir)
		killVictim(t, dir, i%2 == 1)
		restored(t, before, dir)
	}
}

// killVictim starts a run and ends it at some moment. With its keeper, it does so
// to that first.
func killVictim(t *testing.T, dir string, refuse bool, also ...string) {
	t.Helper()
	cmd := exec.Command("/proc/self/exe", "-test.run=^TestKilledLeavesNothing$")
	cmd.Env = append(os.Environ(), "IPCBENCH_TEST_VICTIM="+dir, "IPCBENCH_TEST_REFUSE="+map[bool]string{true: "1"}[refuse], "IPCBENCH_TEST_FIRST="+strconv.Itoa(rand.IntN(len(Checks()))))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// At some moment of what comes after some statement: one takes some 40 ms.
	lines := bufio.NewScanner(out)
	for n := rand.IntN(4); n >= 0 && lines.Scan(); n-- {
	}
	<-time.After(time.Duration(rand.Int64N(int64(80 * time.Millisecond))))
	for _, p := range ours() {
		if f := strings.Fields(p); slices.Contains(also, f[2]) {
			pid, _ := strconv.Atoi(f[1])
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // the pipe is the victim's alone: its checks have another
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("it was to be killed, and ended with %v", err)
	}
}

// Where the keeper is killed too, the journal has what is left, and ipcbench clean
// removes it.
func TestKilledWithItsKeeper(t *testing.T) {
	needApart(t)
	seeQueues(t)
	for range 3 {
		dir := t.TempDir()
		before := left(t, dir)
		killVictim(t, dir, true, "ipcbench-keeper")
		paths, err := objects.Journals()
		if err != nil || len(paths) != 1 {
			t.Fatalf("journals: %v, %v; want one", paths, err)
		}
		if err := objects.Keep(paths[0]); err != nil { // as clean does, when the last check has gone
			t.Error(err)
		}
		restored(t, before, dir)
	}
}

func victim(t *testing.T) {
	o := Options{dirBase: os.Getenv("IPCBENCH_TEST_VICTIM"), refuse: os.Getenv("IPCBENCH_TEST_REFUSE") == "1",
		Seen: func(f Finding) { fmt.Println(f.ID) }}
	first, err := strconv.Atoi(os.Getenv("IPCBENCH_TEST_FIRST"))
	if err != nil {
		t.Fatal(err)
	}
	checks := slices.Concat(Checks()[first:], Checks()[:first])
	for {
		if _, err := Run(t.Context(), checks, o); err != nil {
			t.Fatal(err)
		}
	}
}

// A removal that fails keeps no other from being made.
func TestRemovalsGoOn(t *testing.T) {
	k := &kernel{host: newHost(), making: new(sync.Mutex), errnos: map[syscall.Errno]int{}}
	k.proc = &proc{k: k, pid: os.Getpid()}
	id, err := sys.Semget(unix.IPC_PRIVATE, 1, 0o600)
	if err != nil {
		t.Skip("semget: ", err)
	}
	check := Check{Observe: func(k *kernel) string {
		k.mine = []request{{Op: "semrm", Args: []int{id}}, {Op: "there is no such call", Args: []int{0}}}
		return ""
	}}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("the failure was forgotten")
			}
		}()
		check.observe(k)
	}()
	if a := (request{Op: "semrm", Args: []int{id}}).perform(); a.Errno != unix.EINVAL && a.Errno != unix.EIDRM {
		t.Errorf("the set was still there: IPC_RMID %v", a)
	}
}
