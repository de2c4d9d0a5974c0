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
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// launch is one run of a cell in fresh processes, as the session sees it.
type launch struct {
	session  *session
	asked    *openRequest
	topology bench.Topology
	links    []*mechanisms.Link
	specs    []mechanisms.Spec  // of the links, by wire; of none that nobody can fill
	made     []mechanisms.Given // what the kernel gave them when they were made
	given    *results.Given     // the same of the first one, for records
	capacity []results.Link     // of the links, as their ends read it
	warnings []string           // about it
	shared   *os.File           // memory of all parts; nil: none, or all have mapped it
	makes    *mechanisms.Spec   // of links that a worker makes itself; nil: none does
	workers  []*process         // by part
	events   chan event
	phase    string
	rounds   int
	seed     bench.Seed // of its messages' stamps

	mechanism *mechanisms.Mechanism // of the links; nil: none
}

// event is what one worker said, or how it ended.
type event struct {
	part  int
	reply workerReply
	ended bool  // it has exited
	err   error // its own error; a *DeathError where it ended otherwise than with status 0
}

// start makes the links and starts one worker per part.
func (l *launch) start(w *bench.Workload) (err error) {
	l.phase, l.seed = "attach", bench.Seed(rand.Uint64())
	o := l.asked
	if w.Floor == "" {
		if err = l.makeLinks(o.Cell); err != nil {
			return err
		}
		if w.Makes {
			if err := l.leaveMaking(o.Cell); err != nil {
				return err
			}
		}
	}
	if err := l.share(w); err != nil {
		return err
	}
	l.events = make(chan event, 4*len(l.topology.Parts))
	return l.session.starter.do(func() error {
		for i := range l.topology.Parts {
			if err := l.spawn(i, o); err != nil {
				return err
			}
		}
		return nil
	})
}

// attach waits until all workers have attached.
func (l *launch) attach() (*openedReply, error) {
	replies, err := l.gather(l.asked.Timeout, func(r workerReply) bool { return r.Ready != nil })
	if refused := (*mechanisms.UnsupportedError)(nil); errors.As(err, &refused) {
		return nil, refused // whichever worker found out
	}
	if err != nil {
		return nil, err
	}
	opened := &openedReply{Given: l.given}
	var holds []held
	for i, r := range replies {
		holds = append(holds, r.Held...)
		opened.Workers = append(opened.Workers, results.Worker{Role: l.topology.Parts[i].Role, PID: l.workers[i].pid, CPUs: r.Ready.CPUs})
		opened.Settings = append(opened.Settings, *r.Ready)
		opened.SharesFiles = opened.SharesFiles || r.SharesFiles
	}
	for _, link := range l.links {
		if err := link.Release(); err != nil {
			return nil, err
		}
	}
	l.capacities(holds)
	opened.Links, opened.Warnings = l.capacity, l.warnings
	return opened, l.unshare()
}

// share makes the memory that parts map besides their links. It is gone with the last of
// them, whoever is killed.
func (l *launch) share(w *bench.Workload) error {
	if l.topology.Shared == 0 {
		return nil
	}
	name := cmp.Or(w.Floor, w.Name)
	fd, err := sys.MemfdCreate("ipcbench-"+name, l.topology.Shared)
	if err != nil {
		return withheld(&mechanisms.Mechanism{Name: name, Since: "3.17"}, err)
	}
	l.shared = os.NewFile(uintptr(fd), name)
	return nil
}

// unshare gives up what only those who have yet to map the memory need.
func (l *launch) unshare() error {
	if l.shared == nil {
		return nil
	}
	f := l.shared
	l.shared = nil
	return f.Close()
}

// makeLinks makes every wire of the topology from the cell's mechanism.
func (l *launch) makeLinks(c results.Cell) error {
	m := mechanisms.Lookup(c.Mechanism)
	if m == nil {
		return fmt.Errorf("unknown mechanism %q", c.Mechanism)
	}
	if err := admit(m, l.topology, c); err != nil {
		return err
	}
	l.mechanism = m
	wires := l.topology.Wires
	specs := make([]mechanisms.Spec, len(wires))
	for i, wire := range wires {
		specs[i] = wire.Spec(c)
		specs[i].Dir = l.session.dir
	}
	var err error
	if m.Offers(mechanisms.Messages) { // which can fill a link
		l.specs = specs
		if err := l.session.tryAll(m, specs); err != nil {
			return withheld(m, err)
		}
	}
	for i := 0; i < len(wires); i++ {
		spec := specs[i]
		made := []*mechanisms.Link{nil}
		if m.NewPair != nil && i+1 < len(wires) && wires[i+1].Back {
			made = append(made, nil)
			made[0], made[1], err = m.NewPair(spec)
			i++
		} else {
			made[0], err = m.New(spec)
		}
		if err != nil {
			return withheld(m, exhausted(m, l.topology, c, spec, err))
		}
		l.links = append(l.links, made...)
		for _, link := range made {
			l.made = append(l.made, link.Given)
			if err := l.session.record(link); err != nil {
				return err
			}
		}
	}
	if l.specs != nil {
		l.given = &results.Given{Queue: l.made[0].Queue, Source: l.made[0].Source, InFlight: l.session.fits(m, specs[0], l.made[0].Queue)}
	}
	return nil
}

// spawn starts the worker of part i with the tickets of its ends.
func (l *launch) spawn(i int, o *openRequest) error {
	part := l.topology.Parts[i]
	a := assignment{Cell: o.Cell, Part: i, Seed: l.seed, CPUs: l.topology.CPUsOf(i, o.CPUs)}
	var files []int
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
	if l.makes != nil {
		a.Makes, part.Sends, part.Receives = l.makes, nil, nil
	}
	for _, wire := range part.Sends {
		a.Senders = append(a.Senders, inherit(l.links[wire].Sender))
	}
	for _, wire := range part.Receives {
		a.Receivers = append(a.Receivers, inherit(l.links[wire].Receiver))
	}
	kind := "worker"
	if scheduled(o.Cell) {
		kind = "scheduled"
	}
	p, token, err := spawn(kind, part.Role, files, syscall.SysProcAttr{Pdeathsig: unix.SIGKILL})
	if err != nil {
		return err
	}
	l.workers = append(l.workers, p)
	go l.follow(i, p)
	a.Token = token
	// A worker that died already is reported by follow.
	p.conn.send(a)
	return nil
}

// follow turns what worker i says into events, until it has ended.
func (l *launch) follow(i int, p *process) {
	for {
		var r workerReply
		if err := p.conn.receive(&r); err != nil {
			break
		}
		e := event{part: i, reply: r}
		if r.Error != nil {
			e.err = r.Error.decode()
		}
		l.events <- e
	}
	end := event{part: i, ended: true}
	if status := p.wait(); !status.Exited() || status.ExitStatus() != 0 {
		end.err = newDeathError(status)
	}
	p.conn.f.Close()
	l.events <- end
}

// play plays rounds on all workers. The next begins when the one before is
// known to have gone well.
func (l *launch) play(r *playRequest) (played [][]workerRound, err error) {
	for _, p := range l.workers {
		p.conn.send(r)
	}
	for i, round := range r.Rounds {
		l.rounds++
		l.phase = fmt.Sprintf("%s round %d", round.Kind, l.rounds)
		if i == 0 {
			if _, err := l.gather(round.Timeout, func(r workerReply) bool { return r.Armed && r.Done == nil }); err != nil {
				return nil, err
			}
		}
		for _, p := range l.workers {
			p.conn.f.Write([]byte{'\n'})
		}
		more := i+1 < len(r.Rounds)
		replies, err := l.gather(round.Timeout, func(r workerReply) bool { return r.Done != nil && r.Armed == more })
		if err != nil {
			return nil, err
		}
		all := make([]workerRound, len(replies))
		for part, r := range replies {
			all[part] = *r.Done
		}
		if err := tally(all); err != nil {
			return nil, err
		}
		played = append(played, all)
	}
	return played, nil
}

// gather waits until every worker has given the answer that is wanted. On the
// first failure it hears the others out for a moment, since the first to
// complain is often the victim.
func (l *launch) gather(timeout time.Duration, wanted func(workerReply) bool) ([]workerReply, error) {
	replies := make([]workerReply, len(l.workers))
	missing := make(map[int]bool, len(l.workers))
	for i := range l.workers {
		missing[i] = true
	}
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	lull := l.watchLull()
	defer lull.stop()
	for len(missing) > 0 {
		select {
		case <-lull.look:
			if err := lull.lost(missing); err != nil {
				return nil, err
			}
		case e := <-l.events:
			if e.err != nil || e.ended {
				return nil, l.blame(e)
			}
			if !wanted(e.reply) {
				return nil, l.failure(e.part, errors.New("answered out of turn"))
			}
			replies[e.part] = e.reply
			delete(missing, e.part)
		case _, ok := <-l.session.requests:
			if !ok {
				return nil, errors.New("the coordinator has gone")
			}
			return nil, errors.New("a request came in the middle of another")
		case <-deadline.C:
			return nil, l.hung(missing, timeout)
		}
	}
	return replies, nil
}

// stop ends the workers as asked, waits for their exit and removes the links.
// Meanwhile is called when they have been told, and takes no time that their
// exit would not.
func (l *launch) stop(timeout time.Duration, meanwhile func()) (*closedReply, error) {
	l.phase = "exit"
	closed := &closedReply{}
	for _, p := range l.workers {
		closed.Stopped = p.wasStopped() || closed.Stopped
	}
	for _, p := range l.workers {
		p.conn.closeWrite()
	}
	meanwhile()
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	running := map[int]bool{}
	for i := range l.workers {
		running[i] = true
	}
	var holds []held
	for len(running) > 0 {
		select {
		case e := <-l.events:
			if e.err == nil && !e.ended && e.reply.Left != nil {
				holds = append(holds, e.reply.Left.Held...)
				continue
			}
			if e.err != nil || !e.ended {
				return nil, l.blame(e)
			}
			delete(running, e.part)
		case <-deadline.C:
			return nil, l.hung(running, timeout)
		}
	}
	l.workers = nil
	closed.Links = l.capacitiesAfter(holds)
	return closed, l.destroy()
}

// abort ends the launch by force, whatever state it is in.
func (l *launch) abort() {
	for _, p := range l.workers {
		p.kill()
	}
	for _, p := range l.workers {
		p.wait()
	}
	l.workers = nil
	l.destroy()
}

func (l *launch) destroy() error {
	errs := []error{l.unshare()}
	for _, link := range l.links {
		errs = append(errs, l.session.destroy(link))
	}
	l.links = nil
	if l.makes != nil {
		errs = append(errs, os.RemoveAll(l.makes.Dir))
	}
	return errors.Join(errs...)
}
