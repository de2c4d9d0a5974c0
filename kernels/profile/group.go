package profile

import (
	"cmp"
	"fmt"
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
//   - Its anchor is the nearest caller that both kernels have. It must have called
//     most of what the function executed, so that one caller explains it.
//   - What the anchor lost and what it gained must be nearly equal: functions of the
//     old kernel alone against functions of the new one (in place of), or against what
//     the anchor itself executes (inlined into, moved out of).
const (
	gone     = 0.05
	anchored = 0.8
	apart    = 1. / 3 // of the larger number, by which nearly equal ones differ at most
	least    = 0.001  // of all instructions, that a group must move
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

// moved are functions of one kernel alone below an anchor, the largest first.
type moved struct {
	calls []Function
	insns float64 // per operation
}

// group finds the groups. Anchors with the most to explain come first, and a
// function is in one group at most.
func (f *flat) group() {
	f.each(func(side int, path *Path, insns float64) {
		last := path.Calls[len(path.Calls)-1]
		n := f.counts[last]
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
	lost, came := map[Function]*moved{}, map[Function]*moved{}
	var anchors []Function
	for call, n := range f.counts {
		side := n.alone()
		if side < 0 {
			continue
		}
		for caller, below := range n.below {
			of, part, whole := lost, below.Old, n.own.Old
			if side == 1 {
				of, part, whole = came, below.New, n.own.New
			}
			if part < anchored*whole || part == 0 {
				continue
			}
			if of[caller] == nil {
				of[caller] = &moved{}
			}
			of[caller].calls, of[caller].insns = append(of[caller].calls, call), of[caller].insns+whole
			if !slices.Contains(anchors, caller) {
				anchors = append(anchors, caller)
			}
		}
	}
	none := &moved{}
	size := func(caller Function) float64 {
		return cmp.Or(lost[caller], none).insns + cmp.Or(came[caller], none).insns
	}
	slices.SortFunc(anchors, func(a, b Function) int {
		return cmp.Or(-cmp.Compare(size(a), size(b)), compareFunctions(a, b))
	})
	for _, caller := range anchors {
		f.explain(caller, f.sorted(lost[caller]), f.sorted(came[caller]))
	}
}

// sorted has the largest first.
func (f *flat) sorted(m *moved) moved {
	if m == nil {
		return moved{}
	}
	slices.SortFunc(m.calls, func(a, b Function) int {
		return cmp.Or(-cmp.Compare(f.counts[a].own.most(), f.counts[b].own.most()), compareFunctions(a, b))
	})
	return *m
}

// explain makes a group of what an anchor lost and gained, where the numbers agree.
func (f *flat) explain(caller Function, lost, came moved) {
	grew := 0.0
	if n := f.counts[caller]; n != nil && f.of[caller] == nil {
		grew = n.own.By()
	}
	total := 0.0
	f.each(func(_ int, _ *Path, insns float64) { total += insns / 2 })
	switch {
	case max(lost.insns, came.insns) < least*total:
	case near(lost.insns, came.insns):
		f.add(group{head: came.calls[0], rest: slices.Concat(came.calls[1:], lost.calls),
			why: fmt.Sprintf("%s in place of %s: %s calls the one or the other, %.1f and %.1f insns/op", names(came.calls), names(lost.calls), nameOf(caller), came.insns, lost.insns)})
	case near(lost.insns, grew):
		f.inline(caller, lost.calls, lost.insns, grew)
	case near(came.insns, -grew):
		f.add(group{head: caller, rest: came.calls, inlined: true,
			why: fmt.Sprintf("%s moved out of %s: it came with %.1f insns/op, and its caller's own code shrank by %.1f", names(came.calls), caller.Name, came.insns, -grew)})
	case grew > 0 && near(lost.insns, grew+came.insns):
		f.add(group{head: caller, rest: slices.Concat(lost.calls, came.calls), inlined: true,
			why: fmt.Sprintf("%s inlined into %s and %s: it went with %.1f insns/op, and these came with %.1f and %.1f", names(lost.calls), caller.Name, names(came.calls), lost.insns, grew, came.insns)})
	default:
		for _, call := range lost.calls {
			if own := f.counts[call].own.Old; own >= least*total && near(own, grew) {
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
		all = append(all, c.Name)
	}
	if more := len(calls) - len(all); more > 0 {
		all = append(all, fmt.Sprintf("%d more", more))
	}
	return strings.Join(all, ", ")
}

func nameOf(caller Function) string {
	if caller.Name == "" {
		return "the root"
	}
	return caller.Name
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
