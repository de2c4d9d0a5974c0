package profile

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// Compilers and patches rename, inline and split functions: instructions then move
// from one name to another, and no path gets longer. Such functions stand in one row
// where the counts show it:
//
//   - A function is one kernel's alone if the other executes at most gone of what this
//     one executes in it and below it.
//   - Its anchors are the nearest callers that both kernels have, on all paths.
//   - What the same anchors lost and gained must be nearly equal: functions of the old
//     kernel alone against functions of the new one (in place of) or, of a single
//     anchor, against what that executes itself (inlined into, moved out of). These are
//     few functions: of many, some would agree by chance.
const (
	gone  = 0.05
	minor = 0.1    // of a function's instructions, below which a caller is no anchor of it
	apart = 1. / 3 // of the larger number, by which nearly equal ones differ at most
	least = 0.001  // of all instructions, that a group must move
	trace = 0.0001 // of all instructions, below which a function is left out
	many  = 3      // functions of a kernel in a group, at most
)

func near(a, b float64) bool { return a > 0 && b > 0 && math.Abs(a-b) <= apart*max(a, b) }

// group is functions that stand in one row.
type group struct {
	head    Function
	rest    []Function
	inlined bool // the head is the caller of the rest
	why     string
}

// alone is the only kernel that has the function, -1 where both do.
func (n *count) alone() int {
	switch {
	case n.all.New <= gone*n.all.Old:
		return 0
	case n.all.Old <= gone*n.all.New:
		return 1
	}
	return -1
}

// anchor is the place of the nearest caller of a path's last function that both
// kernels have, -1: none.
func (f *flat) anchor(calls []Function) int {
	i := len(calls) - 1
	for i >= 0 && f.counts[calls[i]].alone() >= 0 {
		i--
	}
	return i
}

// moved are functions of one kernel alone below the same anchors.
type moved struct {
	anchors []Function
	calls   [2][]Function // of the old and of the new kernel, the largest first
	insns   [2]float64    // of them, per operation
}

// group finds the groups, those that move most first. A function is in one at most.
func (f *flat) group() {
	f.each(func(side int, path *Path, insns float64) {
		n := f.counts[path.Calls[len(path.Calls)-1]]
		if n.alone() != side {
			return
		}
		var caller Function // none: a root
		if i := f.anchor(path.Calls); i >= 0 {
			caller = path.Calls[i]
		}
		if n.below[caller] == nil {
			n.below[caller] = &Change{}
		}
		n.below[caller].add(side, insns)
	})
	byAnchors := map[string]*moved{}
	total := 0.0
	f.each(func(_ int, _ *Path, insns float64) { total += insns / 2 })
	for call, n := range f.counts {
		side := n.alone()
		if side < 0 || n.own.most() < trace*total {
			continue
		}
		var anchors []Function
		for caller, below := range n.below {
			if below.most() >= minor*n.own.most() {
				anchors = append(anchors, caller)
			}
		}
		if anchors == nil { // it has many, and none of weight
			continue
		}
		slices.SortFunc(anchors, compareFunctions)
		key := fmt.Sprint(anchors)
		m := byAnchors[key]
		if m == nil {
			m = &moved{anchors: anchors}
			byAnchors[key] = m
		}
		m.calls[side], m.insns[side] = append(m.calls[side], call), m.insns[side]+n.own.most()
	}
	all := slices.SortedFunc(maps.Values(byAnchors), func(a, b *moved) int {
		return cmp.Or(-cmp.Compare(a.insns[0]+a.insns[1], b.insns[0]+b.insns[1]), slices.CompareFunc(a.anchors, b.anchors, compareFunctions))
	})
	for _, m := range all {
		for _, calls := range m.calls {
			slices.SortFunc(calls, func(a, b Function) int {
				return cmp.Or(-cmp.Compare(f.counts[a].own.most(), f.counts[b].own.most()), compareFunctions(a, b))
			})
		}
		if max(m.insns[0], m.insns[1]) >= least*total {
			f.explain(m, least*total)
		}
	}
}

// explain makes a group of what anchors lost and gained, where the numbers agree.
func (f *flat) explain(m *moved, enough float64) {
	grew, caller := 0.0, m.anchors[0] // of several, none can have taken it all in
	if n := f.counts[caller]; n != nil && f.of[caller] == nil && len(m.anchors) == 1 {
		grew = n.own.By()
	}
	lost, came := m.insns[0], m.insns[1]
	few := len(m.calls[0]) <= many && len(m.calls[1]) <= many
	switch {
	case near(lost, came) && few:
		f.add(group{head: m.calls[1][0], rest: slices.Concat(m.calls[1][1:], m.calls[0]),
			why: fmt.Sprintf("%s in place of %s, below %s: %.1f and %.1f insns/op", names(m.calls[1]), names(m.calls[0]), names(m.anchors), came, lost)})
	case near(lost, grew) && few:
		f.inline(caller, m.calls[0], lost, grew)
	case near(came, -grew) && few:
		f.add(group{head: caller, rest: m.calls[1], inlined: true,
			why: fmt.Sprintf("%s moved out of %s: it came with %.1f insns/op, and its caller's own code shrank by %.1f", names(m.calls[1]), caller.Name, came, -grew)})
	case grew > 0 && near(lost, grew+came) && few:
		f.add(group{head: caller, rest: slices.Concat(m.calls[0], m.calls[1]), inlined: true,
			why: fmt.Sprintf("%s inlined into %s and %s: it went with %.1f insns/op, and these came with %.1f and %.1f", names(m.calls[0]), caller.Name, names(m.calls[1]), lost, grew, came)})
	default:
		for _, call := range m.calls[0] {
			if own := f.counts[call].own.Old; own >= enough && near(own, grew) {
				f.inline(caller, []Function{call}, own, grew)
				return
			}
		}
	}
}

func (f *flat) inline(caller Function, calls []Function, insns, grew float64) {
	f.add(group{head: caller, rest: calls, inlined: true,
		why: fmt.Sprintf("%s inlined into %s: it went with %.1f insns/op, and its caller's own code grew by %.1f", names(calls), caller.Name, insns, grew)})
}

func (f *flat) add(g group) {
	f.groups = append(f.groups, &g)
	for _, call := range slices.Concat(g.rest, []Function{g.head}) {
		f.of[call] = &g
	}
}

// names are at most three functions.
func names(calls []Function) string {
	var all []string
	for _, c := range calls[:min(3, len(calls))] {
		all = append(all, cmp.Or(c.Name, "the root"))
	}
	if more := len(calls) - len(all); more > 0 {
		all = append(all, fmt.Sprintf("%d more", more))
	}
	return strings.Join(all, ", ")
}

// row sums up a group.
func (g *group) row(f *flat) Row {
	r := Row{Function: g.head, Why: g.why}
	for _, call := range slices.Concat([]Function{g.head}, g.rest) {
		n := f.counts[call]
		r.Group = append(r.Group, Part{call, n.own})
		r.Own.Old, r.Own.New = r.Own.Old+n.own.Old, r.Own.New+n.own.New
	}
	f.each(func(side int, path *Path, insns float64) {
		if slices.ContainsFunc(path.Calls, func(c Function) bool { return f.of[c] == g }) {
			r.All.add(side, insns)
		}
	})
	return r
}

// aligned is a path in which the functions of a group have its head's name, so that
// both kernels have the same path where only names moved.
func (f *flat) aligned(calls []Function) (out []Function) {
	for _, call := range calls {
		g := f.of[call]
		switch {
		case g == nil || g.head == call && g.inlined:
			out = append(out, call)
		case len(out) > 0 && out[len(out)-1] == g.head: // below the head, or another of its group
		case g.inlined: // below another caller
			out = append(out, call)
		default:
			out = append(out, g.head)
		}
	}
	return out
}
