package semantics

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Options of Run.
type Options struct {
	Program  string        // version to note in the report
	Deadline time.Duration // for each check; 0 is 15 s
	Seen     func(Finding) // is told of each, as it comes; may be nil

	lies    map[string]*Lie // by ID
	refuse  bool            // as if no namespace were to be had
	calls   map[string]int  // how many answers each check had
	dirBase string
}

// Run checks the statements, one after another, each in a process of its own.
// An error says that nothing could be checked, or that ctx ended; what
// statements come to is in the report.
func Run(ctx context.Context, checks []*Check, o Options) (*Report, error) {
	e, err := newEngine(o)
	if err != nil {
		return nil, err
	}
	r := &Report{Schema: Schema, Program: o.Program, Host: e.host()}
	for _, c := range checks {
		f, err := e.check(ctx, c)
		if err != nil {
			return nil, errors.Join(err, e.close())
		}
		r.Findings = append(r.Findings, f)
		if o.Seen != nil {
			o.Seen(f)
		}
	}
	return r, e.close()
}

// engine starts the processes of checks, and ends them.
type engine struct {
	o       Options
	dir     string
	journal int // the keeper reads the other end, and cleans up when the last writer is gone
	keeper  int // its PID
	control int // to the keeper
	clone   *uintptr
	n       int
}

func newEngine(o Options) (*engine, error) {
	if o.Deadline == 0 {
		o.Deadline = 15 * time.Second
	}
	e := &engine{o: o, dir: filepath.Join(cmp.Or(o.dirBase, os.TempDir()), "ipcbench-semantics-"+rand.Text())}
	if err := e.startKeeper(); err != nil {
		return nil, err
	}
	return e, nil
}

// close waits until the keeper has cleaned up.
func (e *engine) close() error {
	unix.Close(e.journal)
	status := wait(e.keeper)
	unix.Close(e.control)
	if status.ExitStatus() != 0 {
		return fmt.Errorf("cleaning up failed: see above; names are in %s", e.dir)
	}
	return nil
}

func (e *engine) host() Host {
	h := newHost()
	var u unix.Utsname
	unix.Uname(&u)
	out := Host{Kernel: unix.ByteSliceToString(u.Sysname[:]) + " " + h.release, Arch: unix.ByteSliceToString(u.Machine[:]),
		PageSize: h.page, UID: h.uid, Namespace: "private"}
	if e.namespace() == 0 {
		out.Namespace = "host"
	}
	return out
}

// namespace finds out once which flags of clone(2) give an IPC namespace of
// one's own; 0 says that none do.
func (e *engine) namespace() uintptr {
	if e.clone != nil {
		return *e.clone
	}
	e.clone = new(uintptr)
	if e.o.refuse {
		return 0
	}
	for _, flags := range []uintptr{unix.CLONE_NEWIPC, unix.CLONE_NEWIPC | unix.CLONE_NEWUSER} {
		if p, err := e.start(flags); err == nil {
			p.end()
			*e.clone = flags
			break
		}
	}
	return *e.clone
}

// isolated are the families whose objects outlive processes.
var isolated = map[string]bool{"sysvshm": true, "sysvsem": true, "sysvmsg": true, "posixmq": true}

func (e *engine) check(ctx context.Context, c *Check) (Finding, error) {
	out, err := e.run(ctx, order{ID: c.ID, Lie: e.o.lies[c.ID]}, isolated[c.Mechanism])
	if err != nil && ctx.Err() != nil {
		return Finding{}, err
	}
	if err != nil {
		f := c.finding()
		f.Verdict, f.Reason = Broken, err.Error()
		return f, nil
	}
	if e.o.calls != nil {
		e.o.calls[c.ID] = out.Calls
	}
	return out.Finding, nil
}

// run has one process do what is ordered.
func (e *engine) run(ctx context.Context, o order, isolate bool) (out reply, err error) {
	if err := ctx.Err(); err != nil {
		return out, err
	}
	var flags uintptr
	if isolate {
		flags = e.namespace()
	}
	e.n++
	o.Own, o.Dir = flags != 0, filepath.Join(e.dir, strconv.Itoa(e.n))
	p, err := e.start(flags)
	if err != nil {
		return out, err
	}
	defer p.end()
	if err := p.conn.send(o); err != nil {
		return out, err
	}
	got := make(chan error, 1)
	go func() { got <- p.conn.receive(&out) }()
	late := time.NewTimer(e.o.Deadline)
	defer late.Stop()
	select {
	case err = <-got:
		if err != nil {
			return out, fmt.Errorf("its process ended without a word: %s", p.end())
		}
		return out, nil
	case <-late.C:
		state, _ := readFile(fmt.Sprintf("/proc/%d/wchan", p.pid))
		err = fmt.Errorf("no answer within %v, its process sits in %q", e.o.Deadline, state)
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.end()
	<-got
	return reply{}, err
}

// child is the process of a check, and leads a process group.
type child struct {
	pid   int
	conn  *conn
	ended string
}

func (e *engine) start(flags uintptr) (*child, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	defer unix.Close(fds[1])
	null, err := unix.Open(os.DevNull, unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		unix.Close(fds[0])
		return nil, &os.PathError{Op: "open", Path: os.DevNull, Err: err}
	}
	defer unix.Close(null)
	attr := &syscall.SysProcAttr{Setpgid: true, Cloneflags: flags}
	if flags&unix.CLONE_NEWUSER != 0 {
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	pid, err := spawn(roleCheck, "check", []uintptr{uintptr(null), uintptr(null), 2, uintptr(fds[1]), uintptr(e.journal)}, attr)
	if err != nil {
		unix.Close(fds[0])
		return nil, err
	}
	return &child{pid: pid, conn: newConn(fds[0])}, nil
}

// end ends the process group, of which nothing is left then, and tells how the
// leader ended.
func (p *child) end() string {
	if p.ended != "" {
		return p.ended
	}
	unix.Shutdown(p.conn.fd, unix.SHUT_RDWR)
	syscall.Kill(-p.pid, syscall.SIGKILL) // the leader is not reaped: the number is still the group's
	status := wait(p.pid)
	unix.Close(p.conn.fd)
	p.ended = fmt.Sprintf("exit status %d", status.ExitStatus())
	if status.Signaled() {
		p.ended = unix.SignalName(status.Signal())
	}
	return p.ended
}

func wait(pid int) (status unix.WaitStatus) {
	for {
		if _, err := unix.Wait4(pid, &status, 0, nil); err != unix.EINTR {
			return status
		}
	}
}
