package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/external"
	"ipcbench/internal/objects"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// sessionServer is the session process: it makes the links and holds the workers
// of one launch at a time, as the coordinator asks. Where the kernel allows it,
// it lives in IPC and mount namespaces of its own, so that what it makes dies
// with it. Elsewhere it outlives a killed coordinator long enough to clean up.
type sessionServer struct {
	conn       *conn
	requests   chan request     // closed when the coordinator has gone
	dir        string           // private directory for names
	journal    *objects.Journal // nil in namespaces
	launch     *sessionLaunch   // nil between launches
	prepared   *sessionLaunch   // comes after it, and has started already; nil: none has
	died       []*wireError     // processes of launches that were prepared, since the last answer
	starter    starter
	namespaces bool          // it has its own, and may make more
	queued     map[fill]int  // messages that a link holds, by trial
	tried      map[fill]bool // what was tried at the capacity that it is given; its own is 0 here
}

// sessionMain is the main function of a session.
func sessionMain(token string) int {
	c := newConn(controlFD)
	var first request
	if err := c.Receive(&first); err != nil || first.Token != token || first.Setup == nil {
		fmt.Fprintln(os.Stderr, "ipcbench: session: the parent does not know this session's token")
		return 2
	}
	// It is awake when a round begins, which it starts. With another processor
	// of Go's, threads would look for work on a worker's CPU then: a stream
	// between two CPUs took a twentieth longer.
	runtime.GOMAXPROCS(1)
	s := &sessionServer{conn: c, requests: make(chan request), queued: map[fill]int{}, tried: map[fill]bool{}}
	limits, err := s.setUp(first.Setup)
	if err != nil {
		c.Send(reply{Error: encodeError(err)})
		s.tearDown()
		return 1
	}
	defer s.tearDown()
	s.starter = newStarter()
	if err := c.Send(reply{Setup: &setupReply{Limits: limits}}); err != nil {
		return 1
	}
	go s.listen()
	for r := range s.requests {
		a := s.answer(r)
		a.Died, s.died = s.died, nil
		if err := c.Send(a); err != nil {
			break
		}
	}
	return 0
}

// listen passes requests on, and closes the channel when the coordinator has
// gone, so that a wait for workers ends too.
func (s *sessionServer) listen() {
	defer close(s.requests)
	for {
		var r request
		if err := s.conn.Receive(&r); err != nil {
			return
		}
		s.requests <- r
	}
}

// answer does what is asked for. After an error no launch is open.
func (s *sessionServer) answer(r request) (a reply) {
	var err error
	var cell results.Cell
	if s.launch != nil {
		cell = s.launch.asked.Cell
	}
	switch {
	case r.Open != nil:
		cell = r.Open.Cell
		a.Opened, err = s.open(r.Open)
	case s.launch == nil:
		err = fmt.Errorf("no launch is open")
	case r.Play != nil:
		a.Played, err = s.launch.play(r.Play)
	case r.Close != nil:
		prepare := func() { s.prepare(r.Close.Next) }
		if a.Closed, err = s.launch.stop(r.Close.Timeout, prepare); err == nil {
			s.launch = nil
		}
	}
	if err != nil {
		if s.launch != nil {
			s.launch.abort()
			s.launch = nil
		}
		s.dropPrepared()
		return reply{Error: encodeError(withheld(cell, err))}
	}
	return a
}

// open opens the launch that is asked for.
func (s *sessionServer) open(o *openRequest) (*openedReply, error) {
	if s.launch != nil {
		return nil, fmt.Errorf("a launch is open already")
	}
	w := bench.WorkloadOf(o.Cell)
	if w == nil {
		return nil, fmt.Errorf("%s: unknown workload", o.Cell.Name())
	}
	if err := w.Admit(o.Cell); err != nil {
		return nil, err
	}
	if opened := s.openPrepared(o); opened != nil {
		return opened, nil
	}
	l, err := s.start(o)
	if err != nil {
		return nil, err
	}
	return s.attach(l)
}

// start starts a launch. After an error nothing of it is left.
func (s *sessionServer) start(o *openRequest) (*sessionLaunch, error) {
	w := bench.WorkloadOf(o.Cell)
	l := &sessionLaunch{session: s, asked: o, topology: w.Topology(o.Cell.Peers)}
	if err := s.guard(func() error { return l.start(w) }); err != nil {
		l.abort()
		return nil, err
	}
	return l, nil
}

// guard calls f, which makes calls that a filter may refuse, on a thread of its
// own. A filter that kills threads kills that one, and with it what f was about:
// no call returns, and no other process sees it.
func (s *sessionServer) guard(f func() error) error {
	thread, done := make(chan int, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		thread <- unix.Gettid()
		done <- f()
	}()
	look := time.NewTicker(lookInterval)
	defer look.Stop()
	for stat := fmt.Sprintf("/proc/self/task/%d/stat", <-thread); ; {
		select {
		case err := <-done:
			return err
		case <-look.C:
			state, code := threadState(stat)
			if _, err := os.Stat(stat); state == "Z" || errors.Is(err, fs.ErrNotExist) { // without descriptors the state is ""
				if code == 0 {
					code = syscall.WaitStatus(unix.SIGSYS) // no other signal kills a thread alone
				}
				return &WorkerError{Role: "session", PID: os.Getpid(), Phase: "open", Err: newDeathError(code)}
			}
		}
	}
}

// attach makes a launch that was started the one that is open. After an error
// nothing of it is left.
func (s *sessionServer) attach(l *sessionLaunch) (*openedReply, error) {
	opened, err := l.attach()
	if err != nil {
		l.abort()
		return nil, err
	}
	s.launch = l
	return opened, nil
}

// prepare starts the launch that comes next, where it is known, while the one
// before ends: nothing is measured then, and two CPUs do both at once. An error
// comes again when the launch is asked for, unless it is a death.
func (s *sessionServer) prepare(o *openRequest) {
	if o == nil {
		return
	}
	s.conn.Send(reply{Phase: preparing})
	var err error
	s.prepared, err = s.start(o)
	s.noteDeath(err)
	s.conn.Send(reply{Phase: "exit"})
}

// preparing is the phase of a session that prepares another launch than the one
// that it closes.
const preparing = "preparation of the next launch"

// noteDeath keeps an error for the record of the launch that is asked for next, if
// it is that a process died or hung.
func (s *sessionServer) noteDeath(err error) {
	if errors.As(err, new(*DeathError)) || errors.As(err, new(*HungError)) {
		s.died = append(s.died, encodeError(err))
	}
}

// openPrepared makes the launch that was prepared the one that is open, if it is
// the one that is asked for, else it ends that launch and returns nil. It also
// returns nil where the prepared launch could not attach, or was killed since: what
// the launch before held may have been in its way, so that it is started anew.
func (s *sessionServer) openPrepared(o *openRequest) *openedReply {
	l := s.prepared
	if l == nil || l.asked.Cell != o.Cell || !slices.Equal(l.asked.CPUs, o.CPUs) || slices.ContainsFunc(l.workers, killedBySignal) {
		s.dropPrepared()
		return nil
	}
	s.prepared = nil
	opened, err := s.attach(l)
	s.noteDeath(err)
	return opened
}

// killedBySignal reports whether a signal has ended the process, or is about to: the
// main thread is a zombie while others end, and until then none reaps the process.
func killedBySignal(p *process) bool {
	status, ended := p.Reap()
	if state, _ := threadState(fmt.Sprintf("/proc/%d/stat", p.PID)); !ended && state == "Z" {
		p.Kill() // a filter that kills one thread leaves the others
		status, ended = p.Wait(), true
	}
	return ended && status.Signaled()
}

// dropPrepared ends the launch that was prepared, if one was.
func (s *sessionServer) dropPrepared() {
	if l := s.prepared; l != nil {
		for i, p := range l.workers {
			if _, ended := p.Reap(); ended {
				s.noteDeath(l.failure(event{part: i}, p.death()))
			}
		}
		l.abort()
		s.prepared = nil
	}
}

// setUp arranges the private directory and, in namespaces, the limits.
func (s *sessionServer) setUp(o *setup) (limits []string, err error) {
	if err := external.Ensure(o.External); err != nil {
		return nil, err
	}
	s.namespaces = o.Namespaces
	if o.Namespaces {
		if s.dir, err = privateMount(); err != nil {
			return nil, err
		}
		return carryOver(o.Sysctls), nil
	}
	if s.journal, err = objects.Create(o.Journal); err != nil {
		return nil, err
	}
	s.dir, err = s.journal.MakeDir(objects.TempDir())
	return nil, err
}

// tearDown ends all launches and removes what is left of them.
func (s *sessionServer) tearDown() {
	if s.launch != nil {
		s.launch.abort()
	}
	s.dropPrepared()
	if s.journal != nil {
		s.journal.Close()
	}
}

// note journals what the link leaves behind if all processes of the run are
// killed.
func (s *sessionServer) note(l *mechanisms.Link) error {
	if s.journal == nil {
		return nil
	}
	return s.journal.Add(l.Objects...)
}

// destroy removes a link, and notes that in the journal.
func (s *sessionServer) destroy(l *mechanisms.Link) error {
	err := l.Destroy()
	if err == nil && s.journal != nil {
		err = s.journal.Removed(l.Objects...)
	}
	return err
}

// starter is the thread that starts a session's workers. Their Pdeathsig follows
// the thread, so that it lasts as long as the session, and the processes that it
// starts have no capability. No other goroutine of the session is locked to a
// thread: a locked one is slow to wake up.
type starter chan func()

func newStarter() starter {
	s := make(starter)
	go func() {
		runtime.LockOSThread()
		dropOnExec()
		for f := range s {
			f()
		}
	}()
	return s
}

// do has the thread call f, and waits for it.
func (s starter) do(f func() error) error {
	done := make(chan error)
	s <- func() { done <- f() }
	return <-done
}

// dropOnExec leaves the workers no capability, even if they run as root: a
// worker needs none, and root must not measure what other users can't have. It
// holds for what this thread executes from now on, capabilities(7). The session
// itself keeps what it needs to make links.
func dropOnExec() {
	const secbitNoroot = 1 << 0 // linux/securebits.h
	// A user who may not do this (CAP_SETPCAP) is not root or is confined already.
	unix.Prctl(unix.PR_SET_SECUREBITS, secbitNoroot, 0, 0, 0)
}
