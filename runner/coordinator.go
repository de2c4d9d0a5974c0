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

	"ipcbench/host"
	"ipcbench/results"
)

// Session is the coordinator's side of a session: the process that holds the
// kernel objects and the workers. The coordinator never measures. A Session is
// not safe for concurrent use, except that Close may come from another
// goroutine: it ends what a call waits for.
type Session struct {
	// Isolation tells how kernel objects are kept private, in a phrase for
	// records.
	Isolation string
	// Limits tells which of the host's limits differ inside.
	Limits []string

	options Options
	cpus    []host.CPU
	noise   *host.NoiseMeter
	phase   string

	// A session process ends once, whichever call finds out first: the call that it
	// does not answer, or Close.
	ending  sync.Mutex    // held while it ends
	closed  bool          // no other takes its place
	child   *process      // nil: none runs
	journal string        // of a session without namespaces
	stop    chan struct{} // closed to end the thread that the child's Pdeathsig follows

	initially, lately host.Settings // of the machine, at the start and after the last launch
}

// Options are the settings of a Session. The zero value is what a run uses.
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

// isolation is one way of keeping kernel objects from outliving a run.
type isolation struct {
	name  string
	flags uintptr
}

var isolations = []isolation{
	{"private IPC and mount namespaces", unix.CLONE_NEWIPC | unix.CLONE_NEWNS},
	{"private IPC and mount namespaces in a user namespace", unix.CLONE_NEWUSER | unix.CLONE_NEWIPC | unix.CLONE_NEWNS},
}

// Start starts a session, isolated as well as this kernel permits.
func Start(o Options) (*Session, error) {
	if err := enoughFiles(); err != nil {
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
	s := &Session{options: o, cpus: cpus, noise: noise, initially: host.ReadSettings(host.Root, cpus)}
	s.lately = s.initially
	if err := s.start(); err != nil {
		noise.Close()
		return nil, err
	}
	return s, nil
}

// Host is what the machine is, and what about it spoils numbers.
func (s *Session) Host(program string) *results.Host {
	h := host.Read(host.Root, s.cpus, program)
	h.Doubts = host.Doubts(host.Check(host.Root, h))
	return &h
}

func (s *Session) start() error {
	if s.over() {
		return errClosed
	}
	var refused []error
	if !s.options.Shared {
		for _, i := range isolations {
			err := s.try(i)
			if err == nil {
				return nil
			}
			refused = append(refused, fmt.Errorf("%s: %w", i.name, err))
		}
	}
	journal, err := newJournalPath()
	if err != nil {
		return err
	}
	s.journal = journal
	name := "none: objects are the host's, a janitor removes them"
	if len(refused) > 0 {
		name += " (" + refused[len(refused)-1].Error() + ")"
	}
	return s.try(isolation{name: name})
}

// try starts the session process with one isolation.
func (s *Session) try(i isolation) error {
	attr := syscall.SysProcAttr{Cloneflags: i.flags, Setpgid: true}
	if i.flags&unix.CLONE_NEWUSER != 0 {
		// Root inside, so that it may mount and set its own limits; nobody
		// outside.
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}}
	}
	if i.flags != 0 {
		// Everything it made goes with it. Without namespaces it must outlive
		// us, to clean up.
		attr.Pdeathsig = unix.SIGKILL
	}
	var child *process
	var token string
	var err error
	started, stop := make(chan struct{}), make(chan struct{})
	go func() {
		runtime.LockOSThread() // Pdeathsig follows this thread
		child, token, err = spawn("session", "session", nil, attr)
		close(started)
		<-stop
		runtime.UnlockOSThread()
	}()
	<-started
	if err != nil {
		close(stop)
		return err
	}
	s.ending.Lock()
	s.child, s.stop, s.Isolation, s.phase = child, stop, i.name, "set-up"
	s.ending.Unlock()
	if s.over() { // meanwhile
		s.end(child)
		return errClosed
	}
	setup := &setup{Namespaces: i.flags != 0, Sysctls: readSysctls(carriedOver), Journal: s.journal}
	r, err := s.call(request{Token: token, Setup: setup}, s.options.timeout())
	if err == nil && r.Setup == nil {
		err = errors.New("session answered out of turn")
	}
	if err != nil {
		s.end(child)
		return err
	}
	s.Limits = r.Setup.Limits
	return nil
}

// call sends a request and waits for its answer. The session watches its
// workers; this deadline watches the session.
func (s *Session) call(r request, timeout time.Duration) (*reply, error) {
	child := s.running()
	if child == nil {
		return nil, errors.New("the session has ended")
	}
	if err := child.conn.send(r); err != nil {
		return nil, s.died(child)
	}
	child.conn.f.SetReadDeadline(time.Now().Add(timeout))
	var a reply
	err := child.conn.receive(&a)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		hung := &WorkerError{Role: "session", PID: child.pid, Phase: s.phase, Err: inspect(child.pid, timeout)}
		child.kill()
		s.end(child)
		return nil, hung
	case err == io.EOF:
		return nil, s.died(child)
	case err != nil: // it was let go because of this, and need not have died of itself
		return nil, fmt.Errorf("%w, after its answer could not be read: %v", s.died(child), err)
	case a.Error != nil:
		return nil, a.Error.decode()
	}
	return &a, nil
}

// errClosed says that no session process may start any more.
var errClosed = errors.New("the session is closed")

// over tells whether Close has come.
func (s *Session) over() bool {
	s.ending.Lock()
	defer s.ending.Unlock()
	return s.closed
}

// running is the session process; nil: none runs.
func (s *Session) running() *process {
	s.ending.Lock()
	defer s.ending.Unlock()
	return s.child
}

// died reaps a session that ended unasked, removes what it could not, and
// says how it died. The next Open starts another.
func (s *Session) died(child *process) error {
	s.end(child)
	return &WorkerError{Role: "session", PID: child.pid, Phase: s.phase, Err: newDeathError(child.wait())}
}

// end lets this session process go, if it still runs, and frees what it held
// here. One that has ended already stays as it is, and so does its successor.
func (s *Session) end(child *process) error {
	s.ending.Lock()
	defer s.ending.Unlock()
	if child == nil || s.child != child {
		return nil
	}
	child.conn.f.Close() // the session sees EOF, cleans up and exits
	late := time.AfterFunc(s.options.timeout(), child.kill)
	child.wait()
	late.Stop()
	s.child = nil
	close(s.stop)
	journal := s.journal
	s.journal = ""
	return clean(journal)
}

// clean removes what a killed session left in its journal. A worker that it
// was just starting holds the lock for a moment longer.
func clean(journal string) error {
	if journal == "" {
		return nil
	}
	for deadline := time.Now().Add(time.Second); ; time.Sleep(time.Millisecond) {
		left, err := CleanJournal(journal, true)
		if errors.Is(err, ErrInUse) && time.Now().Before(deadline) {
			continue
		}
		for _, r := range left {
			if r.State != "removed" {
				err = errors.Join(err, fmt.Errorf("%v: %s", r.Object, r.State))
			}
		}
		return err
	}
}

// Close ends the session. Nothing that it made is left. It may come again, and
// while a call waits for an answer, which then fails, as all later ones do.
func (s *Session) Close() error {
	s.noise.Close()
	s.ending.Lock()
	s.closed = true
	s.ending.Unlock()
	return s.end(s.running())
}
