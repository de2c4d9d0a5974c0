package semantics

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/internal/objects"
	"ipcbench/internal/reexec"
	"ipcbench/internal/sys"
)

// Options of Run.
type Options struct {
	Program  string        // version to note in the report
	Deadline time.Duration // for each check; 0 is 15 s
	Seen     func(Finding) // is called with each finding, as it comes; may be nil

	lies    map[string]*Lie // by ID
	refuse  bool            // as if namespaces were refused
	dirBase string
}

// Run checks the statements, some side by side, each in a process that has it to
// itself. The report has the verdicts in the order of checks. An error means that
// nothing could be checked, or that ctx ended.
func Run(ctx context.Context, checks []*Check, o Options) (*Report, error) {
	e, err := newEngine(o)
	if err != nil {
		return nil, err
	}
	r := &Report{Schema: Schema, Program: o.Program, Host: e.host(), Findings: make([]Finding, len(checks))}
	if err := e.each(ctx, checks, func(i int) *Lie { return o.lies[checks[i].ID] }, func(i int, f Finding, _ int) {
		r.Findings[i] = f
		if o.Seen != nil {
			o.Seen(f)
		}
	}); err != nil {
		return nil, errors.Join(err, e.close())
	}
	return r, e.close()
}

// each carries out the checks, as many side by side as there are seats, and calls
// seen with each finding and its number of answers: one call at a time. lie is the
// wrong answer that a check gets, or nil.
//
// A check that broke beside others is carried out once more, alone: the reason may
// have been a limit of the user's, or the load.
func (e *engine) each(ctx context.Context, checks []*Check, lie func(int) *Lie, seen func(i int, f Finding, calls int)) error {
	var all sync.WaitGroup
	var mu sync.Mutex
	var failed error
	var again []int
	next := make(chan int)
	for range cap(e.seats) {
		all.Go(func() {
			for i := range next {
				f, calls, err := e.check(ctx, checks[i], lie(i))
				mu.Lock()
				switch {
				case err != nil:
					failed = err
				case f.Verdict == Broken && cap(e.seats) > 1 && len(checks) > 1:
					again = append(again, i)
				default:
					seen(i, f, calls)
				}
				mu.Unlock()
			}
		})
	}
	for i := range checks {
		next <- i
	}
	close(next)
	all.Wait()
	for _, i := range again {
		f, calls, err := e.check(ctx, checks[i], lie(i))
		if err != nil {
			return err
		}
		seen(i, f, calls)
	}
	return failed
}

// engine starts the processes of checks, and ends them.
type engine struct {
	o      Options
	dir    string
	notes  *os.File // the journal of objects: the keeper cleans up when the last process that holds it has gone
	keeper *reexec.Process
	seats  chan *seat // those that are free
	clone  func() uintptr
	n      atomic.Int64 // orders so far
}

// seat is the place of one check at a time. The process of a check that left no
// trace in it carries out the next one too: a start takes 20 ms of a CPU, a check
// without peers 2 ms.
type seat struct {
	stderr *reexec.Stderr
	idle   map[uintptr]*child // by its flags of clone(2)
}

func newEngine(o Options) (*engine, error) {
	if o.Deadline == 0 {
		o.Deadline = 15 * time.Second
	}
	// The statements with the most peers had 36 processes and threads on two CPUs,
	// most have 10.
	err := reexec.Spare("a check", 40)
	if err != nil {
		return nil, err
	}
	e := &engine{o: o, seats: make(chan *seat, seats())}
	e.clone = sync.OnceValue(e.namespace)
	for range cap(e.seats) {
		stderr, err := reexec.NewStderr()
		if err != nil {
			return nil, errors.Join(err, e.leave())
		}
		e.seats <- &seat{stderr, map[uintptr]*child{}}
	}
	if err := e.startKeeper(cmp.Or(o.dirBase, objects.TempDir())); err != nil {
		return nil, errors.Join(err, e.leave())
	}
	return e, nil
}

// seats is how many checks run side by side: two for each CPU, since most wait
// for a process to sleep, as far as the user's limits have room for them.
func seats() int {
	n := min(2*runtime.NumCPU(), 8)
	if spare, _ := sys.Spare(40 + 20*n); spare < 40+20*n {
		return 1
	}
	return n
}

// leave ends the processes that wait for another check.
func (e *engine) leave() error {
	for len(e.seats) > 0 {
		s := <-e.seats
		for _, p := range s.idle {
			p.end()
		}
		s.stderr.CloseW()
	}
	return nil
}

// close waits until the keeper has cleaned up.
func (e *engine) close() error {
	e.leave()
	e.notes.Close()
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
	if e.clone() == 0 {
		out.Namespace = "host"
	}
	return out
}

// namespace finds out which flags of clone(2) give an IPC namespace of one's own;
// 0: none do.
func (e *engine) namespace() uintptr {
	if e.o.refuse {
		return 0
	}
	s := <-e.seats
	defer func() { e.seats <- s }()
	for _, flags := range []uintptr{unix.CLONE_NEWIPC, unix.CLONE_NEWIPC | unix.CLONE_NEWUSER} {
		if p, err := e.start(flags, s.stderr); err == nil {
			s.idle[flags] = p
			return flags
		}
	}
	return 0
}

// isolated are the families whose objects outlive processes.
var isolated = map[string]bool{"sysvshm": true, "sysvsem": true, "sysvmsg": true, "posixmq": true}

// check carries out a check, and does so again where Ctrl-Z has stopped it: what is
// late then need not have been. It returns the number of answers too.
func (e *engine) check(ctx context.Context, c *Check, lie *Lie) (f Finding, calls int, err error) {
	isolate := isolated[c.Mechanism] || slices.ContainsFunc(c.Needs, func(n Need) bool { return n.Name == namespace.Name })
	out, err := e.run(ctx, order{ID: c.ID, Lie: lie}, isolate)
	for errors.Is(err, errStopped) {
		out, err = e.run(ctx, order{ID: c.ID, Lie: lie}, isolate)
	}
	if err != nil && ctx.Err() != nil {
		return f, 0, err
	}
	if err != nil {
		f = c.finding()
		f.Verdict, f.Reason = Broken, err.Error()
		return f, 0, nil
	}
	return out.Finding, out.Calls, nil
}

var errStopped = errors.New("a signal has stopped it")

// run has a process carry out the order: that of an earlier one, or a new one.
func (e *engine) run(ctx context.Context, o order, isolate bool) (out reply, err error) {
	if err := ctx.Err(); err != nil {
		return out, err
	}
	var flags uintptr
	if isolate {
		flags = e.clone()
	}
	o.Own, o.Dir = flags != 0, filepath.Join(e.dir, strconv.FormatInt(e.n.Add(1), 10))
	s := <-e.seats
	defer func() { e.seats <- s }()
	p := s.idle[flags]
	delete(s.idle, flags)
	if p == nil {
		if p, err = e.start(flags, s.stderr); err != nil {
			return out, err
		}
	}
	defer func() {
		if out.Clean {
			s.idle[flags] = p
		} else {
			p.end()
		}
	}()
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
			if text := s.stderr.Take(); text != "" {
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
func (e *engine) start(flags uintptr, stderr *reexec.Stderr) (*child, error) {
	c := reexec.Command{Role: roleCheck, Name: roleCheck, Stdio: [3]int{reexec.Null, reexec.Null, stderr.W}, Files: []int{int(e.notes.Fd())}, Attr: syscall.SysProcAttr{Setpgid: true}}
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
