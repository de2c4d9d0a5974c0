package command

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/denied"
	"ipcbench/internal/need"
	"ipcbench/mechanisms"
	"ipcbench/results"
	"ipcbench/semantics"
)

// systemCalls are the numbers of all calls of this architecture, by name.
func systemCalls(t *testing.T) map[string]int {
	t.Helper()
	dir, err := exec.Command("go", "list", "-f", "{{.Dir}}", "golang.org/x/sys/unix").Output()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "zsysnum_linux_"+runtime.GOARCH+".go"))
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]int{}
	for _, m := range regexp.MustCompile(`\bSYS_(\w+)\s+= (\d+)`).FindAllStringSubmatch(string(text), -1) {
		calls[strings.ToLower(m[1])], _ = strconv.Atoi(m[2])
	}
	return calls
}

// ended is how a command ended.
type ended struct {
	status         int
	stdout, stderr string
}

// product runs the command line in a process of its own, which finds what more
// says in its environment.
func product(t *testing.T, more []string, args ...string) ended {
	t.Helper()
	c := commandLine(args...)
	dir := t.TempDir()
	c.Env = append(c.Env, append(more, "HOME="+dir, "XDG_STATE_HOME="+dir+"/state")...)
	return ends(t, c)
}

// commandLine is the command line as a process of its own.
func commandLine(args ...string) *exec.Cmd {
	c := exec.Command("/proc/self/exe", args...)
	c.Args[0] = "ipcbench"
	c.Env = os.Environ()
	return c
}

// patient is how long a command may take before it hangs.
const patient = 5 * time.Minute

// ends runs a command until it ends. The status of one that cannot be started
// is -1.
func ends(t *testing.T, c *exec.Cmd) ended {
	t.Helper()
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	if err := c.Start(); err != nil {
		return ended{-1, "", err.Error()}
	}
	c.WaitDelay = patient // a process of its own that outlives it holds its output
	late := time.AfterFunc(patient, func() { c.Process.Kill() })
	c.Wait() // its state says more
	if !late.Stop() {
		t.Fatalf("%q hangs: %s", c.Args, errs.String())
	}
	return ended{c.ProcessState.ExitCode(), out.String(), errs.String()}
}

// measured runs cells of these mechanisms, each in the first workload that it
// plays, and returns the records of their launches.
func measured(t *testing.T, more []string, place string, mechs ...string) (ended, []results.Record) {
	t.Helper()
	dir := t.TempDir()
	end := product(t, more, "run", "--workload", "pingpong,notify", "--mech", strings.Join(mechs, ","), "--size", "64,64KiB", "--place", place,
		"--launches", "1", "--time", "1ms", "--out", dir)
	runs, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(runs) != 1 {
		t.Fatalf("%q %v\n%+v", runs, err, end)
	}
	var records []results.Record
	if _, err := results.Digest(runs[0], func(r *results.Record) { records = append(records, *r) }); err != nil {
		t.Fatalf("%v\n%+v", err, end)
	}
	return end, records
}

// judged returns the findings about these families; none: all.
func judged(t *testing.T, more []string, families ...string) []semantics.Finding {
	t.Helper()
	args := []string{"semantics", "--format", "json"}
	if families != nil {
		args = append(args, "--mech", strings.Join(families, ","))
	}
	end := product(t, more, args...)
	var r semantics.Report
	if err := json.Unmarshal([]byte(end.stdout), &r); err != nil {
		t.Fatalf("%v\n%+v", err, end)
	}
	return r.Findings
}

// asUsual fails the test for cells that failed, and for statements that differ
// or break: none of it is the kernel's, or a mechanism's, doing.
func asUsual(t *testing.T, records []results.Record, findings []semantics.Finding) (skipped map[string]int) {
	t.Helper()
	skipped = map[string]int{}
	for _, r := range records {
		switch r.Outcome {
		case results.Failed:
			t.Errorf("%s: failed: %s", r.Cell.Name(), r.Reason)
		case results.Skipped:
			skipped[r.Reason]++
		}
	}
	for _, f := range findings {
		switch f.Verdict {
		case semantics.Differs, semantics.Broken:
			t.Errorf("%s %s: expected %q, observed %q %s", f.ID, f.Verdict, f.Expect, f.Observed, f.Reason)
		case semantics.Skipped:
			skipped[f.Reason]++
		}
	}
	return skipped
}

// exempt are calls without which no process of Go starts, or none of ours, with
// what needs them. Whatever they refuse, a command ends.
var exempt = map[string]string{
	"access": aProgram, "arch_prctl": aProgram, "brk": aProgram, "set_robust_list": aProgram, "set_tid_address": aProgram, "rseq": aProgram,

	"clock_gettime": goNeeds, "close": goNeeds, "epoll_create1": goNeeds, "epoll_ctl": goNeeds, "epoll_pwait": goNeeds, "eventfd2": goNeeds,
	"fcntl": goNeeds, "fstat": goNeeds, "futex": goNeeds, "getpid": goNeeds, "getrandom": goNeeds, "gettid": goNeeds, "madvise": goNeeds,
	"mmap": goNeeds, "mprotect": goNeeds, "munmap": goNeeds, "nanosleep": goNeeds, "newfstatat": goNeeds, "openat": goNeeds, "read": goNeeds, "readlinkat": goNeeds,
	"rt_sigaction": goNeeds, "rt_sigprocmask": goNeeds, "rt_sigreturn": goNeeds, "sigaltstack": goNeeds, "tgkill": goNeeds, "write": goNeeds,

	"clone": starts, "clone3": starts, "dup3": starts, "execve": starts, "getppid": starts, "kill": starts, "pipe2": starts, "prctl": starts, "setpgid": starts,
	"setsid": starts, "socketpair": starts, "wait4": starts, "waitid": starts, "sendmsg": starts,

	"chdir": keeps, "flock": keeps, "getdents64": keeps, "fchmodat": keeps, "mkdirat": keeps, "pread64": keeps, "renameat": keeps, "unlinkat": keeps,
}

// endless are calls without which no process ends: refused, nothing that was
// started goes away, and nothing can be asked of it. A filter that refuses them
// left 36 processes here that only SIGKILL ended. And getpid: Go takes its EPERM for
// the PID -1 and kills that (reexec.Supervises); TestSupervisesNothing tries it with ENOSYS.
var endless = []string{"exit", "exit_group", "getpid"}

// unchecked are those of exempt that Go's runtime or the dynamic loader of the
// test binary needs before main: no line of ours can explain them.
var unchecked = []string{
	"arch_prctl", "clone", "clone3", "close", "fcntl", "futex", "mmap", "mprotect", "munmap", "openat", "prctl", "read", "rt_sigaction", "rt_sigprocmask",
	"rt_sigreturn", "sigaltstack", "tgkill", "write", "execve", "madvise", "getrandom", "set_tid_address",
}

const (
	aProgram = "the C library of a program that a statement executes"
	goNeeds  = "Go's runtime and its files"
	starts   = "the start and the end of processes, and their control connection"
	keeps    = "directories of results and of objects"
)

// refusals are what a seccomp filter answers, by name.
var refusals = map[string]syscall.Errno{"EPERM": unix.EPERM, "ENOSYS": unix.ENOSYS}

// refuse is the environment in which these calls are refused.
func refuse(t *testing.T, numbers map[string]int, errno string, calls ...string) []string {
	t.Helper()
	var refused []int
	for _, name := range calls {
		if nr, has := numbers[name]; has {
			refused = append(refused, nr)
		} // else this architecture has no such call
	}
	return []string{denied.Refuse(refusals[errno], refused...)}
}

// A refused call skips what needs it, with call, errno and cause, and nothing else.
func TestRefusedCalls(t *testing.T) {
	need.Time(t)
	numbers := systemCalls(t)
	for _, c := range []struct {
		errno, calls string
		skipped      string // mechanisms; pipe is measured beside them
		families     string // of statements that are checked
	}{
		{"EPERM", "vmsplice", "vmsplice", "splice"},
		{"EPERM", "mq_timedsend", "posixmq", "posixmq"},
		{"ENOSYS", "shmget shmat shmctl semget semop semctl semtimedop msgget msgsnd msgrcv msgctl mq_open mq_unlink", "sysvmsg,sysvshm,posixmq", "sysvmsg,posixmq"},
		{"ENOSYS", "memfd_create io_uring_setup", "shmfutex,iouring", "wake"},
		{"EPERM", "signalfd4 rt_tgsigqueueinfo sched_yield", "signalfd,sigrt", ""},
		{"EPERM", "socket", "tcp,unixsock", ""},
		{"EPERM", "umask recvmsg rt_sigtimedwait semtimedop", "", "fifo,unixsocket,socketpair,posixmq,sysvsem"},
		{"ENOSYS", "getuid getgid geteuid getegid", "", "passing"},
		{"EPERM", "getsockopt fsync sched_getaffinity sched_getattr getrusage unshare mount ppoll capget umask setresuid", "", "fd"},
	} {
		t.Run(c.errno+" "+c.calls, func(t *testing.T) {
			more := refuse(t, numbers, c.errno, strings.Fields(c.calls)...)
			var findings []semantics.Finding
			if c.families != "" {
				findings = judged(t, more, strings.Split(c.families, ",")...)
			}
			end, records := measured(t, more, "same", strings.Split(strings.Trim("pipe,"+c.skipped, ","), ",")...)
			asUsual(t, records, findings)
			for _, r := range records {
				switch mech := r.Cell.Mechanism; {
				case mech == "pipe" && r.Outcome == results.Skipped:
					t.Errorf("pipe is skipped: %s", r.Reason)
				case mech != "pipe" && r.Cell.Size <= 64 && strings.Contains(","+c.skipped+",", ","+mech+",") &&
					(r.Outcome != results.Skipped || !r.Unavailable || !strings.Contains(r.Reason, ": "+c.errno+": a seccomp filter is in force")):
					t.Errorf("%s is %s: %q", mech, r.Outcome, r.Reason)
				}
			}
			if end.status == exitFailed || end.status == exitUnavailable {
				t.Errorf("exit status %d: %s", end.status, end.stderr)
			}
		})
	}
}

// Where workers cannot be pinned, those that need not be are measured.
func TestPinningRefused(t *testing.T) {
	need.Time(t)
	more := refuse(t, systemCalls(t), "EPERM", "sched_setaffinity")
	for place, want := range map[string]bool{"same": true, "free": false} {
		_, records := measured(t, more, place, "pipe")
		asUsual(t, records, nil)
		for _, r := range records {
			if (r.Outcome == results.Skipped) != want {
				t.Errorf("%s: %s %s", place, r.Outcome, r.Reason)
			}
		}
	}
}

// callsMade are all calls that a run of every mechanism makes, and the check of
// every statement, by name.
func callsMade(t *testing.T, numbers map[string]int) (made []string) {
	t.Helper()
	dir := t.TempDir()
	measured(t, []string{denied.Report(dir + "/run")}, "same", mechanismNames()...)
	judged(t, []string{denied.Report(dir + "/semantics")})
	var all []int
	for _, file := range []string{dir + "/run", dir + "/semantics"} {
		some, err := denied.Reported(file)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, some...)
	}
	for name, nr := range numbers {
		if slices.Contains(all, nr) {
			made = append(made, name)
		}
	}
	slices.Sort(made)
	return made
}

// Each call that a run of all mechanisms makes, or the check of all statements, is
// refused alone. The list of calls is what a filter sees.
func TestEveryRefusedCall(t *testing.T) {
	if !need.Long() {
		t.Skip("a quarter of an hour: make test-denied plays it")
	}
	numbers := systemCalls(t)
	made := callsMade(t, numbers)
	for _, call := range made {
		if slices.Contains(endless, call) {
			continue
		}
		for _, errno := range slices.Sorted(maps.Keys(refusals)) {
			t.Run(call+" "+errno, func(t *testing.T) {
				more := refuse(t, numbers, errno, call)
				if why := exempt[call]; why != "" {
					end := product(t, more, "run", "--workload", "pingpong", "--mech", "pipe", "--launches", "1", "--time", "1ms", "--out", t.TempDir())
					t.Logf("%s: exit status %d: %.300s", why, end.status, end.stderr)
					if explained := end.status != 2 && !strings.Contains(end.stderr, "goroutine "); !explained && !slices.Contains(unchecked, call) {
						t.Errorf("ends without one line that explains it, and status %d", end.status)
					}
					return
				}
				_, records := measured(t, more, "same", mechanismNames()...)
				for reason, n := range asUsual(t, records, judged(t, more)) {
					t.Logf("%d skipped: %s", n, reason)
				}
			})
		}
	}
	for call := range exempt {
		if !slices.Contains(made, call) {
			t.Logf("%s is exempt, and is not made here", call)
		}
	}
}

// A process that can't know its own PID, or end another, or know when it has ended,
// starts nothing.
func TestSupervisesNothing(t *testing.T) {
	const allow = ": allow the call in the seccomp filter: "
	for _, c := range []struct{ errno, call, line string }{
		{"ENOSYS", "getpid", "a process needs its own PID" + allow + "getpid: function not implemented"},
		{"ENOSYS", "wait4", "a process needs to know when those that it started have ended" + allow + "wait4: function not implemented"},
		{"EPERM", "wait4", "a process needs to know when those that it started have ended" + allow + "wait4: operation not permitted"},
		{"ENOSYS", "kill", "a process needs to end those that it started" + allow + "kill: function not implemented"},
	} {
		end := product(t, refuse(t, systemCalls(t), c.errno, c.call), "run", "--mech", "pipe", "--launches", "1", "--time", "1ms", "--out", t.TempDir())
		if end.status != exitFailed || end.stderr != "ipcbench: "+c.line+"\n" {
			t.Errorf("%s %s: %+v", c.call, c.errno, end)
		}
	}
}

// In a network namespace whose loopback is down the reason says so.
func TestLoopbackDown(t *testing.T) {
	c := commandLine("run", "--workload", "pingpong", "--mech", "pipe,tcp,udp", "--size", "64", "--place", "same", "--launches", "1", "--time", "1ms", "--out", t.TempDir())
	c.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET | unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}}
	end := ends(t, c)
	if end.status == -1 {
		t.Skip("network namespaces are refused: ", end.stderr)
	}
	if n := strings.Count(end.stdout, "lo is down in this network namespace"); n < 2 || end.status == exitFailed {
		t.Errorf("%+v", end)
	}
}

// envHog makes the test binary a hog.
const envHog = "IPCBENCH_TEST_HOG"

// hog holds pipes until a new one has fewer pages than usual, and then until its
// standard input ends.
func hog() int {
	for range 200 {
		var p [2]int
		if err := unix.Pipe2(p[:], 0); err != nil {
			return 1
		}
		n, err := mechanisms.PipeSize(p[0])
		if err == nil && n < mechanisms.UsualPipe().Queue {
			fmt.Println("full")
			io.Copy(io.Discard, os.Stdin)
			return 0
		}
		most, _ := mechanisms.Sysctl(mechanisms.PipeMaxSize)
		unix.FcntlInt(uintptr(p[0]), unix.F_SETPIPE_SZ, most)
	}
	return 1
}

// Where a user's pipes are above the soft limit new ones are small. No statement
// differs for it, and doctor sees it.
func TestPipeQuota(t *testing.T) {
	need.Time(t)
	if os.Geteuid() != 0 {
		t.Skip("needs another user, whose pipes are nothing to others")
	}
	other := &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 1_917_003_212, Gid: 1_917_003_212}}
	holder := commandLine()
	holder.Env = append(holder.Env, envHog+"=1")
	holder.SysProcAttr = other
	in, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := holder.StdoutPipe()
	if err == nil {
		err = holder.Start()
	}
	if err != nil {
		t.Skip(err)
	}
	defer holder.Wait()
	defer in.Close()
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "full\n" {
		t.Skip("200 pipes do not reach the limit")
	}
	for _, args := range [][]string{{"semantics", "--mech", "pipe,packetpipe,fifo,poll,fd"}, {"doctor"}} {
		c := commandLine(args...)
		c.SysProcAttr = other
		end := ends(t, c)
		if !strings.Contains(end.stdout, "a new pipe holds ") || end.status != exitOK {
			t.Errorf("%v: exit status %d: %s%s", args, end.status, end.stdout, end.stderr)
		}
	}
}
