package runner

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"syscall"

	"ipcbench/bench"
	"ipcbench/host"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// withheld decides whether a launch of c that could not be opened or played is
// a skip: the machine withholds what it needs, for a reason that can be shown.
// Else it ought to work, and is a failure. The calls of all processes of a
// launch come through here.
func withheld(c results.Cell, err error) error {
	m := mechanisms.Lookup(c.Mechanism)
	if m == nil { // a floor
		m = &mechanisms.Mechanism{Name: cmp.Or(c.Mechanism, c.Workload)}
	}
	return m.Refused(err)
}

// Unsupported reports whether err declares a limit of this machine. A bare
// ENOSYS or EOPNOTSUPP does not: those count as failures until a reason is
// shown.
func Unsupported(err error) bool {
	var errno syscall.Errno
	return errors.Is(err, errors.ErrUnsupported) && !errors.As(err, &errno)
}

// Asked is a cell on a machine: the question of Rules.
type Asked struct {
	bench.Asked
	CPUs []host.CPU
}

func (q Asked) topology() bench.Topology { return q.Workload.Topology(q.Peers) }

// links are the different links of the cell; none of a floor, or where the
// mechanism is not known.
func (q Asked) links() (all []mechanisms.Asked) {
	if q.Mechanism == nil {
		return nil
	}
	for _, wire := range q.topology().Wires {
		a := mechanisms.Asked{Mechanism: q.Mechanism, Spec: wire.Spec(q.Cell)}
		if len(all) == 0 || all[len(all)-1] != a { // limits are read from the kernel
			all = append(all, a)
		}
	}
	return all
}

// Rules say, in this order, whether a cell can run here: what no machine can
// change comes before what this one lacks, and that before what its kernel lets
// a link carry. `run --dry-run` asks them all, and a run before it starts a
// process; what it then finds out by trying is a skip of no rule.
var Rules = slices.Concat(
	mechanisms.Lift(bench.Rules, func(q Asked) []bench.Asked { return []bench.Asked{q.Asked} }, nil),
	placeRules,
	[]mechanisms.Rule[Asked]{{Name: "mechanism", Remedy: "one of `ipcbench list`", Refuse: func(q Asked) error {
		if q.Mechanism == nil && q.Workload.Floor == "" {
			return fmt.Errorf("unknown mechanism %q", q.Cell.Mechanism)
		}
		return nil
	}}},
	linkRules,
)

// placeRules hold the processes of a cell against the CPUs.
var placeRules = []mechanisms.Rule[Asked]{
	{Name: "place", Remedy: "a --place that this machine has", Refuse: func(q Asked) error {
		_, err := host.Assign(q.CPUs, q.Place, q.topology().CPUs())
		return err
	}},
	{Name: "memory node", Remedy: "a ring, a --place that pins, and a machine of two NUMA nodes, or no --memory-node", Refuse: func(q Asked) error {
		_, err := memoryNode(q)
		return err
	}},
	{Name: "spinning", Remedy: "--place cross, fewer --peers, or a mechanism that sleeps", Refuse: func(q Asked) error {
		if q.Mechanism == nil || !q.Mechanism.Spins {
			return nil
		}
		parts := q.topology().CPUs()
		ids, err := host.Assign(q.CPUs, q.Place, parts)
		if err != nil {
			return err
		}
		n, source := len(q.CPUs), "sched_getaffinity(2)"
		if ids != nil {
			n, source = len(slices.Compact(slices.Sorted(slices.Values(ids)))), "place="+q.Place
		}
		if parts > n {
			return &mechanisms.UnsupportedError{Mechanism: q.Mechanism.Name, What: "spinning processes", Value: parts,
				Limit: mechanisms.Limit{N: n, Source: source, Beyond: "each would use up the others' time slices, sched(7)"}}
		}
		return nil
	}},
}

// memoryNode is the NUMA node that the memory of the cell's links is asked to lie
// on; nil: none is asked for.
func memoryNode(q Asked) (*int, error) {
	which := q.Value(results.MemoryNode)
	if which == "" {
		return nil, nil
	}
	refuse := func(why string) error {
		return &mechanisms.UnsupportedError{Mechanism: q.Cell.Mechanism, What: results.MemoryNode + " " + which + ": " + why}
	}
	switch {
	case q.Mechanism == nil || !q.Mechanism.Maps:
		return nil, refuse("its links are not memory that every end maps")
	case q.Workload.Makes:
		return nil, refuse("the one process of " + q.Workload.Name + " makes the links itself")
	}
	ids, err := host.Assign(q.CPUs, q.Place, q.topology().CPUs())
	if err != nil {
		return nil, err
	}
	node, err := host.MemoryNode(host.Root, q.CPUs, which, ids)
	return &node, err
}

// linkRules hold the links of a cell against what the kernel carries. What
// should work and does not is a failure, unless a reason can be shown.
var linkRules = append(
	mechanisms.Lift(mechanisms.LinkRules, Asked.links, func(a mechanisms.Asked, err error) error { return a.Refused(err) }),
	mechanisms.Rule[Asked]{Name: "together", Remedy: "fewer --peers, a smaller --size, or the limit raised", Refuse: func(q Asked) error {
		if q.Mechanism == nil {
			return nil
		}
		return enough(q.Mechanism, q.topology(), q.Cell, false)
	}},
)

// Admit reports whether this machine can carry the cell, as far as is known
// without trying: nil, or the reason for which it will be skipped.
func Admit(c results.Cell, cpus []host.CPU) error {
	asked, known := bench.AskFor(c)
	if !known {
		return fmt.Errorf("%s: unknown workload", c.Name())
	}
	return mechanisms.Ask(Rules, Asked{asked, cpus})
}

// fits asks what no machine can change.
func fits(w *bench.Workload, c results.Cell) error {
	asked, _ := bench.AskFor(c)
	return mechanisms.Ask(bench.Rules, asked)
}

// place gives each of the cell's parts its CPUs, as host.Assign does, and its links
// their NUMA node, nil where none is asked for. It refuses what placeRules refuse.
func place(c results.Cell, cpus []host.CPU, parts int) (ids []int, node *int, err error) {
	asked, _ := bench.AskFor(c)
	q := Asked{asked, cpus}
	if err := mechanisms.Ask(placeRules, q); err != nil {
		return nil, nil, err
	}
	if node, err = memoryNode(q); err != nil {
		return nil, nil, err
	}
	ids, err = host.Assign(cpus, c.Place, parts)
	return ids, node, err
}

// Departures states where the processes of an admitted cell have less than its
// place's name says, see host.Departures.
func Departures(c results.Cell, cpus []host.CPU) string {
	asked, _ := bench.AskFor(c)
	ids, _ := host.Assign(cpus, c.Place, Asked{asked, cpus}.topology().CPUs()) // admitted: it can
	return host.Departures(cpus, c.Place, ids)
}

// admit asks what the kernel carries.
func admit(m *mechanisms.Mechanism, t bench.Topology, c results.Cell) error {
	asked, _ := bench.AskFor(c)
	return mechanisms.Ask(linkRules, Asked{Asked: asked})
}

// exhausted reports why a link of the cell could not be made, where err says
// that there is too little of something: all of the cell's links together take
// more than there is, or other processes hold the rest. Any other error is
// returned as it is.
func exhausted(m *mechanisms.Mechanism, t bench.Topology, c results.Cell, spec mechanisms.Spec, err error) error {
	why := m.Exhausted(spec, err)
	if why == err {
		return err
	}
	return cmp.Or(enough(m, t, c, true), why)
}

// enough holds what all links of a cell take together against what there is of
// it: whether a cell is skipped must not depend on what else was made before.
// Limits that some users may exceed count only where this one may not.
func enough(m *mechanisms.Mechanism, t bench.Topology, c results.Cell, mayNot bool) error {
	if m.Uses == nil {
		return nil
	}
	var all []mechanisms.Use
	for i, wire := range t.Wires {
		if wire.Back && m.NewPair != nil && i > 0 {
			continue // one object carries both
		}
		for _, u := range m.Uses(wire.Spec(c)) {
			k := slices.IndexFunc(all, func(sum mechanisms.Use) bool { return sum.What == u.What })
			if k < 0 {
				all = append(all, u)
				continue
			}
			all[k].N += u.N
		}
	}
	for _, u := range all {
		if u.Limit.Source != "" && u.N > u.Limit.N && (mayNot || !u.Some) {
			return &mechanisms.UnsupportedError{Mechanism: m.Name, What: u.What, Value: u.N, Limit: u.Limit}
		}
	}
	return nil
}
