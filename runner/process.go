package runner

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// The program re-executes itself for every process of a run. What such a
// process is, and the token that its parent will repeat over the control
// connection, stand in its environment.
const (
	envProcess = "IPCBENCH_PROCESS" // "session", "worker" or "scheduled"
	envToken   = "IPCBENCH_TOKEN"
	controlFD  = 3 // the child's end of the control connection
	ticketFD   = 4 // the first descriptor that a ticket brings
)

// A worker measures on the main thread, where others look for it: the watchdog,
// ptrace(2), signals. Only while packages initialise does Go promise that its
// main goroutine is there; on a slow machine it has moved on when main begins.
func init() {
	if os.Getenv(envProcess) == "worker" {
		runtime.LockOSThread()
	}
}

// Init turns this process into a session or a worker where its environment
// says so, and does not return then. It must come first in main and in
// TestMain, since the coordinator re-executes /proc/self/exe.
func Init() {
	if kind := os.Getenv(envProcess); kind != "" {
		become(kind)
	}
}

// InitFirst is Init before main, see package first. A plain Go program begins
// with main, as any other does.
func InitFirst() {
	if os.Getenv(envProcess) != "scheduled" {
		Init()
	}
}

func become(kind string) {
	token := os.Getenv(envToken)
	os.Unsetenv(envProcess)
	os.Unsetenv(envToken)
	if err := fromParent(); err != nil || token == "" {
		fmt.Fprintf(os.Stderr, "ipcbench: %s=%s is set, but no parent is on descriptor %d: unset it; the program starts such processes itself\n", envProcess, kind, controlFD)
		os.Exit(2)
	}
	// A terminal's Ctrl-C is for the coordinator, which ends the others.
	signal.Ignore(unix.SIGINT, unix.SIGHUP)
	c := newConn(controlFD)
	switch kind {
	case "session":
		os.Exit(sessionMain(c, token))
	case "worker":
		os.Exit(workerMain(c, token))
	case "scheduled":
		os.Exit(scheduledMain(c, token))
	}
	fmt.Fprintf(os.Stderr, "ipcbench: %s=%s: there is no such process\n", envProcess, kind)
	os.Exit(2)
}

// fromParent checks that the control descriptor is a socket that our parent
// made.
func fromParent() error {
	cred, err := unix.GetsockoptUcred(controlFD, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil {
		return err
	}
	// Seen from another PID namespace the parent is 0 to both.
	if int(cred.Pid) != os.Getppid() {
		return fmt.Errorf("descriptor %d belongs to process %d, not to the parent", controlFD, cred.Pid)
	}
	return nil
}

// conn is a control connection: JSON lines over a socketpair. No control
// traffic flows during a round.
type conn struct {
	f *os.File
	r *bufio.Reader
}

func newConn(fd int) *conn {
	f := os.NewFile(uintptr(fd), "control")
	return &conn{f: f, r: bufio.NewReader(f)}
}

func (c *conn) send(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = c.f.Write(append(line, '\n'))
	return err
}

// receive reads the next message into v. It returns io.EOF when the other
// side has gone, however it went.
func (c *conn) receive(v any) error {
	line, err := c.r.ReadBytes('\n')
	if err != nil {
		if errors.Is(err, unix.ECONNRESET) || len(line) > 0 {
			return io.EOF
		}
		return err
	}
	return json.Unmarshal(line, v)
}

// closeWrite tells the other side that nothing more will come.
func (c *conn) closeWrite() error {
	raw, err := c.f.SyscallConn()
	if err != nil {
		return err
	}
	return raw.Control(func(fd uintptr) { unix.Shutdown(int(fd), unix.SHUT_WR) })
}

// process is a child, seen from its parent.
type process struct {
	pid  int
	conn *conn

	mu     sync.Mutex
	reaped bool
	status syscall.WaitStatus
}

// coarse is the timer slack that a worker begins with. The monitor of Go's
// runtime wakes up every 20 µs beside a program that starts, and takes a tenth
// of the time until main.
const coarse = 10 * time.Millisecond

// spawn re-executes this program as kind, with files as its descriptors from
// ticketFD on. The caller must be locked to its OS thread, and for as long as
// the child lives where attr asks for Pdeathsig: the signal follows the thread.
func spawn(kind, name string, files []int, attr syscall.SysProcAttr) (*process, string, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, "", os.NewSyscallError("socketpair", err)
	}
	ours, theirs := fds[0], fds[1]
	defer unix.Close(theirs)
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		unix.Close(ours)
		return nil, "", &os.PathError{Op: "open", Path: os.DevNull, Err: err}
	}
	defer unix.Close(null)
	token := rand.Text()
	env := []string{envProcess + "=" + kind, envToken + "=" + token}
	// The race detector would hold up the end of every process for a second.
	env = append(env, "GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	handedOn := []string{"GOCOVERDIR", "GOTRACEBACK", "TMPDIR"}
	if kind != "worker" { // which has one of its own, and the runtime takes the first
		handedOn = append(handedOn, "GOMAXPROCS")
	}
	for _, name := range handedOn {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	switch kind {
	case "scheduled":
		// Its CPUs are given to it, and stay the same: the runtime need not look
		// them up every second.
		env = append(env, "GODEBUG=updatemaxprocs=0")
	case "worker":
		// Nothing may stop a measuring thread: no collector, no preemption
		// signal, no change of GOMAXPROCS. One that is set is not looked up in
		// the cgroup's files at the start, nor every second thereafter, and does
		// not grow with the machine. A worker has one goroutine: for a second
		// processor of Go's, threads would be started and woken up.
		env = append(env, "GOGC=off", "GODEBUG=asyncpreemptoff=1", "GOMAXPROCS=1")
		sys.SetTimerSlack(coarse)
		defer sys.SetTimerSlack(sys.TimerSlack)
	}
	inherit := []uintptr{uintptr(null), 2, 2, uintptr(theirs)}
	for _, fd := range files {
		inherit = append(inherit, uintptr(fd))
	}
	pid, err := syscall.ForkExec("/proc/self/exe", []string{"ipcbench-" + kind, name}, &syscall.ProcAttr{Env: env, Files: inherit, Sys: &attr})
	if err != nil {
		unix.Close(ours)
		return nil, "", fmt.Errorf("start %s: %w", kind, &os.PathError{Op: "fork/exec", Path: "/proc/self/exe", Err: err})
	}
	unix.SetNonblock(ours, true) // so that the runtime's poller waits, not a thread
	return &process{pid: pid, conn: newConn(ours)}, token, nil
}

// wait waits for the child's end and reaps it; later calls return the same
// status.
func (p *process) wait() syscall.WaitStatus {
	for unix.Waitid(unix.P_PID, p.pid, nil, unix.WEXITED|unix.WNOWAIT, nil) == unix.EINTR {
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for !p.reaped {
		_, err := syscall.Wait4(p.pid, &p.status, 0, nil)
		p.reaped = err != syscall.EINTR
	}
	return p.status
}

// kill ends the child. One that has been reaped is left alone: its PID may be
// another's by now.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.reaped {
		syscall.Kill(p.pid, syscall.SIGKILL)
	}
}

// wasStopped tells whether a signal has stopped or continued the child since
// the last call. It does not reap.
func (p *process) wasStopped() bool {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PID, p.pid, &info, unix.WSTOPPED|unix.WCONTINUED|unix.WNOHANG, nil)
	return err == nil && info.Signo != 0
}
