package runner

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/mechanisms"
)

// session is the process that makes links and holds the workers of one launch
// at a time. Where the kernel allows it, it lives in its own IPC and mount
// namespaces, so that whatever it makes dies with it; elsewhere it outlives a
// killed coordinator long enough to clean up.
type session struct {
	conn     *conn
	requests chan request // closed when the coordinator has gone
	dir      string       // private directory for names
	journal  *Journal     // nil in namespaces
	launch   *launch      // nil between launches
	next     *launch      // comes after it, and has started already; nil: none has
	starter  starter
	inFlight map[fill]int  // messages that a link holds, by trial
	tried    map[fill]bool // what was tried at the capacity that it is given; its own is 0 here
}

func sessionMain(c *conn, token string) int {
	var first request
	if err := c.receive(&first); err != nil || first.Token != token || first.Setup == nil {
		fmt.Fprintln(os.Stderr, "ipcbench: session: the parent does not know this session's token")
		return 2
	}
	// It is awake when a round begins, which it starts. With another processor
	// of Go's, threads would look for work on a worker's CPU then: a stream
	// between two CPUs took a twentieth longer.
	runtime.GOMAXPROCS(1)
	s := &session{conn: c, requests: make(chan request), inFlight: map[fill]int{}, tried: map[fill]bool{}}
	limits, err := s.setUp(first.Setup)
	if err != nil {
		c.send(reply{Error: encodeError(err)})
		s.tearDown()
		return 1
	}
	defer s.tearDown()
	s.starter = newStarter()
	if err := c.send(reply{Setup: &setupReply{Limits: limits}}); err != nil {
		return 1
	}
	go s.listen()
	for r := range s.requests {
		if err := c.send(s.answer(r)); err != nil {
			break
		}
	}
	return 0
}

// listen passes requests on, and closes the channel when the coordinator has
// gone, so that a wait for workers ends too.
func (s *session) listen() {
	defer close(s.requests)
	for {
		var r request
		if err := s.conn.receive(&r); err != nil {
			return
		}
		s.requests <- r
	}
}

func (s *session) answer(r request) (a reply) {
	var err error
	switch {
	case r.Open != nil:
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
		s.drop()
		return reply{Error: encodeError(err)}
	}
	return a
}

func (s *session) open(o *openRequest) (*openedReply, error) {
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
	if opened := s.take(o); opened != nil {
		return opened, nil
	}
	l, err := s.start(o)
	if err != nil {
		return nil, err
	}
	return s.attach(l)
}

// start starts a launch. After an error nothing of it is left.
func (s *session) start(o *openRequest) (*launch, error) {
	w := bench.WorkloadOf(o.Cell)
	l := &launch{session: s, asked: o, topology: w.Topology(o.Cell.Peers)}
	if err := l.start(w); err != nil {
		l.abort()
		return nil, err
	}
	return l, nil
}

// attach makes a launch that was started the one that is open. After an error
// nothing of it is left.
func (s *session) attach(l *launch) (*openedReply, error) {
	opened, err := l.attach()
	if err != nil {
		l.abort()
		return nil, err
	}
	s.launch = l
	return opened, nil
}

// record journals what the link leaves behind if everyone is killed.
func (s *session) record(l *mechanisms.Link) error {
	if s.journal == nil {
		return nil
	}
	return s.journal.Add(l.Objects...)
}

func (s *session) destroy(l *mechanisms.Link) error {
	err := l.Destroy()
	if err == nil && s.journal != nil {
		err = s.journal.Removed(l.Objects...)
	}
	return err
}

// dropOnExec leaves the workers no capability, even if they run as root: a
// peer needs none, and root must not measure what others can't have. It holds
// for what this thread executes from now on, capabilities(7); the session
// itself keeps what it needs to make links.
func dropOnExec() {
	const secbitNoroot = 1 << 0 // linux/securebits.h
	// Who may not do this (CAP_SETPCAP) is not root or is confined already.
	unix.Prctl(unix.PR_SET_SECUREBITS, secbitNoroot, 0, 0, 0)
}

// setUp arranges the private directory and, in namespaces, the limits.
func (s *session) setUp(o *setup) (limits []string, err error) {
	if o.Namespaces {
		if s.dir, err = privateMount(); err != nil {
			return nil, err
		}
		return carryOver(o.Sysctls), nil
	}
	if s.journal, err = CreateJournal(o.Journal); err != nil {
		return nil, err
	}
	s.dir, err = s.journal.MakeDir()
	return nil, err
}

func (s *session) tearDown() {
	if s.launch != nil {
		s.launch.abort()
	}
	s.drop()
	if s.journal != nil {
		s.journal.Close()
	}
}

// privateMount gives this process a tmpfs of its own for names. Mounted on
// /dev/shm it makes POSIX shared memory private as well.
func privateMount() (string, error) {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return "", fmt.Errorf("make mounts private: %w", os.NewSyscallError("mount", err))
	}
	var err error
	for _, dir := range []string{"/dev/shm", "/tmp"} {
		if err = unix.Mount("ipcbench", dir, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "mode=0700"); err == nil {
			return dir, nil
		}
	}
	return "", fmt.Errorf("mount a private tmpfs: %w", os.NewSyscallError("mount", err))
}

// carriedOver are the limits that a new IPC namespace resets to defaults.
var carriedOver = []string{"kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem", "kernel.shmmax", "kernel.shmall", "kernel.shmmni", "fs.mqueue.msg_max", "fs.mqueue.msgsize_max", "fs.mqueue.queues_max"}

func sysctlPath(name string) string {
	return "/proc/sys/" + strings.ReplaceAll(name, ".", "/")
}

// readSysctls reads the host's limits, for carryOver.
func readSysctls(names []string) map[string]string {
	values := map[string]string{}
	for _, name := range names {
		if b, err := os.ReadFile(sysctlPath(name)); err == nil {
			values[name] = strings.Join(strings.Fields(string(b)), " ")
		}
	}
	return values
}

// carryOver sets the namespace's limits to the host's and tells which differ
// all the same. It writes nothing but what is private to the namespace.
func carryOver(host map[string]string) (differ []string) {
	for _, name := range carriedOver {
		want, ok := host[name]
		if !ok {
			continue
		}
		here := readSysctls([]string{name})[name]
		if here == want {
			continue
		}
		if err := os.WriteFile(sysctlPath(name), []byte(want), 0); err != nil {
			differ = append(differ, fmt.Sprintf("%s is %s in the private namespace, %s on the host", name, here, want))
		}
	}
	return differ
}
