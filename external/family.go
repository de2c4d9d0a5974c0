package external

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/results"
)

// A program's family are the processes that it and its children have started. Where
// this process is the first of a PID namespace, its family is all that is there, and
// goes with it. Elsewhere it is what hangs below this process, to which orphans are
// given by PR_SET_CHILD_SUBREAPER.

// first reports whether this process is the first of a PID namespace.
func first() bool { return os.Getpid() == 1 }

// Adopt makes this process the parent of orphans of the programs that it starts.
func Adopt() error {
	if first() {
		return nil
	}
	return os.NewSyscallError("prctl", unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
}

// descendants are the processes that hang below this one; in a PID namespace the
// threads as well.
func descendants() (all []int) {
	if !first() {
		return below(os.Getpid(), false)
	}
	for pid := 2; pid <= lastPID(); pid++ {
		if unix.Kill(pid, 0) == nil {
			if all = append(all, pid); len(all) > 2*maxProcesses {
				break
			}
		}
	}
	return all
}

// lastPID is the last number that this PID namespace has given to a process or
// thread, proc_loadavg(5).
func lastPID() int {
	text, _ := os.ReadFile("/proc/loadavg")
	fields := strings.Fields(string(text))
	if len(fields) < 5 {
		return maxProcesses
	}
	n, _ := strconv.Atoi(fields[4])
	return n
}

// below are the children of a process, and theirs, proc_pid_task(5); living leaves out
// zombies, which have none.
func below(pid int, living bool) (all []int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		for _, field := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(field); err == nil && len(all) <= 2*maxProcesses && !(living && state(child) == "Z") {
				all = append(append(all, child), below(child, living)...)
			}
		}
	}
	return all
}

// limitProcesses bounds how many processes a program can start between two looks at
// them, RLIMIT_NPROC: by all that there are now and some hundreds, since the limit
// counts those of the user and not of the program. It does not bind root.
func limitProcesses(pid int) {
	text, _ := os.ReadFile("/proc/loadavg")
	var running, all uint64
	fields := strings.Fields(string(text))
	if len(fields) < 4 {
		return
	}
	if n, _ := fmt.Sscanf(fields[3], "%d/%d", &running, &all); n < 2 {
		return
	}
	var limit unix.Rlimit
	if unix.Prlimit(pid, unix.RLIMIT_NPROC, nil, &limit) == nil && limit.Cur > all+4*maxProcesses {
		limit.Cur = all + 4*maxProcesses
		limit.Max = limit.Cur
		unix.Prlimit(pid, unix.RLIMIT_NPROC, &limit, nil)
	}
}

// Killing bounds how long a family's end is tried: a process that waits for a device
// can't be killed.
const Killing = 10 * time.Second

// EndFamily ends what this process has started, and all that hangs below it.
func EndFamily() {
	if !first() { // else it ends with this process
		endBelow(func() {})
	}
}

// killAll ends the program and its family.
func killAll(program int) {
	if first() {
		unix.Kill(-1, unix.SIGKILL) // all but this process
		return
	}
	endBelow(func() { unix.Kill(program, unix.SIGKILL) })
}

// endBelow kills all that hangs below this process, until nothing does. It calls also
// before each look.
func endBelow(also func()) {
	// One that forks meanwhile is found the next time. Zombies would fill the list of a
	// bomb, and hide those that still fork.
	for begun := time.Now(); time.Since(begun) < Killing; {
		also()
		family := below(os.Getpid(), true)
		for _, pid := range family {
			unix.Kill(pid, unix.SIGKILL)
		}
		if len(family) == 0 {
			return
		}
	}
}

// usage is what a program's family has used so far.
type usage struct {
	ran, user, system      int64 // ns: exact; and by the ticks of the kernel
	voluntary, involuntary int64 // context switches
	threads                map[string]sys.ThreadTime
	unread                 bool // the kernel does not show all of it
}

// used reads what the family has used so far.
func used() (u usage) {
	u.threads = map[string]sys.ThreadTime{}
	for _, pid := range descendants() {
		ran, err := processClock(pid, clockSched)
		if err != nil {
			continue // a thread, or it has ended
		}
		user, _ := processClock(pid, clockUser)
		both, _ := processClock(pid, clockBoth)
		u.ran, u.user, u.system = u.ran+ran, u.user+user, u.system+both-user
		if !u.readThreads(outside(pid)) {
			u.unread = true
		}
	}
	return u
}

// Clocks of other processes, as clock_getcpuclockid(3) numbers them
// (include/linux/posix-timers.h).
const (
	clockBoth  = 0
	clockUser  = 1
	clockSched = 2
)

// processClock is the processor time of a process, in ns.
func processClock(pid int, which int32) (int64, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(^int32(pid)<<3|which, &t); err != nil {
		return 0, err
	}
	return t.Nano(), nil
}

// outside is the number of a process as the mounted /proc has it, which may be that
// of another PID namespace; 0: it is not known.
func outside(pid int) int {
	if !first() {
		return pid
	}
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return 0
	}
	defer unix.Close(fd)
	text, _ := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", fd))
	n, _ := strconv.Atoi(field(string(text), "Pid:"))
	return n
}

// field is the value of a line that begins with key.
func field(text, key string) string {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, key); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

// readThreads adds the switches and the waits of a process's threads.
func (u *usage) readThreads(pid int) bool {
	tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, task := range tasks {
		dir := fmt.Sprintf("/proc/%d/task/%s/", pid, task.Name())
		text, err := os.ReadFile(dir + "status")
		if err != nil {
			continue // it has ended
		}
		voluntary, _ := strconv.ParseInt(field(string(text), "voluntary_ctxt_switches:"), 10, 64)
		involuntary, _ := strconv.ParseInt(field(string(text), "nonvoluntary_ctxt_switches:"), 10, 64)
		u.voluntary, u.involuntary = u.voluntary+voluntary, u.involuntary+involuntary
		var t sys.ThreadTime
		sched, _ := os.ReadFile(dir + "schedstat")
		if n, _ := fmt.Sscan(string(sched), &t.Ran, &t.Waited); n < 2 {
			u.unread = true
		}
		u.threads[task.Name()] = t
	}
	return len(tasks) > 0
}

// since is what was used since then, as a worker of a record has it.
func (u usage) since(then usage) (w results.Worker) {
	if u.ran < then.ran { // one of the family has ended, and took its time with it
		return w
	}
	ran, share := u.ran-then.ran, 1.0
	if both := u.user + u.system; both > 0 {
		share = float64(u.user) / float64(both)
	}
	user := int64(share * float64(ran))
	w.UserNs, w.SystemNs, w.EINTR = results.Known(user), results.Known(ran-user), results.Known(int64(0))
	if !u.unread && !then.unread && u.voluntary >= then.voluntary {
		w.Voluntary, w.Involuntary = results.Known(u.voluntary-then.voluntary), results.Known(u.involuntary-then.involuntary)
		w.WaitNs = results.Known(sys.WorstWait(then.threads, u.threads, ran)) // children wait for each other too
	}
	return w
}

// state is that of a process in proc_pid_stat(5): "S", "T"; "?": it is not known.
func state(pid int) string { return stateIn(fmt.Sprintf("/proc/%d/stat", outside(pid))) }

func stateIn(file string) string {
	text, err := os.ReadFile(file)
	at := strings.LastIndexByte(string(text), ')')
	if err != nil || at < 0 || at+2 >= len(text) {
		return "?"
	}
	return string(text[at+2])
}

// affinity are the CPUs that a process may run on.
func affinity(pid int) (cpus []int, err error) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(pid, &set); err != nil {
		return nil, os.NewSyscallError("sched_getaffinity", err)
	}
	for cpu := range 8 * len(set) * 8 {
		if set.IsSet(cpu) {
			cpus = append(cpus, cpu)
		}
	}
	return cpus, nil
}
