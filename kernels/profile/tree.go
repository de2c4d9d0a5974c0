package profile

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// Node is a function where a task called it, or at depth 0 the task itself.
type Node struct {
	Task  string `json:"task"`  // what ran
	Depth int    `json:"depth"` // calls above it; 0: the task itself
	Function
	Own Change `json:"own"` // what it executed itself, on this path
	All Change `json:"all"` // with what it called
}

// branch is a node while the tree is built.
type branch struct {
	Node
	calls map[Function]*branch
}

func (b *branch) call(f Function) *branch {
	next := b.calls[f]
	if next == nil {
		next = &branch{Node{Task: b.Task, Depth: b.Depth + 1, Function: f}, map[Function]*branch{}}
		b.calls[f] = next
	}
	return next
}

// tree is the calls of each task in both kernels, each function before what it
// called, what changed most first. Functions of a group have one name in it.
func (f *flat) tree() (nodes []Node) {
	tasks := map[string]*branch{}
	f.each(func(side int, path *Path, insns float64) {
		at := tasks[path.Task]
		if at == nil {
			at = &branch{Node{Task: path.Task, Function: Function{Name: path.Task}}, map[Function]*branch{}}
			tasks[path.Task] = at
		}
		at.All.add(side, insns)
		for _, call := range f.aligned(path.Calls) {
			at = at.call(call)
			at.All.add(side, insns)
		}
		at.Own.add(side, insns)
	})
	for _, b := range largestFirst(slices.Collect(maps.Values(tasks))) {
		nodes = b.flatten(nodes)
	}
	return nodes
}

func (b *branch) flatten(nodes []Node) []Node {
	nodes = append(nodes, b.Node)
	for _, next := range largestFirst(slices.Collect(maps.Values(b.calls))) {
		nodes = next.flatten(nodes)
	}
	return nodes
}

func largestFirst(all []*branch) []*branch {
	slices.SortFunc(all, func(a, b *branch) int {
		return cmp.Or(-cmp.Compare(math.Abs(a.All.By()), math.Abs(b.All.By())), -cmp.Compare(a.All.most(), b.All.most()), compareFunctions(a.Function, b.Function))
	})
	return all
}

// Chain is a node of a tree that was cut down to what matters, with the calls that
// lead to it and to nothing else.
type Chain struct {
	Calls []Function // the last is the node
	Depth int        // chains above it
	Node
}

// carries is the share of the largest change of a task from which a path is worth
// a line.
const carries = 0.03

// Carrying are the paths that carry the change, or of one kernel the instructions,
// in at most so many lines. A call that its caller makes alone, and that carries
// nearly all that the caller does, stands in its caller's line.
func (c *Comparison) Carrying(most int) []Chain {
	type ranked struct {
		at     int
		weight float64
	}
	var order []ranked
	largest := 0.0
	parents := make([]int, len(c.Paths))
	var stack []int
	for i, n := range c.Paths {
		stack = stack[:n.Depth]
		parents[i] = -1
		if n.Depth > 0 {
			parents[i] = stack[n.Depth-1]
		}
		stack = append(stack, i)
		weight := math.Abs(n.All.By())
		largest = max(largest, weight)
		order = append(order, ranked{i, weight})
	}
	slices.SortStableFunc(order, func(a, b ranked) int { return -cmp.Compare(a.weight, b.weight) })
	kept := map[int]bool{}
	var chains []Chain
	for _, r := range order {
		if r.weight < carries*largest || r.weight == 0 {
			break
		}
		var more []int
		for i := r.at; i >= 0 && !kept[i]; i = parents[i] {
			kept[i] = true
			more = append(more, i)
		}
		if next := c.chains(parents, kept); len(next) > most && chains != nil {
			for _, i := range more {
				delete(kept, i)
			}
			break
		} else {
			chains = next
		}
	}
	return chains
}

// chains are the kept nodes, with those that one line can show together.
func (c *Comparison) chains(parents []int, kept map[int]bool) (all []Chain) {
	below := map[int]int{} // kept calls of a node
	for i := range kept {
		below[parents[i]]++
	}
	line := map[int]int{} // where a node stands in all
	for i, n := range c.Paths {
		if !kept[i] {
			continue
		}
		p := parents[i]
		if p < 0 {
			line[i] = len(all)
			all = append(all, Chain{[]Function{n.Function}, 0, n})
			continue
		}
		at := line[p]
		if above := c.Paths[p]; above.Depth > 0 && below[p] == 1 && math.Abs(n.All.By()-above.All.By()) <= 0.1*math.Abs(above.All.By()) {
			all[at].Calls, all[at].Node = append(slices.Clone(all[at].Calls), n.Function), n
			line[i] = at
			continue
		}
		line[i] = len(all)
		all = append(all, Chain{[]Function{n.Function}, all[at].Depth + 1, n})
	}
	return all
}
