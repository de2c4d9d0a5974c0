package semantics

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// process starts a peer, which has one thread that matters and does what it is
// told. As after fork(2) and execve(2) it has every descriptor of the check's
// process that is not close-on-exec, under the same number.
func (k *kernel) process(name string) *proc {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		panic(broken("socketpair: " + err.Error()))
	}
	defer unix.Close(fds[1])
	pid, err := spawn(rolePeer, name, []uintptr{0, 1, 2, uintptr(fds[1])}, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL})
	if err != nil {
		unix.Close(fds[0])
		panic(broken(err.Error()))
	}
	p := &proc{k: k, name: name, pid: pid, conn: newConn(fds[0])}
	k.peers = append(k.peers, p)
	k.note(Event{Process: name, PID: pid, Remark: "starts, with the descriptors that are not close-on-exec"})
	return p
}

// peerMain makes the calls that it is told to until nobody tells it any more.
func peerMain() int {
	c := newConn(controlFD)
	if os.Getenv(envAgain) != "" && c.send(answer{}) != nil {
		return 0
	}
	for {
		var r request
		if c.receive(&r) != nil {
			return 0
		}
		if r.Ack && c.send(struct{}{}) != nil {
			return 0
		}
		if c.send(r.perform()) != nil {
			return 0
		}
	}
}

// signal sends a signal to the thread that makes the call.
func (w *pending) signal(sig syscall.Signal) {
	need(w.p.k.do("tgkill", w.p.pid, w.tid, int(sig)))
}

// ends waits for the peer to end and tells how: "exit 0", "SIGPIPE".
func (p *proc) ends() string {
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for begun := time.Now(); time.Since(begun) < patience; <-look.C {
		var status unix.WaitStatus
		pid, err := unix.Wait4(p.pid, &status, unix.WNOHANG, nil)
		if err != nil && err != unix.EINTR {
			panic(broken("wait4: " + err.Error()))
		}
		if pid != p.pid {
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
	unix.Kill(p.pid, unix.SIGKILL)
	return p.ends()
}

// exit has the peer end by itself.
func (p *proc) exit() string {
	unix.Shutdown(p.conn.fd, unix.SHUT_WR)
	return p.ends()
}

func (p *proc) over() {
	p.gone = true
	unix.Shutdown(p.conn.fd, unix.SHUT_RDWR) // whoever waits for an answer has it now
}

// finish ends the peers that are left.
func (k *kernel) finish() {
	for _, p := range k.peers {
		if !p.gone {
			unix.Kill(p.pid, unix.SIGKILL)
			var status unix.WaitStatus
			for {
				if _, err := unix.Wait4(p.pid, &status, 0, nil); err != unix.EINTR {
					break
				}
			}
			p.over()
		}
	}
}

// spawn re-executes this program in a role, with these descriptors from 0 on.
func spawn(role, name string, files []uintptr, attr *syscall.SysProcAttr) (int, error) {
	env := []string{envRole + "=" + role,
		// No collector, and no signal that stops a goroutine: it would interrupt a call.
		"GOGC=off", "GODEBUG=asyncpreemptoff=1",
		// The race detector would hold up the end of every process for a second.
		"GORACE=atexit_sleep_ms=0 " + os.Getenv("GORACE"),
	}
	for _, name := range []string{"GOCOVERDIR", "GOTRACEBACK", "GOMAXPROCS", "PATH"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	pid, err := syscall.ForkExec("/proc/self/exe", []string{"ipcbench-" + role, name}, &syscall.ProcAttr{Env: env, Files: files, Sys: attr})
	if err != nil {
		return 0, fmt.Errorf("start %s: %w", role, &os.PathError{Op: "fork/exec", Path: "/proc/self/exe", Err: err})
	}
	return pid, nil
}

// What such a process is stands in its environment.
const (
	envRole    = "IPCBENCH_SEMANTICS"
	envAgain   = "IPCBENCH_SEMANTICS_AGAIN" // set for a peer that has executed itself anew
	roleCheck  = "check"
	rolePeer   = "peer"
	roleKeeper = "keeper"
	controlFD  = 3 // to the process that started this one
	keeperFD   = 4 // of a check: to the keeper
)

func init() {
	if os.Getenv(envRole) != "" {
		runtime.LockOSThread() // the main thread makes the calls, and peers end with it
	}
}

// Init turns this process into a check, a peer or a keeper where its
// environment says so, and does not return then. It must come first in main
// and in TestMain.
func Init() {
	role := os.Getenv(envRole)
	if role == "" {
		return
	}
	os.Unsetenv(envRole)
	cred, err := unix.GetsockoptUcred(controlFD, unix.SOL_SOCKET, unix.SO_PEERCRED)
	if err != nil || int(cred.Pid) != os.Getppid() {
		fmt.Fprintf(os.Stderr, "ipcbench: %s=%s is set, but no parent is on descriptor %d: unset it; the program starts such processes itself\n", envRole, role, controlFD)
		os.Exit(2)
	}
	unix.CloseOnExec(controlFD)
	switch role {
	case roleCheck:
		os.Exit(checkMain())
	case rolePeer:
		os.Exit(peerMain())
	case roleKeeper:
		os.Exit(keeperMain())
	}
	fmt.Fprintf(os.Stderr, "ipcbench: %s=%s: there is no such process\n", envRole, role)
	os.Exit(2)
}
