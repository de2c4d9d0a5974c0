package runner

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/reexec"
	"ipcbench/internal/sys"
)

// processes is the variable that holds the role of a run's processes: session,
// worker or scheduled.
const processes = reexec.Variable("IPCBENCH_PROCESS")

// envToken holds what the parent repeats in its first message. A process ends
// where that is another.
const envToken = "IPCBENCH_TOKEN"

const (
	controlFD = reexec.ControlFD
	ticketFD  = controlFD + 1 // the first descriptor that a ticket brings
)

// A worker measures on the main thread, where others look for it: the watchdog,
// ptrace(2), signals. Only while packages initialise does Go promise that its
// main goroutine is there; on a slow machine it has moved on when main begins.
func init() {
	if processes.Role() == "worker" {
		runtime.LockOSThread()
	}
}

// Init turns this process into a session or a worker where its environment
// says so, and does not return then. It must come first in main and in
// TestMain, since the coordinator executes /proc/self/exe anew.
func Init() {
	if processes.Role() == "" {
		return
	}
	token := os.Getenv(envToken)
	os.Unsetenv(envToken)
	if token == "" {
		processes.Refuse()
	}
	// A terminal's Ctrl-C is for the coordinator, which ends the others.
	// What a file size limit refuses has an error.
	signal.Ignore(unix.SIGINT, unix.SIGHUP, unix.SIGXFSZ)
	processes.Become(map[string]func() int{
		"session":   func() int { return unlocked(func() int { return sessionMain(token) }) },
		"worker":    func() int { return workerMain(token) },
		"external":  func() int { return externalMain(token) },
		"scheduled": func() int { return scheduledMain(token) },
	})
}

// unlocked calls f on a goroutine of its own. While packages initialise Go locks the
// main one to its thread, so that each message to a session cost a switch of threads.
func unlocked(f func() int) int {
	status := make(chan int)
	go func() { status <- f() }()
	return <-status
}

// InitFirst is Init before main, see package first. A plain Go program begins
// with main, as any other does.
func InitFirst() {
	if processes.Role() != "scheduled" {
		Init()
	}
}

// process is a child, seen from its parent.
type process struct {
	*reexec.Process
	conn  *conn
	token string // for the first message to it

	headless bool                       // at the last look
	killed   atomic.Pointer[DeathError] // how its main thread died, which was found by looking; nil: it was not
}

// look ends a process whose main thread has died alone. A filter that kills
// threads leaves such a one, and no wait reports it as long as others live. It
// takes two looks: a process that has ended whole is reaped between them.
func (p *process) look() {
	state, code := threadState(fmt.Sprintf("/proc/%d/stat", p.PID))
	if p.headless && state == "Z" {
		p.killed.CompareAndSwap(nil, newDeathError(code))
		p.Kill()
	}
	p.headless = state == "Z"
}

// watch looks at the process once a second, until stop is closed.
func (p *process) watch(stop <-chan struct{}) {
	for look := time.Tick(time.Second); ; {
		select {
		case <-stop:
			return
		case <-look:
			p.look()
		}
	}
}

// death is how the process died, once it has.
func (p *process) death() *DeathError {
	status := p.Wait()
	if killed := p.killed.Load(); killed != nil {
		return killed
	}
	return newDeathError(status)
}

// EnvDebug is a variable with settings that all processes of a run have besides their own,
// as GODEBUG has them: a machine may need some. The others are never inherited.
const EnvDebug = "IPCBENCH_GODEBUG"

// goDebug is the variable, if any, of a process with these settings of its own.
func goDebug(own ...string) (env []string) {
	if more := os.Getenv(EnvDebug); more != "" {
		own = append(own, more)
	}
	if len(own) > 0 {
		env = []string{"GODEBUG=" + strings.Join(own, ",")}
	}
	return env
}

// coarse is the timer slack that a worker begins with. The monitor of Go's
// runtime wakes up every 20 µs beside a program that starts, and takes a tenth
// of the time until main.
const coarse = 10 * time.Millisecond

// startProcess starts the process of a command, with what its role needs. It
// writes to stderr alone.
func startProcess(c reexec.Command, stderr int) (*process, error) {
	token := rand.Text()
	c.Stdio = [3]int{reexec.Null, stderr, stderr}
	c.Env = append(c.Env, envToken+"="+token)
	c.HandOn = []string{"TMPDIR"}
	switch c.Role {
	case "session":
		c.HandOn = append(c.HandOn, "GOMAXPROCS", EnvDebug)
		c.Env = append(c.Env, goDebug()...)
	case "scheduled":
		// Its CPUs are given to it, and stay the same: the runtime need not look
		// them up every second.
		c.Env = append(c.Env, goDebug("updatemaxprocs=0")...)
		c.HandOn = append(c.HandOn, "GOMAXPROCS")
	case "worker":
		// Nothing may stop a measuring thread: no collector, no preemption
		// signal, no change of GOMAXPROCS. One that is set is not looked up in
		// the cgroup's files at the start, nor every second thereafter, and does
		// not grow with the machine. A worker has one goroutine: for a second
		// processor of Go's, threads would be started and woken up. No allocation
		// is sampled for a profile: the first sample alone takes 2 % of the time
		// until the worker is ready.
		c.Env = append(c.Env, "GOGC=off", "GOMAXPROCS=1")
		c.Env = append(c.Env, goDebug("asyncpreemptoff=1", "containermaxprocs=0", "memprofilerate=0")...)
		sys.SetTimerSlack(coarse)
		defer sys.SetTimerSlack(sys.TimerSlack)
	}
	p, err := processes.Start(c)
	if err != nil {
		return nil, err
	}
	unix.SetNonblock(p.Control, true) // so that the runtime's poller waits, not a thread
	return &process{Process: p, conn: newConn(p.Control), token: token}, nil
}
