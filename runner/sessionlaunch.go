package runner

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/bench"
	"ipcbench/internal/reexec"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// sessionLaunch is one run of a cell in fresh processes, as the session sees it.
type sessionLaunch struct {
	session   *sessionServer
	asked     *openRequest
	topology  bench.Topology
	links     []*mechanisms.Link
	specs     []mechanisms.Spec  // of the links, by wire; of none that can't be filled
	made      []mechanisms.Given // what the kernel gave them when they were made
	given     *results.Given     // the same of the first one, for records
	capacity  []results.Link     // of the links, as their ends read it
	warnings  []string           // about it
	shared    *os.File           // memory of all parts; nil: none, or all have mapped it
	hosting   *hosting           // of parts that external programs play; nil: workers do
	transport string             // the name and version of an external one
	builtOn   string             // the mechanism that it stands on
	factory   *linkFactory       // of the worker that makes the links itself; nil: the session has made them
	workers   []*process         // by part
	events    chan event
	phase     string
	rounds    int
	seed      bench.Seed // of its messages' stamps

	mechanism *mechanisms.Mechanism // of the links; nil: none
	cursors   [][]bench.Cursor      // of the workers, by part
}

// event is what one worker has sent, or how it ended.
type event struct {
	part  int
	reply workerReply
	ended bool  // it has exited
	err   error // its own error; a *DeathError where it ended otherwise than with status 0
}

// start makes the links and starts one worker per part.
func (l *sessionLaunch) start(w *bench.Workload) (err error) {
	l.phase, l.seed = "attach", bench.Seed(rand.Uint64())
	o := l.asked
	if w.Floor == "" {
		if err = l.makeLinks(o.Cell); err != nil {
			return err
		}
		if w.Makes {
			if err := l.useLinkFactory(o.Cell); err != nil {
				return err
			}
		}
	}
	if err := l.makeShared(w); err != nil {
		return err
	}
	if p := programOf(o.Cell); p != nil {
		if _, err := l.hosts(p); err != nil {
			return err
		}
	}
	l.events = make(chan event, 4*len(l.topology.Parts))
	return l.session.starter.do(func() error {
		for i := range l.topology.Parts {
			if err := l.startWorker(i, o); err != nil {
				return err
			}
		}
		return nil
	})
}

// attach waits until all workers have attached.
func (l *sessionLaunch) attach() (*openedReply, error) {
	if l.hosting != nil {
		if err := l.join(); err != nil {
			return nil, err
		}
	}
	replies, err := l.gather(l.asked.Timeout, nil, func(r workerReply) bool { return r.Ready != nil })
	if err != nil {
		return nil, err
	}
	opened := &openedReply{Given: l.given, Transport: l.transport, BuiltOn: l.builtOn}
	var capacities []endCapacity
	for i, r := range replies {
		capacities = append(capacities, r.Capacities...)
		opened.Workers = append(opened.Workers, results.Worker{Role: l.topology.Parts[i].Role, PID: l.workers[i].PID, CPUs: r.Ready.CPUs})
		opened.Settings = append(opened.Settings, *r.Ready)
		l.cursors = append(l.cursors, r.Cursors)
		opened.SharesFiles = opened.SharesFiles || r.SharesFiles
	}
	for _, link := range l.links {
		if err := link.Release(); err != nil {
			return nil, err
		}
	}
	l.noteCapacities(capacities)
	opened.Links, opened.Warnings = l.capacity, l.warnings
	return opened, l.closeShared()
}

// makeShared makes the memory that parts map beside their links. It has no name,
// and is gone with the last process that maps it.
func (l *sessionLaunch) makeShared(w *bench.Workload) error {
	if l.topology.Shared == 0 {
		return nil
	}
	name := cmp.Or(w.Floor, w.Name)
	fd, err := sys.MemfdCreate("ipcbench-"+name, l.topology.Shared)
	if err != nil {
		return err
	}
	l.shared = os.NewFile(uintptr(fd), name)
	return nil
}

// closeShared closes the descriptor of the memory, which only workers that have
// yet to map it need.
func (l *sessionLaunch) closeShared() error {
	if l.shared == nil {
		return nil
	}
	f := l.shared
	l.shared = nil
	return f.Close()
}

// startWorker starts the worker of part i with the tickets of its ends.
func (l *sessionLaunch) startWorker(i int, o *openRequest) error {
	part := l.topology.Parts[i]
	a := assignment{Cell: o.Cell, Part: i, Seed: l.seed, CPUs: l.topology.CPUsOf(i, o.CPUs)}
	var files []int
	var env []string
	if l.shared != nil {
		a.Shared = l.topology.Shared
		files = append(files, int(l.shared.Fd()))
	}
	inherit := func(t mechanisms.Ticket) mechanisms.Ticket {
		here := t.FDs
		t.FDs = nil
		for _, fd := range here {
			t.FDs = append(t.FDs, ticketFD+len(files))
			files = append(files, fd)
		}
		return t
	}
	if l.factory != nil {
		a.Factory, part.Sends, part.Receives = l.factory, nil, nil
		env = append(env, fmt.Sprintf("GOMEMLIMIT=%d", factoryMemory))
	}
	for _, wire := range part.Sends {
		a.Senders = append(a.Senders, inherit(l.links[wire].Sender))
	}
	for _, wire := range part.Receives {
		a.Receivers = append(a.Receivers, inherit(l.links[wire].Receiver))
	}
	c := reexec.Command{Role: "worker", Name: part.Role, Files: files, Env: env, Attr: syscall.SysProcAttr{Pdeathsig: unix.SIGKILL}}
	switch {
	case l.hosting != nil:
		c.Role, a.Hosting = "external", l.hosting
		isolateHost(&c, l.session.namespaces)
	case scheduled(o.Cell):
		c.Role = "scheduled"
	}
	p, err := startProcess(c, 2)
	if err != nil {
		return err
	}
	l.workers = append(l.workers, p)
	go l.follow(i, p)
	a.Token = p.token
	p.conn.Send(a) // follow reports a worker that has died already
	return nil
}

// follow makes events of what worker i sends, until it has ended.
func (l *sessionLaunch) follow(i int, p *process) {
	for {
		var r workerReply
		if err := p.conn.Receive(&r); err != nil {
			break
		}
		e := event{part: i, reply: r}
		if r.Error != nil {
			e.err = r.Error.decode()
		}
		l.events <- e
	}
	end := event{part: i, ended: true}
	if status := p.Wait(); !status.Exited() || status.ExitStatus() != 0 {
		end.err = p.death()
	}
	p.conn.f.Close()
	l.events <- end
}

// play plays rounds on all workers. The next begins when the one before is
// known to have gone well.
func (l *sessionLaunch) play(r *playRequest) (played [][]workerRound, err error) {
	for _, p := range l.workers {
		p.conn.Send(r)
	}
	for i, round := range r.Rounds {
		l.rounds++
		l.phase = fmt.Sprintf("%s round %d", round.Kind, l.rounds)
		if i == 0 {
			if _, err := l.gather(round.Timeout, nil, func(r workerReply) bool { return r.Armed && r.Done == nil }); err != nil {
				return nil, err
			}
		}
		for _, p := range l.workers {
			p.conn.f.Write([]byte{'\n'})
		}
		more := i+1 < len(r.Rounds)
		replies, err := l.gather(round.Timeout, l.lossDetector(), func(r workerReply) bool { return r.Done != nil && r.Armed == more })
		if err != nil {
			return nil, err
		}
		all := make([]workerRound, len(replies))
		for part, r := range replies {
			all[part] = *r.Done
		}
		if err := checkTaken(all); err != nil {
			return nil, err
		}
		played = append(played, all)
	}
	return played, nil
}

// lossDetector looks for lost messages in a round; nil where external programs play it,
// of which the session sees only the hosts.
func (l *sessionLaunch) lossDetector() *lossDetector {
	if l.hosting != nil {
		return nil
	}
	return &lossDetector{launch: l}
}

// checkTaken checks what all workers took against what was sent, on links whose
// messages any of several receivers may take.
func checkTaken(workers []workerRound) error {
	var sent, taken bench.Tally
	for _, w := range workers {
		sent, taken = sent.Plus(w.Sent), taken.Plus(w.Taken)
	}
	return bench.CheckTaken(sent, taken)
}

// gather waits until every worker has given the answer that is wanted. On the
// first failure it hears the others out for a moment, since the first to
// complain is often the victim. A loss is looked for where messages are under way.
func (l *sessionLaunch) gather(timeout time.Duration, loss *lossDetector, wanted func(workerReply) bool) ([]workerReply, error) {
	replies := make([]workerReply, len(l.workers))
	missing := make(map[int]bool, len(l.workers))
	for i := range l.workers {
		missing[i] = true
	}
	late, stop := reexec.After(timeout)
	defer stop()
	look := time.NewTicker(lookInterval)
	defer look.Stop()
	for len(missing) > 0 {
		select {
		case <-look.C:
			l.lookAt(missing)
			if loss == nil {
				continue
			}
			if err := loss.look(missing); err != nil {
				return nil, err
			}
		case e := <-l.events:
			if e.err != nil || e.ended {
				return nil, l.blame(e)
			}
			if !wanted(e.reply) {
				return nil, l.failure(e, errors.New("answered out of turn"))
			}
			replies[e.part] = e.reply
			delete(missing, e.part)
		case _, ok := <-l.session.requests:
			if !ok {
				return nil, errors.New("the coordinator has gone")
			}
			return nil, errors.New("a request came in the middle of another")
		case <-late:
			return nil, l.hung(missing, timeout)
		}
	}
	return replies, nil
}

// lookAt ends the workers that are dead without an end, see process.look.
func (l *sessionLaunch) lookAt(missing map[int]bool) {
	for part := range missing {
		l.workers[part].look()
	}
}

// exiting is the phase in which workers end because they are asked to.
const exiting = "exit"

// stop asks the workers to end, waits for their exit and removes the links. It
// calls meanwhile while they end.
func (l *sessionLaunch) stop(timeout time.Duration, meanwhile func()) (*closedReply, error) {
	l.phase = exiting
	closed := &closedReply{}
	for _, p := range l.workers {
		closed.Stopped = p.TakeStops() || closed.Stopped
	}
	for _, p := range l.workers {
		p.conn.Send(playRequest{})
	}
	meanwhile()
	late, stop := reexec.After(timeout)
	defer stop()
	look := time.NewTicker(lookInterval)
	defer look.Stop()
	running := map[int]bool{}
	for i := range l.workers {
		running[i] = true
	}
	var capacities []endCapacity
	for len(running) > 0 {
		select {
		case e := <-l.events:
			if e.err == nil && !e.ended && e.reply.Left != nil {
				capacities = append(capacities, e.reply.Left.Capacities...)
				continue
			}
			if e.err != nil || !e.ended {
				return nil, l.blame(e)
			}
			delete(running, e.part)
		case <-look.C:
			l.lookAt(running)
		case <-late:
			return nil, l.hung(running, timeout)
		}
	}
	l.workers = nil
	closed.Links = l.noteCapacitiesAfter(capacities)
	return closed, l.destroy()
}

// abort ends the launch by force, whatever state it is in.
func (l *sessionLaunch) abort() {
	if l.hosting != nil && !l.session.namespaces {
		l.endHosts()
	}
	for _, p := range l.workers {
		p.Kill()
	}
	for _, p := range l.workers {
		p.Wait()
	}
	l.workers = nil
	l.destroy()
}

// destroy removes the links and what belongs to them.
func (l *sessionLaunch) destroy() error {
	errs := []error{l.closeShared(), l.dropHosting()}
	for _, link := range l.links {
		errs = append(errs, l.session.destroy(link))
	}
	l.links = nil
	if l.factory != nil {
		errs = append(errs, os.RemoveAll(l.factory.Dir))
	}
	return errors.Join(errs...)
}
