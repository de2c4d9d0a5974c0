package semantics

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/reexec"
	"ipcbench/mechanisms"
)

// proc is a process that makes calls for a check: the check's own, or a peer.
type proc struct {
	k    *kernel
	name string // "" is the check's own
	pid  int
	gone bool // it has been waited for

	// Of a peer; nil for the check's own.
	child *reexec.Process
	conn  *conn
}

// conn is a control connection. The runtime's poller, which would take descriptors
// of its own, does not know its descriptor.
type conn struct {
	*reexec.Conn
	fd int
}

func newConn(fd int) *conn { return &conn{reexec.NewConn(reexec.FD(fd), reexec.FD(fd)), fd} }

// do makes a call and waits for its answer. Numbers among args are its
// arguments, a string or bytes are its data.
func (p *proc) do(op string, args ...any) answer {
	if p.conn == nil {
		r := newRequest(op, args)
		p.k.changed = p.k.changed || lasting[op]
		return p.k.answered(p, r, p.noted(r, r.perform))
	}
	return p.start(newRequest(op, args)).answer()
}

// noted makes a call, and notes what it made before this process may end.
func (p *proc) noted(r request, do func() answer) answer {
	kind, outlive := outlives[r.Op]
	if !outlive {
		return do()
	}
	p.k.making.Lock()
	defer p.k.making.Unlock()
	a := do()
	if a.Errno == 0 && !a.Late {
		id := a.N
		if !strings.HasSuffix(r.Op, "get") { // its ctime moves
			id = r.Args[0]
		}
		p.k.made(kind, id)
	}
	return a
}

func (p *proc) read(fd, n int) answer         { return p.do("read", fd, n) }
func (p *proc) write(fd int, data any) answer { return p.do("write", fd, data) }
func (p *proc) close(fds ...int) {
	for _, fd := range fds {
		need(p.do("close", fd))
	}
}

// pending is a call that has begun and may sleep.
type pending struct {
	p    *proc
	r    request
	tid  int // the thread that makes it
	done chan answer
	got  *answer
}

// begin begins a call: on a thread of its own in the check's process, on the
// only one in a peer.
func (p *proc) begin(op string, args ...any) *pending {
	r := newRequest(op, args)
	p.k.note(Event{Process: p.name, PID: p.pid, Remark: r.call() + " …"})
	return p.start(r)
}

func (p *proc) start(r request) *pending {
	w := &pending{p: p, r: r, done: make(chan answer, 1)}
	if p.conn == nil {
		tid := make(chan int, 1) // with room, so that the thread never sleeps before the call: asleep would take that for it
		p.k.begun.Add(1)
		go func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with its call
			tid <- unix.Gettid()
			a := w.r.perform()
			p.k.begun.Add(-1)
			w.done <- a
		}()
		w.tid = <-tid
		return w
	}
	w.tid, w.r.Ack = p.pid, true
	ack := make(chan error, 1)
	go func() {
		a, err := p.ask(w.r, ack)
		if err != nil {
			a = answer{N: -1, Errno: unix.ESRCH} // it died in the call
		}
		w.done <- a
	}()
	if err := <-ack; err != nil {
		panic(broken("process " + p.name + " has gone: " + err.Error()))
	}
	return w
}

// ask has a peer make the call. ack gets nil once the peer is about to.
func (p *proc) ask(r request, ack chan<- error) (a answer, err error) {
	err = p.conn.Send(r)
	if err == nil {
		err = p.conn.Receive(&a)
	}
	ack <- err
	if err != nil {
		return a, err
	}
	a = p.noted(r, func() (a answer) {
		if err = p.conn.Receive(&a); err != nil {
			a.Errno = unix.ESRCH
		}
		return a
	})
	return a, err
}

// looks is how often in a row a thread must be seen asleep.
const looks = 4

const doesNotSleep = "does not sleep"

// asleep returns whether the call sleeps: the kernel shows its thread in state S,
// in one look after another, and it has not returned.
func (w *pending) asleep() string {
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	late := time.After(patience)
	slept := 0
	for slept < looks && w.got == nil {
		select {
		case a := <-w.done:
			w.got = &a
		case <-late:
			panic(broken("thread " + fmt.Sprint(w.tid) + " neither sleeps nor returns"))
		case <-look.C:
			if threadState(w.tid) == "S" {
				slept++
			} else {
				slept = 0
			}
		}
	}
	n := 0
	if w.got != nil {
		n = 1
		// A check may not ask for this answer: it would, of a call that slept.
		if why := mechanisms.Refusal(w.r.syscall(), w.got.Errno); why != "" && !strings.Contains(w.p.k.expect, doesNotSleep) {
			panic(skipped(why))
		}
	}
	return w.p.k.seen(w.p, w.r.call(), n, "sleeps", doesNotSleep)
}

// answer waits for the call to return. One that does not for long is Late.
func (w *pending) answer() answer {
	if w.got == nil {
		select {
		case a := <-w.done:
			w.got = &a
		case <-time.After(patience):
			w.got = &answer{Late: true}
		}
	}
	return w.p.k.answered(w.p, w.r, *w.got)
}

// threadState is the state of a thread in /proc/TID/stat, "" if it has gone.
func threadState(tid int) string {
	text, err := readFile(fmt.Sprintf("/proc/%d/stat", tid))
	if err != nil {
		return ""
	}
	_, after, _ := strings.Cut(text[strings.LastIndexByte(text, ')')+1:], " ")
	return after[:min(1, len(after))]
}

// readFile reads a small file without the runtime's poller, which would take
// descriptors of its own.
func readFile(path string) (string, error) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", &os.PathError{Op: "open", Path: path, Err: err}
	}
	defer unix.Close(fd)
	p := make([]byte, 64<<10)
	n, err := unix.Read(fd, p)
	if err != nil {
		return "", &os.PathError{Op: "read", Path: path, Err: err}
	}
	return string(p[:n]), nil
}

// process starts a peer: a process that makes the calls that it is sent, on one
// thread. As after fork(2) and execve(2) it has every descriptor of the check's
// process that is not close-on-exec, under the same number.
func (k *kernel) process(name string) *proc {
	child, err := spawn(reexec.Command{Role: rolePeer, Name: name, Stdio: [3]int{0, 1, 2}, Attr: syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}})
	if err != nil {
		panic(broken(err.Error()))
	}
	p := &proc{k: k, name: name, pid: child.PID, child: child, conn: newConn(child.Control)}
	k.peers = append(k.peers, p)
	k.note(Event{Process: name, PID: p.pid, Remark: "starts, with the descriptors that are not close-on-exec"})
	return p
}

// peerMain is the main function of a peer. It makes the calls that it is sent
// until its connection closes.
func peerMain() int {
	c := newConn(controlFD)
	if os.Getenv(envAgain) != "" && c.Send(answer{}) != nil {
		return 0
	}
	for {
		var r request
		if c.Receive(&r) != nil {
			return 0
		}
		if r.Ack && c.Send(struct{}{}) != nil {
			return 0
		}
		if c.Send(r.perform()) != nil {
			return 0
		}
	}
}

// signal sends a signal to the thread that makes the call.
func (w *pending) signal(sig syscall.Signal) {
	need(w.p.k.do("tgkill", w.p.pid, w.tid, int(sig)))
}

// ends waits for the peer to end and returns how it did: "exit 0", "SIGPIPE".
func (p *proc) ends() string {
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for begun := time.Now(); time.Since(begun) < patience; <-look.C {
		status, ended := p.child.Reap()
		if !ended {
			continue
		}
		p.over()
		if status.Signaled() {
			return p.k.seen(p, "ends:", 0, unix.SignalName(status.Signal()), "exit 0")
		}
		return p.k.seen(p, "ends:", 0, fmt.Sprintf("exit %d", status.ExitStatus()), "SIGKILL")
	}
	return p.k.seen(p, "ends:", 0, "still alive", "exit 0")
}

// kill ends the peer by SIGKILL and waits for it.
func (p *proc) kill() string {
	p.child.Kill()
	return p.ends()
}

// exit closes the peer's connection, so that it ends of itself.
func (p *proc) exit() string {
	if err := unix.Shutdown(p.conn.fd, unix.SHUT_WR); err != nil {
		panic(skipped(say("the peer cannot be ended: shutdown: %v", err)))
	}
	return p.ends()
}

func (p *proc) over() {
	p.gone = true
	unix.Shutdown(p.conn.fd, unix.SHUT_RDWR) // ends the wait for an answer
}

// finish ends the peers that are left.
func (k *kernel) finish() {
	for _, p := range k.peers {
		if !p.gone {
			p.child.Kill()
			p.child.Wait()
			p.over()
		}
		unix.Close(p.conn.fd)
	}
}

// processes is the variable that holds the role of such a process.
const processes = reexec.Variable("IPCBENCH_SEMANTICS")

const (
	envAgain   = "IPCBENCH_SEMANTICS_AGAIN" // set for a peer that has executed itself anew
	roleCheck  = "check"
	rolePeer   = "peer"
	roleKeeper = "keeper"
	controlFD  = reexec.ControlFD
	keeperFD   = controlFD + 1 // of a check: the journal
)

// spawn starts a process with what every role needs.
func spawn(c reexec.Command) (*reexec.Process, error) {
	// No collector, and no signal that stops a goroutine: it would interrupt a call.
	c.Env = []string{"GOGC=off", "GODEBUG=asyncpreemptoff=1"}
	c.HandOn = []string{"GOMAXPROCS", "PATH"}
	return processes.Start(c)
}

func init() {
	if processes.Role() != "" {
		runtime.LockOSThread() // the main thread makes the calls, and peers end with it
	}
}

// Init turns this process into a check, a peer or a keeper where its
// environment asks for it, and does not return then. It must come first in main
// and in TestMain.
func Init() {
	processes.Become(map[string]func() int{roleCheck: checkMain, rolePeer: peerMain, roleKeeper: keeperMain})
}
