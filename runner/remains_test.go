package runner

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/apart"
)

// patience is how long anything may take to begin, or to go away, on a machine
// that is busy with other things.
const patience = 10 * time.Second

// eventually polls until done, which it reports.
func eventually(done func() bool) bool {
	for deadline := time.Now().Add(patience); !done(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

// reported is what one test has failed for already.
var reported = map[string]bool{}

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
			return reported[s] || !apart.Own() && !slices.Contains(first, s)
		})
		return len(left) == 0
	}) {
		for _, s := range left {
			reported[s] = true
		}
		t.Errorf("left after %v:\n%s", patience, strings.Join(left, "\n"))
	}
}

func remains() (left []string) {
	var alive []int
	held := false
	for _, s := range opened {
		if s.child != nil {
			alive = append(alive, s.child.PID)
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
			if apart.Own() || f[uid] == strconv.Itoa(os.Geteuid()) {
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
	var paths []string
	// On the machine's own /dev/shm other programs' files lie too.
	if theirShm := fmt.Sprintf("/proc/%d/root/dev/shm", pid); device(theirShm) != device("/dev/shm") {
		paths, _ = filepath.Glob(theirShm + "/*")
	}
	return append(inNamespace(pid, sysvObjects), paths...)
}

// device is the number of the file system that a path is on; 0 if there is none.
func device(path string) uint64 {
	var st unix.Stat_t
	unix.Stat(path, &st)
	return uint64(st.Dev)
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

// cpuTime is what all threads of the process have used so far, proc(5): a plain
// Go program plays its rounds on any of them.
func cpuTime(pid int) (used time.Duration) {
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	for _, path := range threads {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		if f := strings.Fields(string(b)); len(f) > 0 {
			ns, _ := strconv.ParseInt(f[0], 10, 64)
			used += time.Duration(ns)
		}
	}
	return used
}

func stateOf(pid int) string {
	p, _ := readProc(fmt.Sprintf("/proc/%d", pid))
	return p.state
}
