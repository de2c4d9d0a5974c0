package runner

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/external"
	"ipcbench/internal/objects"
	"ipcbench/internal/reexec"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// programOf is the program that plays the parts of a cell; nil: workers do.
func programOf(c results.Cell) *mechanisms.Program {
	if m := mechanisms.Lookup(c.Mechanism); m != nil {
		return m.Program
	}
	return nil
}

// hosting is what the host of an external program needs besides its assignment.
type hosting struct {
	Program *mechanisms.Program `json:"program"`
	Dir     string              `json:"dir"` // of all parts, private
	Timeout time.Duration       `json:"timeout"`
	Begun   int64               `json:"begun"` // CLOCK_MONOTONIC, ns: when the timeout began
}

// hostShare is the share of a deadline that a host gives its program: the session,
// which has the same deadline, then hears which program it is and what it did.
const hostShare = 0.75

// externalStart is how many times as long as a worker an external program may take to
// start and open its ends: an interpreter is slow.
const externalStart = 3

func patient(d time.Duration) time.Duration { return time.Duration(hostShare * float64(d)) }

// externalMain is the main function of a host: a worker that has an external program
// play its part, and sleeps meanwhile. It is the first process of a PID namespace
// where that is permitted, so that nothing of the program outlives it.
func externalMain(token string) int {
	runtime.LockOSThread() // the program dies with this thread
	c := newConn(controlFD)
	h := &programHost{conn: c}
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, unix.SIGTERM)
	go func() {
		<-terminate
		external.EndFamily()
		os.Exit(1)
	}()
	if err := h.serve(token); err != nil {
		if died := (*external.DeathError)(nil); errors.As(err, &died) {
			dead := newDeathError(died.Status)
			dead.Stderr = strings.TrimSuffix(fmt.Sprintf("program %s: %s", results.Quote(died.Path), died.Output), ": ")
			err = dead
		}
		h.failed.Error = encodeError(err)
		c.Send(h.failed)
		return 1
	}
	return 0
}

// programHost is the process beside an external program.
type programHost struct {
	conn   *conn
	part   *external.Part
	number int // of the part
	failed workerReply
}

func (h *programHost) serve(token string) error {
	if err := external.Adopt(); err != nil {
		return err
	}
	ready, timeout, err := h.attach(token)
	if err != nil {
		return err
	}
	defer h.part.Kill()
	if err := h.conn.Send(workerReply{Ready: &ready}); err != nil {
		return err
	}
	for {
		var play playRequest
		if err := h.conn.Receive(&play); err != nil {
			return err // the session has gone
		}
		if len(play.Rounds) == 0 {
			if err := h.part.Leave(timeout); err != nil {
				return err
			}
			h.conn.Send(workerReply{Left: &leaving{}})
			return nil
		}
		var done *workerRound
		for _, r := range play.Rounds {
			if done, err = h.round(r, done); err != nil {
				return err
			}
		}
		if err := h.conn.Send(workerReply{Done: done}); err != nil {
			return err
		}
	}
}

// attach starts the program, and has it open its ends when all others have begun.
func (h *programHost) attach(token string) (s settings, timeout time.Duration, err error) {
	var a assignment
	if err := h.conn.Receive(&a); err != nil {
		return s, 0, fmt.Errorf("read assignment: %w", err)
	}
	workload := bench.WorkloadOf(a.Cell)
	if a.Token != token || a.Hosting == nil || workload == nil {
		return s, 0, errors.New("the parent does not know this worker's token")
	}
	if len(a.CPUs) > 0 {
		var set unix.CPUSet
		for _, cpu := range a.CPUs {
			set.Set(cpu)
		}
		if err := confineThread(&set); err != nil {
			return s, 0, outOfCPUSet(a.CPUs, err)
		}
	}
	timeout, h.number = patient(a.Hosting.Timeout), a.Part
	left := timeout - time.Duration(sys.Monotonic()-a.Hosting.Begun)
	h.part, err = external.Begin(external.Open{
		Program: a.Hosting.Program, Workload: workload, Cell: a.Cell, Part: a.Part, Seed: a.Seed, Dir: a.Hosting.Dir,
		Senders: a.Senders, Receivers: a.Receivers, Timeout: left,
	})
	if err != nil {
		return s, timeout, err
	}
	closeAll(ticketFD, countFDs(a.Senders)+countFDs(a.Receivers))
	err = h.conn.Send(workerReply{Made: true, Transport: h.part.Name, BuiltOn: h.part.BuiltOn})
	if err == nil {
		_, err = h.conn.ReadByte()
	}
	if err == nil {
		err = h.part.Attach(timeout)
	}
	if err != nil {
		h.part.Kill()
		return s, timeout, err
	}
	s, err = readSettings()
	return s, patient(a.Hosting.Timeout / externalStart), err
}

// round has the program get ready, waits for the common start, and returns the
// account.
func (h *programHost) round(r roundRequest, before *workerRound) (*workerRound, error) {
	if r.Kind == Bare || r.Kind == Traced {
		return nil, &mechanisms.UnsupportedError{What: fmt.Sprintf("a %s round: external transports do not play it", r.Kind)}
	}
	timed := h.part.Times()
	asked := external.Round{Kind: string(r.Kind), N: r.N, Sealed: r.Kind == Verify, Latency: r.Kind == Latency && timed, Rest: r.Rest, Timeout: patient(r.Timeout)}
	if err := h.part.Arm(asked); err != nil {
		return nil, err
	}
	if err := h.conn.Send(workerReply{Armed: true, Done: before}); err != nil {
		return nil, err
	}
	if _, err := h.conn.ReadByte(); err != nil {
		return nil, fmt.Errorf("wait for the start: %w", err)
	}
	if r.Kind == Dying {
		return h.die(r)
	}
	if err := h.part.Go(); err != nil {
		return nil, err
	}
	a, err := h.part.Finish()
	if err != nil {
		return nil, err
	}
	done := &workerRound{Start: a.Start, End: a.End, Usage: a.Used, Receives: h.part.Receives(), Verified: a.Verified}
	if done.Settings, err = readSettings(); err != nil {
		return nil, err
	}
	done.Settings.CPUs = a.CPUs
	if a.Latencies != nil {
		hist := results.NewHistogram()
		for ns, n := range a.Latencies {
			hist.RecordValues(min(max(ns, results.MinLatency), results.MaxLatency), n)
		}
		done.ClockNs, done.Latencies = clockCost(), pack(hist)
	}
	return done, nil
}

// seen is how long a program may take to see that its peer was killed.
const seen = time.Second

// looks are how often a program is looked at that waits.
const looks = 20

// die kills the program, or shows what it sees of another's death.
func (h *programHost) die(r roundRequest) (*workerRound, error) {
	done := &workerRound{}
	if h.number == r.Victim {
		time.Sleep(r.After)
		h.part.Die()
		return done, nil
	}
	if err := h.part.Go(); err != nil {
		return nil, err
	}
	// Its states are looked at, not its processor time: on a busy machine one that
	// never sleeps gets little of that, and its wait counts only once it runs again.
	// Looks that a busy machine delays until the other is dead do not count: the program
	// has answered by then, and sleeps.
	period := r.After * 9 / 10 / looks
	for begun := time.Now(); ; done.Looks++ {
		time.Sleep(period)
		runs := h.part.Runs()
		if time.Since(begun) > looks*period+period/2 {
			break
		}
		if runs {
			done.Runs++
		}
	}
	h.part.Patience(r.After/10 + seen)
	if _, err := h.part.Finish(); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		done.Saw = err.Error()
	}
	return done, nil
}

// Seen is what a program made of the death of another.
type Seen struct {
	Answer string  // "": it did not answer within a second
	Awake  float64 // the share of looks in which it ran, or waited for a CPU, before the other was killed
}

// Dying begins a round on all parts but one, whose program is killed some time later,
// and returns what the others made of it, by part. The launch is of no other use then:
// Close returns an error.
func (l *Launch) Dying(victim, n int, after time.Duration) (saw []Seen, err error) {
	l.coordinator.phase = string(Dying) + " round"
	t := l.coordinator.options.timeout()
	a, err := l.ask(request{Play: &playRequest{Rounds: []roundRequest{{Kind: Dying, N: n, Victim: victim, After: after, Timeout: t}}}}, 3*t, func(a *reply) bool {
		return len(a.Played) == 1 && len(a.Played[0]) == len(l.Workers)
	})
	if err != nil {
		return nil, err
	}
	for _, w := range a.Played[0] {
		saw = append(saw, Seen{w.Saw, float64(w.Runs) / float64(max(1, w.Looks))})
	}
	return saw, nil
}

// hosts gives the parts of a launch a directory, in which they find each other.
func (l *sessionLaunch) hosts(p *mechanisms.Program) (*hosting, error) {
	if strings.ContainsFunc(l.session.dir, unicode.IsSpace) {
		return nil, fmt.Errorf("directory %s: external transports need one without blanks, docs/protocol.md: set TMPDIR to another", results.Quote(l.session.dir))
	}
	dir, err := objects.MakeLaunchDir(l.session.dir)
	if err != nil {
		return nil, err
	}
	l.hosting = &hosting{Program: p, Dir: dir, Timeout: l.asked.Timeout, Begun: sys.Monotonic()}
	return l.hosting, nil
}

// isolateHost gives a host a PID namespace, if this session may make one.
func isolateHost(c *reexec.Command, namespaces bool) {
	if namespaces {
		reexec.Isolate(&c.Attr, unix.CLONE_NEWPID)
	}
}

// endHosts has hosts end what their programs have started, and themselves. Without a PID
// namespace nothing else does: a host that is killed leaves its program's children to
// the first process of the machine.
func (l *sessionLaunch) endHosts() {
	for _, p := range l.workers {
		p.Terminate()
	}
	for late := time.Now().Add(external.Killing + time.Second); time.Now().Before(late); time.Sleep(time.Millisecond) {
		if !slices.ContainsFunc(l.workers, func(p *process) bool { _, ended := p.Reap(); return !ended }) {
			return
		}
	}
}

// join has the programs open their ends, once all have made what others need.
func (l *sessionLaunch) join() error {
	replies, err := l.gather(l.asked.Timeout, nil, func(r workerReply) bool { return r.Made })
	if err != nil {
		return err
	}
	l.transport, l.builtOn = replies[0].Transport, replies[0].BuiltOn
	for _, p := range l.workers {
		p.conn.f.Write([]byte{'\n'})
	}
	return nil
}

// dropHosting removes the directory of the parts, with what they left there and what
// has its name in POSIX shared memory.
func (l *sessionLaunch) dropHosting() error {
	if l.hosting == nil {
		return nil
	}
	dir := l.hosting.Dir
	l.hosting = nil
	return objects.RemoveLaunchDir(dir)
}
