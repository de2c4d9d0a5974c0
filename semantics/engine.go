package semantics

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/objects"
	"ipcbench/internal/reexec"
)

// Options of Run.
type Options struct {
	Program  string        // version to note in the report
	Deadline time.Duration // for each check; 0 is 15 s
	Seen     func(Finding) // is called with each finding, as it comes; may be nil

	lies    map[string]*Lie // by ID
	refuse  bool            // as if namespaces were refused
	calls   map[string]int  // how many answers each check had
	dirBase string
}

// Run checks the statements, one after another, each in a process of its own.
// The verdicts are in the report. An error means that nothing could be checked,
// or that ctx ended.
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
	o      Options
	dir    string
	notes  *os.File // the journal of objects: the keeper cleans up when the last process that holds it has gone
	keeper *reexec.Process
	stderr *reexec.Stderr // of the processes of checks
	clone  *uintptr
	n      int
}

func newEngine(o Options) (*engine, error) {
	if o.Deadline == 0 {
		o.Deadline = 15 * time.Second
	}
	// The statements with the most peers had 36 on two CPUs.
	err := reexec.Spare("a check", 40)
	if err != nil {
		return nil, err
	}
	e := &engine{o: o}
	if e.stderr, err = reexec.NewStderr(); err != nil {
		return nil, err
	}
	if err := e.startKeeper(cmp.Or(o.dirBase, objects.TempDir())); err != nil {
		e.stderr.CloseW()
		return nil, err
	}
	return e, nil
}

// close waits until the keeper has cleaned up.
func (e *engine) close() error {
	e.notes.Close()
	e.stderr.CloseW()
	status := e.keeper.Wait()
	unix.Close(e.keeper.Control)
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
// one's own; 0: none do.
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

// check carries out a check, and does so again where Ctrl-Z has stopped it: what is
// late then need not have been.
func (e *engine) check(ctx context.Context, c *Check) (Finding, error) {
	out, err := e.run(ctx, order{ID: c.ID, Lie: e.o.lies[c.ID]}, isolated[c.Mechanism])
	for errors.Is(err, errStopped) {
		out, err = e.run(ctx, order{ID: c.ID, Lie: e.o.lies[c.ID]}, isolated[c.Mechanism])
	}
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

var errStopped = errors.New("a signal has stopped it")

// run starts a process that carries out the order.
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
	var stopped atomic.Bool // by Ctrl-Z; of a process that has ended, the kernel no longer knows
	defer reexec.Follow(func(sig syscall.Signal) { stopped.Store(stopped.Load() || sig == syscall.SIGSTOP) })()
	if err := p.conn.Send(o); err != nil {
		return out, err
	}
	got := make(chan error, 1)
	go func() { got <- p.conn.Receive(&out) }()
	late, stop := reexec.After(e.o.Deadline)
	defer stop()
	select {
	case err = <-got:
		if p.TakeStops() || stopped.Load() {
			return reply{}, errStopped
		}
		if err != nil {
			how := p.end()
			if text := e.stderr.Take(); text != "" {
				how += ": " + text
			}
			return out, fmt.Errorf("its process ended without an answer: %s", how)
		}
		return out, nil
	case <-late:
		state, _ := readFile(fmt.Sprintf("/proc/%d/wchan", p.PID))
		err = fmt.Errorf("no answer within %v, its process is in %q", e.o.Deadline, state)
	case <-ctx.Done():
		err = ctx.Err()
	}
	p.end()
	<-got
	return reply{}, err
}

// child is the process of a check, and leads a process group.
type child struct {
	*reexec.Process
	conn  *conn
	ended string // how; "" while it runs
}

// start starts the process of a check, with these flags of clone(2).
func (e *engine) start(flags uintptr) (*child, error) {
	c := reexec.Command{Role: roleCheck, Name: roleCheck, Stdio: [3]int{reexec.Null, reexec.Null, e.stderr.W}, Files: []int{int(e.notes.Fd())}, Attr: syscall.SysProcAttr{Setpgid: true}}
	reexec.Isolate(&c.Attr, flags)
	p, err := spawn(c)
	if err != nil {
		return nil, err
	}
	return &child{Process: p, conn: newConn(p.Control)}, nil
}

// end ends the process group, of which nothing is left then, and returns how the
// leader ended.
func (p *child) end() string {
	if p.ended != "" {
		return p.ended
	}
	unix.Shutdown(p.Control, unix.SHUT_RDWR)
	p.KillGroup()
	status := p.Wait()
	unix.Close(p.Control)
	p.ended = fmt.Sprintf("exit status %d", status.ExitStatus())
	if status.Signaled() {
		p.ended = unix.SignalName(status.Signal())
	}
	return p.ended
}

// startKeeper starts the process that cleans up after the run, and makes the run's
// directory in parent. Every process that makes objects holds the journal. When all
// of them have gone, however they went, the keeper removes what was noted there.
func (e *engine) startKeeper(parent string) error {
	path := objects.NewPath()
	notes, err := objects.Create(path)
	if err != nil {
		return err
	}
	e.notes = notes.File()
	// A session of its own: signals that end the run's processes do not reach it.
	e.keeper, err = spawn(reexec.Command{Role: roleKeeper, Name: roleKeeper, Stdio: [3]int{reexec.Null, 2, 2}, Attr: syscall.SysProcAttr{Setsid: true}})
	if err != nil {
		return errors.Join(err, notes.Close())
	}
	// One that starts when this process has gone has no parent, and does not keep.
	c := newConn(e.keeper.Control)
	var ready bool
	if err = c.Send(path); err == nil {
		err = c.Receive(&ready)
	}
	if err == nil {
		e.dir, err = notes.MakeDir(parent)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("make a directory in %s: %w", parent, err), e.close())
	}
	return nil
}

// keeperMain is the main function of a keeper.
func keeperMain() int {
	signal.Ignore(unix.SIGINT, unix.SIGTERM, unix.SIGHUP, unix.SIGPIPE)
	c := newConn(controlFD)
	var journal string
	if c.Receive(&journal) != nil {
		return 0 // the run has ended, with nothing to keep
	}
	c.Send(true) // as above, but for the journal
	if err := objects.Keep(journal); err != nil {
		return fail(err)
	}
	return 0
}
