package runner

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"

	"ipcbench/host"
	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// makeLinks makes every link of the topology from the cell's mechanism.
func (l *sessionLaunch) makeLinks(c results.Cell) error {
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
	if m.OpenSender != nil { // which can fill a link
		l.specs = specs
		if err := l.session.fillAll(m, specs); err != nil {
			return err
		}
	}
	for i := 0; i < len(wires); i++ {
		spec := specs[i]
		made := []*mechanisms.Link{nil}
		switch {
		case m.NewPair != nil && i+1 < len(wires) && wires[i+1].Back:
			made = append(made, nil)
			made[0], made[1], err = m.NewPair(spec)
			i++
		case l.asked.Node != nil:
			made[0], err = newOnNode(m, spec, *l.asked.Node)
		default:
			made[0], err = m.New(spec)
		}
		if err != nil {
			return exhausted(m, l.topology, c, spec, err)
		}
		l.links = append(l.links, made...)
		for _, link := range made {
			l.made = append(l.made, link.Given)
			if err := l.session.note(link); err != nil {
				return err
			}
		}
	}
	if l.specs != nil {
		l.given = &results.Given{Queue: l.made[0].Queue, Source: l.made[0].Source, InFlight: l.session.countQueued(m, specs[0], l.made[0].Queue)}
	}
	return nil
}

// newOnNode makes a link in memory of that NUMA node. Its pages are taken here: a
// segment has none before an end is opened, and a worker would take its own.
func newOnNode(m *mechanisms.Mechanism, spec mechanisms.Spec, node int) (l *mechanisms.Link, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := m.Refused(sys.TakeMemoryFrom(node)); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, sys.TakeMemoryFrom(-1)) }()
	if l, err = m.New(spec); err != nil {
		return nil, err
	}
	end, err := m.OpenSender(l.Sender)
	if err == nil {
		err = end.Close()
	}
	return l, err
}

// linkFactory is what a worker needs that makes its links itself, one after the
// other in each operation. It is the spec of all of them.
type linkFactory struct{ mechanisms.Spec }

// factoryMemory is how many bytes a worker that makes links lets pile up before
// Go's collector runs. No round of usual length comes near it; one of a minute
// would fill the machine.
const factoryMemory = 256 << 20

// useLinkFactory has the worker make the links. It removes the one that the
// session has made to know what the kernel gives. It refuses, with an
// *mechanisms.UnsupportedError, what one process can't do alone, and what the
// worker would leave behind if it were killed.
func (l *sessionLaunch) useLinkFactory(c results.Cell) error {
	given := l.given
	if n, tried := given.InFlight.Get(); tried && n == 0 {
		source := ""
		if pages := mechanisms.Lookup(c.Mechanism).Man; len(pages) > 0 {
			source = ", " + pages[0]
		}
		return &mechanisms.UnsupportedError{Mechanism: c.Mechanism, What: fmt.Sprintf(
			"%s: a link of %d bytes (%s) does not hold a message of %d whole: its one process would wait for itself%s",
			c.Workload, given.Queue, given.Source, c.Size, source)}
	}
	for _, o := range l.links[0].Objects {
		if l.session.journal != nil && (o.Kind != mechanisms.KindPath || filepath.Dir(o.Path) != l.session.dir) {
			return &mechanisms.UnsupportedError{Mechanism: c.Mechanism, What: fmt.Sprintf(
				"%s: a worker that is killed would leave behind what it has just made (%s): it dies with a namespace of the session's own, and this one has none, ipc_namespaces(7)",
				c.Workload, o.Kind)}
		}
	}
	if err := l.destroy(); err != nil {
		return err
	}
	// A directory of its own goes with the launch, and with the names that a
	// killed worker leaves there.
	dir, err := os.MkdirTemp(l.session.dir, "made-") // 0700
	if err != nil {
		return err
	}
	spec := l.topology.Wires[0].Spec(c)
	spec.Dir = dir
	l.factory = &linkFactory{spec}
	return nil
}

// endCapacity is what one end has of a link's capacity. Workers read it, since no
// other process may hold an end: it would hide an end of file, or an EPIPE.
type endCapacity struct {
	Wire  int   `json:"wire"`
	Sends bool  `json:"sends,omitempty"`
	Nodes []int `json:"nodes,omitempty"` // NUMA nodes of the memory that it maps
	mechanisms.Given
}

// joinCapacities joins what the ends of n links hold, the sending ends first, so
// that the order in which workers answer makes no difference.
func joinCapacities(n int, all []endCapacity) []mechanisms.Given {
	parts := make([][]mechanisms.Given, n)
	for _, sends := range []bool{true, false} {
		for _, end := range all {
			if end.Sends == sends {
				parts[end.Wire] = append(parts[end.Wire], end.Given)
			}
		}
	}
	joined := make([]mechanisms.Given, n)
	for i := range parts {
		joined[i] = mechanisms.JoinCapacity(parts[i])
	}
	return joined
}

// noteCapacities notes what the links hold before the first round, as their ends
// have read it, and finds out how many messages that is.
func (l *sessionLaunch) noteCapacities(all []endCapacity) {
	m := l.mechanism
	if m == nil || m.OpenSender == nil {
		return
	}
	for i, given := range joinCapacities(len(l.specs), all) {
		if given.Source == "" {
			given = l.made[i] // no end could read it
		}
		s := l.specs[i]
		link := results.Link{Queue: given.Queue, Source: given.Source, Tuned: m.Tunes && s.Queue == 0}
		var why string
		if link.Usual, why = m.Unusual(s, given.Queue); why != "" && !slices.Contains(l.warnings, why) {
			l.warnings = append(l.warnings, why)
		}
		var nodes []int
		for _, end := range all {
			if end.Wire == i {
				nodes = append(nodes, end.Nodes...)
			}
		}
		link.Nodes = host.FormatCPUList(slices.Compact(slices.Sorted(slices.Values(nodes))))
		link.InFlight = l.session.countQueued(m, s, given.Queue)
		l.capacity = append(l.capacity, link)
	}
}

// noteCapacitiesAfter notes what the links hold after the last round.
func (l *sessionLaunch) noteCapacitiesAfter(all []endCapacity) []results.Link {
	for i, given := range joinCapacities(len(l.capacity), all) {
		if given.Source == l.capacity[i].Source {
			l.capacity[i].After = given.Queue
		}
	}
	return l.capacity
}

// fill is what decides how many messages a link holds.
type fill struct {
	mechanism string
	spec      mechanisms.Spec
	capacity  int
}

// fillAll finds out how many messages a link of each of these specs holds, before
// there is any link of the launch: beside those, what the kernel counts might not
// do for one more link, or give it less.
func (s *sessionServer) fillAll(m *mechanisms.Mechanism, specs []mechanisms.Spec) error {
	for _, spec := range specs {
		if s.tried[fill{mechanism: m.Name, spec: spec}] {
			continue
		}
		if _, err := s.fill(m, spec, spec); err != nil {
			return err
		}
		s.tried[fill{mechanism: m.Name, spec: spec}] = true
	}
	return nil
}

// fill makes a link as asked, fills it, and removes it. It notes how many
// messages that took as those of a link of spec, and returns its capacity.
func (s *sessionServer) fill(m *mechanisms.Mechanism, spec, asked mechanisms.Spec) (capacity int, err error) {
	trial, err := m.New(asked)
	if err != nil {
		return 0, m.Exhausted(asked, err)
	}
	if err := s.note(trial); err != nil {
		trial.Destroy()
		return 0, err
	}
	defer s.destroy(trial)
	// The receiving end must be open too: a FIFO or socket without one refuses.
	in, err := m.OpenReceiver(trial.Receiver)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	out, err := m.OpenSender(trial.Sender)
	if err != nil {
		return 0, err
	}
	defer out.Close()
	n, err := out.Fill(mechanisms.Buffer(spec.Size))
	if err != nil {
		return 0, err
	}
	s.queued[fill{m.Name, spec, trial.Given.Queue}] = n
	return trial.Given.Queue, nil
}

// countQueued returns how many messages a link of spec and that capacity holds,
// absent where no link of that capacity could be filled. It fills one where none
// was yet.
func (s *sessionServer) countQueued(m *mechanisms.Mechanism, spec mechanisms.Spec, capacity int) (n results.Count) {
	key := fill{m.Name, spec, capacity}
	if _, tried := s.queued[key]; !tried {
		asked := spec
		asked.Queue = capacity
		if got, err := s.fill(m, spec, asked); err != nil || got != capacity {
			return n
		}
	}
	return results.Known(int64(s.queued[key]))
}
