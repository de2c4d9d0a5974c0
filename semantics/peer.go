package semantics

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/reexec"
)

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
	unix.Shutdown(p.conn.fd, unix.SHUT_WR)
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
