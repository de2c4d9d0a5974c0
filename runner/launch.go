package runner

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"ipcbench/bench"
	"ipcbench/internal/reexec"
	"ipcbench/results"
)

// Launch is an open launch of a cell, as the coordinator sees it: its processes
// run and have attached.
type Launch struct {
	Cell      results.Cell
	Given     *results.Given   // of the first link
	Links     []results.Link   // by wire
	Workers   []results.Worker // by part
	Started   time.Duration    // how long starting and attaching took
	Transport string           // of an external one: its name and version
	BuiltOn   string           // of the same: the mechanism that it stands on
	Warnings  []string         // what of its processes costs time that is not the mechanism's

	coordinator *Coordinator
	settings    []settings // by part, when all had attached
	rounds      []*Round   // all that were played
}

// Open starts the processes of a cell. Every error is a *CellError; it is
// errors.ErrUnsupported where this machine cannot carry the cell.
func (co *Coordinator) Open(c results.Cell) (*Launch, error) {
	l, err := co.open(c)
	if err != nil {
		return nil, &CellError{Cell: c.Name(), Err: err}
	}
	return l, nil
}

func (co *Coordinator) open(c results.Cell) (*Launch, error) {
	o, err := co.opening(c)
	if err != nil {
		return nil, err
	}
	if co.session() == nil {
		if err := co.start(); err != nil {
			return nil, err
		}
	}
	co.phase = "open"
	begin := time.Now()
	r, err := co.call(request{Open: o}, 3*o.Timeout) // what was prepared may have to end first
	if err != nil {
		return nil, err
	}
	if r.Opened == nil {
		return nil, errors.New("session answered out of turn")
	}
	l := &Launch{Cell: c, Given: r.Opened.Given, Links: r.Opened.Links, Transport: r.Opened.Transport, BuiltOn: r.Opened.BuiltOn, Warnings: r.Opened.Warnings, Workers: r.Opened.Workers, settings: r.Opened.Settings, coordinator: co, Started: time.Since(begin)}
	if r.Opened.SharesFiles {
		l.Warnings = append(l.Warnings, sharedFiles)
	}
	if departs := Departures(c, co.cpus); departs != "" {
		l.Warnings = append(l.Warnings, departs)
	}
	if err := l.checkAffinity(bench.WorkloadOf(c).Topology(c.Peers), o.CPUs); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// opening is the request that opens a launch of c.
func (co *Coordinator) opening(c results.Cell) (*openRequest, error) {
	w := bench.WorkloadOf(c)
	if w == nil {
		return nil, fmt.Errorf("%s: unknown workload", c.Name())
	}
	if err := fits(w, c); err != nil {
		return nil, err
	}
	cpus, node, err := place(c, co.cpus, w.Topology(c.Peers).CPUs())
	if err != nil {
		return nil, err
	}
	if parts := len(w.Topology(c.Peers).Parts); parts > co.spared {
		if err := reexec.Spare("a launch", tasksOf(parts)); err != nil {
			return nil, err
		}
		co.spared = parts
	}
	timeout := co.options.timeout()
	if programOf(c) != nil {
		timeout *= externalStart
	}
	return &openRequest{Cell: c, CPUs: cpus, Node: node, Timeout: timeout}, nil
}

const sharedFiles = "unshare(2) of descriptors is refused: the kernel counts references in every call, which takes a sixth of a short one; allow unshare or close_range in the seccomp filter"

// ask sends a request of this launch and wraps what goes wrong.
func (l *Launch) ask(r request, timeout time.Duration, answered func(*reply) bool) (*reply, error) {
	a, err := l.coordinator.call(r, timeout)
	if err == nil && !answered(a) {
		err = errors.New("session answered out of turn")
	}
	if err != nil {
		return nil, &CellError{Cell: l.Cell.Name(), Err: err}
	}
	return a, nil
}

// PIDs are the processes, by part.
func (l *Launch) PIDs() (pids []int) {
	for _, w := range l.Workers {
		pids = append(pids, w.PID)
	}
	return pids
}

// checkAffinity compares what was read back with what was asked for.
func (l *Launch) checkAffinity(t bench.Topology, asked []int) error {
	if len(asked) == 0 {
		return nil
	}
	for i, w := range l.Workers {
		want := slices.Clone(t.CPUsOf(i, asked))
		slices.Sort(want)
		if want = slices.Compact(want); !slices.Equal(w.CPUs, want) {
			return fmt.Errorf("%s runs on CPUs %v, not on %v as asked", w.Role, w.CPUs, want)
		}
	}
	return nil
}

// Round plays n operations. Expected is how long they should take; the deadline
// is far later.
func (l *Launch) Round(kind Kind, n int, expected time.Duration) (*Round, error) {
	played, err := l.Play(expected, Ask{Kind: kind, N: n})
	if err != nil {
		return nil, err
	}
	return played[0], nil
}

// Ask is a round that is asked for.
type Ask struct {
	Kind Kind
	N    int // operations
	// Marks is how many marks of the clock each part leaves on its way, so that a
	// stall shows, see bench.MarksFor; 0: none, and the round reads no clock.
	Marks  int
	Steady bool          // see Measurement
	Rest   time.Duration // see Measurement
}

// Play plays rounds as Round does. Each begins as soon as the one before is known
// to have gone well.
func (l *Launch) Play(expected time.Duration, asked ...Ask) ([]*Round, error) {
	l.coordinator.phase = string(asked[0].Kind) + " round"
	t := l.coordinator.options.timeout() + 20*expected
	r := &playRequest{}
	for _, a := range asked {
		r.Rounds = append(r.Rounds, roundRequest{Kind: a.Kind, N: a.N, Marks: a.Marks, Steady: a.Steady, Rest: a.Rest, Timeout: t})
	}
	a, err := l.ask(request{Play: r}, time.Duration(3*len(asked))*t, func(a *reply) bool {
		return len(a.Played) == len(asked) && !slices.ContainsFunc(a.Played, func(w []workerRound) bool { return len(w) != len(l.Workers) })
	})
	if err != nil {
		return nil, err
	}
	var played []*Round
	for i, workers := range a.Played {
		played = append(played, newRound(asked[i].Kind, asked[i].N, workers))
	}
	l.rounds = append(l.rounds, played...)
	return played, nil
}

// Close ends the launch's processes and removes its objects. It reports whether a
// signal stopped or continued one of them.
func (l *Launch) Close() (stopped bool, err error) { return l.close(nil) }

// close is Close, and lets the launch of next start meanwhile, whose Open should
// come next; nil: none is known.
func (l *Launch) close(next *results.Cell) (stopped bool, err error) {
	l.coordinator.phase = "exit"
	t := l.coordinator.options.timeout()
	c := &closeRequest{Timeout: t}
	if next != nil {
		c.Next, _ = l.coordinator.opening(*next) // an error comes again from Open
	}
	r, err := l.ask(request{Close: c}, 2*t, func(a *reply) bool { return a.Closed != nil })
	if at := (*WorkerError)(nil); errors.As(err, &at) && at.Phase == preparing && !l.coordinator.isClosed() {
		// All rounds were played: what the next launch did to the session is not
		// this one's failure. Its workers have ended with the session.
		l.coordinator.noteDeath(at)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	l.Links = r.Closed.Links
	return r.Closed.Stopped, nil
}
