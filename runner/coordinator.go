package runner

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/external"
	"ipcbench/host"
	"ipcbench/internal/objects"
	"ipcbench/internal/reexec"
	"ipcbench/results"
)

// Coordinator asks a session process for launches, one at a time, and starts
// another where a session has died. It never measures itself. A Coordinator is
// not safe for concurrent use, except that Close may come from another
// goroutine: it ends what a call waits for.
type Coordinator struct {
	// Isolation is how kernel objects are kept private, in a phrase for records.
	Isolation string
	// Limits are the host's limits that differ in the session's namespace, a
	// sentence each.
	Limits []string

	options Options
	cpus    []host.CPU
	spared  int // workers of a launch that this process found room for
	noise   *host.NoiseMeter
	phase   string

	// A session process ends once: by the first of Close and a call that it does
	// not answer.
	ending  sync.Mutex     // held while it ends
	closed  bool           // no other takes its place
	child   *process       // nil: none runs
	journal string         // path, of a session without namespaces; "": none
	oom     [2]host.OOM    // when the last record was made, and when a process was last killed
	died    []string       // processes whose death failed no launch, since the last record
	stop    chan struct{}  // closed to end the thread that the child's Pdeathsig follows
	stderr  *reexec.Stderr // of the child and its workers

	initially, lately host.Settings // of the machine, at the start and after the last launch
}

// Options are the settings of a Coordinator. The zero value is what a run uses.
type Options struct {
	// Shared forgoes namespaces even where they are permitted.
	Shared bool
	// Timeout bounds every step of a launch beyond the time it is expected to
	// take; 0 means 10 s.
	Timeout time.Duration
}

func (o Options) timeout() time.Duration {
	if o.Timeout == 0 {
		return 10 * time.Second
	}
	return o.Timeout
}

// Start starts a coordinator and its first session process, isolated as well as
// this kernel permits.
func Start(o Options) (*Coordinator, error) {
	if err := enoughFiles(); err != nil {
		return nil, err
	}
	if err := reexec.Spare("a session", tasksOf(2)); err != nil {
		return nil, err
	}
	cpus, err := host.ReadCPUs(host.Root)
	if err != nil {
		return nil, err
	}
	var ids []int
	for _, c := range cpus {
		ids = append(ids, c.ID)
	}
	noise, err := host.OpenNoise(host.Root, ids)
	if err != nil {
		return nil, err
	}
	co := &Coordinator{options: o, cpus: cpus, noise: noise, spared: 2, initially: host.ReadSettings(host.Root, cpus), oom: [2]host.OOM{host.ReadOOM(host.Root)}}
	co.lately, co.oom[1] = co.initially, co.oom[0]
	if err := co.start(); err != nil {
		noise.Close()
		return nil, err
	}
	return co, nil
}

// Host describes the machine, with warnings about what spoils numbers on it.
// Program is the version to record.
func (co *Coordinator) Host(program string) *results.Host {
	h := host.Read(host.Root, co.cpus, program)
	h.Warnings = host.Warnings(host.Check(host.Root, h))
	return &h
}

// start starts a session process.
func (co *Coordinator) start() error {
	if co.isClosed() {
		return errClosed
	}
	var refused []error
	if !co.options.Shared {
		for _, i := range isolations {
			err := co.try(i)
			if err == nil {
				return nil
			}
			refused = append(refused, fmt.Errorf("%s: %w", i.name, err))
		}
	}
	co.journal = objects.NewPath()
	name := "none: objects are the host's, a janitor removes them"
	if len(refused) > 0 {
		name += " (" + refused[len(refused)-1].Error() + ")"
	}
	return co.try(isolation{name: name})
}

// isolation is one way of keeping kernel objects from outliving a run.
type isolation struct {
	name  string
	flags uintptr
}

var isolations = []isolation{
	{"private IPC and mount namespaces", unix.CLONE_NEWIPC | unix.CLONE_NEWNS},
	{"private IPC and mount namespaces in a user namespace", unix.CLONE_NEWUSER | unix.CLONE_NEWIPC | unix.CLONE_NEWNS},
}

// try starts the session process with one isolation.
func (co *Coordinator) try(i isolation) error {
	c := reexec.Command{Role: "session", Name: "session", Attr: syscall.SysProcAttr{Setpgid: true}}
	reexec.Isolate(&c.Attr, i.flags)
	if i.flags != 0 {
		// Everything that it has made goes with it. Without namespaces it must
		// outlive this process, to clean up.
		c.Attr.Pdeathsig = unix.SIGKILL
	}
	var child *process
	stderr, err := reexec.NewStderr()
	if err != nil {
		return err
	}
	started, stop := make(chan struct{}), make(chan struct{})
	go func() {
		runtime.LockOSThread() // Pdeathsig follows this thread
		child, err = startProcess(c, stderr.W)
		runs := err == nil // which the caller's variable shows until then alone
		close(started)
		if runs {
			child.watch(stop)
		}
		runtime.UnlockOSThread()
	}()
	<-started
	stderr.CloseW()
	if err != nil {
		close(stop)
		return err
	}
	co.ending.Lock()
	co.child, co.stop, co.stderr, co.Isolation, co.phase = child, stop, stderr, i.name, "set-up"
	co.ending.Unlock()
	if co.isClosed() { // meanwhile
		co.end(child)
		return errClosed
	}
	setup := &setup{Namespaces: i.flags != 0, Sysctls: readSysctls(carriedOver), Journal: co.journal, External: external.All()}
	r, err := co.call(request{Token: child.token, Setup: setup}, co.options.timeout())
	if err == nil && r.Setup == nil {
		err = errors.New("session answered out of turn")
	}
	if err != nil {
		co.end(child)
		return err
	}
	co.Limits = r.Setup.Limits
	return nil
}

// call sends a request and waits for its answer. The session watches its
// workers; this deadline watches the session.
func (co *Coordinator) call(r request, timeout time.Duration) (*reply, error) {
	child := co.session()
	if child == nil {
		return nil, errors.New("the session has ended")
	}
	if err := child.conn.Send(r); err != nil {
		return nil, co.endDead(child)
	}
	child.conn.f.SetReadDeadline(time.Time{})
	defer reexec.AfterFunc(timeout, func() { child.conn.f.SetReadDeadline(time.Unix(1, 0)) })()
	var a reply
	err := child.conn.Receive(&a)
	for ; err == nil && a.Phase != ""; err = child.conn.Receive(&a) {
		co.phase, a = a.Phase, reply{}
	}
	for _, d := range a.Died {
		co.noteDeath(d.decode())
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		hung := &WorkerError{Role: "session", PID: child.PID, Phase: co.phase, Err: inspect(child.PID, timeout)}
		child.Kill()
		co.end(child)
		return nil, hung
	case err == io.EOF:
		return nil, co.endDead(child)
	case err != nil: // it was let go because of this, and need not have died of itself
		return nil, fmt.Errorf("%w, after its answer could not be read: %v", co.endDead(child), err)
	case a.Error != nil:
		err := co.explain(a.Error.decode())
		if at := (*WorkerError)(nil); errors.As(err, &at) && at.PID == child.PID {
			co.end(child) // it has lost a thread
		}
		return nil, err
	}
	return &a, nil
}

// noteDeath keeps for the next record that a process died whose death failed no
// launch.
func (co *Coordinator) noteDeath(err error) {
	co.died = append(co.died, "a process died beside what was measured, and was started again if it was needed: "+co.explain(err).Error())
}

// explain adds to a death what the process wrote to its standard error, and to
// one by SIGKILL that it was for want of memory.
func (co *Coordinator) explain(err error) error {
	var death *DeathError
	if !errors.As(err, &death) {
		return err
	}
	if death.Stderr == "" {
		death.Stderr = co.stderr.Take()
	}
	if death.Signal == unix.SIGKILL {
		co.oom[1] = host.ReadOOM(host.Root)
		death.Cause = co.oom[1].Killed(co.oom[0])
	}
	return err
}

// errClosed reports that no session process may start any more.
var errClosed = errors.New("the session is closed")

// isClosed reports whether Close has been called.
func (co *Coordinator) isClosed() bool {
	co.ending.Lock()
	defer co.ending.Unlock()
	return co.closed
}

// session is the session process; nil: none runs.
func (co *Coordinator) session() *process {
	co.ending.Lock()
	defer co.ending.Unlock()
	return co.child
}

// endDead reaps a session that ended unasked, removes what it could not, and
// returns how it died. The next Open starts another.
func (co *Coordinator) endDead(child *process) error {
	co.end(child)
	return co.explain(&WorkerError{Role: "session", PID: child.PID, Phase: co.phase, Err: child.death()})
}

// end lets this session process go, if it still runs, and frees what it held
// here. It does nothing to one that has ended already, nor to its successor.
func (co *Coordinator) end(child *process) error {
	co.ending.Lock()
	defer co.ending.Unlock()
	if child == nil || co.child != child {
		return nil
	}
	child.conn.f.Close() // the session sees EOF, cleans up and exits
	late := time.AfterFunc(co.options.timeout(), child.Kill)
	child.Wait()
	late.Stop()
	co.child = nil
	close(co.stop)
	journal := co.journal
	co.journal = ""
	if journal == "" {
		return nil
	}
	return objects.Keep(journal)
}

// Close ends the session. Nothing that it made is left. It may be called again,
// and while another call waits for an answer, which then fails, as all later
// ones do.
func (co *Coordinator) Close() error {
	co.noise.Close()
	co.ending.Lock()
	co.closed = true
	co.ending.Unlock()
	return co.end(co.session())
}

// Interrupt is Close where a launch may be under way, whose numbers nothing waits
// for: a session that leaves nothing behind ends at once.
func (co *Coordinator) Interrupt() error {
	co.ending.Lock()
	child, journal := co.child, co.journal
	co.ending.Unlock()
	if child != nil && journal == "" {
		child.Kill()
	}
	return co.Close()
}

// tasksOf is how many processes and threads a launch of so many workers takes
// beside this process: 24 of two, 78 of 17, where the next one starts.
func tasksOf(workers int) int { return 16 + 4*workers }

// minFiles is how many descriptors a session of few peers needs in each of
// its processes, with some to spare.
const minFiles = 32

// enoughFiles tries whether this process may open minFiles more descriptors. The
// Go runtime ends the process with a trace where it can't have its own.
func enoughFiles() error {
	var fds []int
	defer func() {
		for _, fd := range fds {
			unix.Close(fd)
		}
	}()
	for len(fds) < minFiles {
		fd, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			err = os.NewSyscallError("openat", err)
			if remedy := reexec.Raise(err); remedy != "" {
				err = fmt.Errorf("%s: %w", remedy, err)
			}
			return fmt.Errorf("%d descriptors are free, a session needs %d: %w", len(fds), minFiles, err)
		}
		fds = append(fds, fd)
	}
	return nil
}
