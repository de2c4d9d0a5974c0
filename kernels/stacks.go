package kernels

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ipcbench/kernels/profile"
)

// node is a function on a call path.
type node struct {
	of     *function // nil: above a path, or not known yet
	parent *node
	below  map[*function]*node
	counts []count // by stretch, ascending
}

// count is how many instructions were executed in a stretch.
type count struct {
	stretch int
	insns   int64
}

// add counts instructions of a stretch, the last one so far.
func (n *node) add(stretch int, insns int64) {
	if last := len(n.counts) - 1; last >= 0 && n.counts[last].stretch == stretch {
		n.counts[last].insns += insns
		return
	}
	n.counts = append(n.counts, count{stretch, insns})
}

// between is what was counted from one stretch on and before another.
func (n *node) between(from, to int) (sum int64) {
	for _, c := range n.counts {
		if from <= c.stretch && c.stretch < to {
			sum += c.insns
		}
	}
	return sum
}

// to is the node of a function that this one calls.
func (n *node) to(f *function) *node {
	if c := n.below[f]; c != nil {
		return c
	}
	if n.below == nil {
		n.below = map[*function]*node{}
	}
	c := &node{of: f, parent: n}
	n.below[f] = c
	return c
}

// take adds what is below another node.
func (n *node) take(other *node) {
	for f, theirs := range other.below {
		ours := n.to(f)
		both := slices.Concat(ours.counts, theirs.counts)
		slices.SortStableFunc(both, func(a, b count) int { return cmp.Compare(a.stretch, b.stretch) })
		ours.counts = nil
		for _, c := range both {
			ours.add(c.stretch, c.insns)
		}
		ours.take(theirs)
	}
}

// frame is a function that has not returned.
type frame struct {
	node *node
	ret  uint64       // where it returns to; 0: not known
	over *instruction // the last before it where no call led to it; nil: a call did
}

// stack is a task's. What called its first frame is not known until that returns.
type stack struct {
	name   string
	frames []frame
	top    *node        // above the first frame
	ended  *node        // what earlier tops came to
	last   *instruction // that the task executed
	plays  *playing     // of an external program's tasks
}

// playing is a part that an external program plays.
type playing struct {
	role     string
	receives bool
	code     *code // of the program
}

func newStack(name string) *stack { return &stack{name: name, top: &node{}, ended: &node{}} }

// deepest is how many frames a stack may have. More come only of code that leaves
// its stack without returning, as a scheduler of goroutines does.
const deepest = 500

func (t *stack) push(under *node, in *instruction, ret uint64, over *instruction) {
	if len(t.frames) >= deepest {
		t.restart()
		under = t.top
	}
	t.frames = append(t.frames, frame{under.to(in.in), ret, over})
}

// restart forgets the stack, not what was counted on it.
func (t *stack) restart() {
	t.ended.take(t.top)
	t.top, t.frames = &node{}, t.frames[:0]
}

// settle makes the last frame that of the instruction's function: code went there
// without a call, as at the end of another function, or from one label to the next.
func (t *stack) settle(in *instruction) {
	if f := &t.frames[len(t.frames)-1]; f.node.of.Function != in.in.Function {
		f.node = f.node.parent.to(in.in)
	}
}

// reveal names the caller of the first frame, which has returned to it.
func (t *stack) reveal(in *instruction) {
	caller := t.top
	caller.of, t.top = in.in, &node{}
	caller.parent, t.top.below = t.top, map[*function]*node{in.in: caller}
	t.frames = append(t.frames[:0], frame{node: caller})
}

// returned drops the frames from which a return to the instruction comes, and
// reports whether there are any.
func (t *stack) returned(in *instruction) bool {
	for i := len(t.frames) - 1; i >= 0 && t.frames[i].over == nil; i-- {
		switch first := i == 0; {
		case t.frames[i].ret == in.at && !first:
			t.frames = t.frames[:i]
			t.settle(in)
		case t.frames[i].ret == in.at, first && t.frames[i].ret == 0 && t.last.flow == ret && in.at != in.in.start:
			t.reveal(in)
		default:
			continue
		}
		return true
	}
	return false
}

// unwind drops the frames above the nearest one of the instruction's function, if
// there is one.
func (t *stack) unwind(in *instruction) bool {
	for i := len(t.frames) - 1; i >= 0; i-- {
		if t.frames[i].node.of.Function == in.in.Function {
			t.frames = t.frames[:i+1]
			return true
		}
		if t.frames[i].over != nil {
			break
		}
	}
	return false
}

// stacks follows a machine of one CPU, instruction by instruction. It keeps a stack
// for each task, as calls and returns have built it.
type stacks struct {
	code     *code
	play     uint64 // address of the function that plays a round, or has a program play it
	played   uint64 // where it returns to, or what returns when the program has
	switches uint64 // address of the kernel's __switch_to_asm
	clock    uint64 // of an external program's round: address of the kernel's clock_gettime; 0: no such round
	lasted   int64  // of the same: instructions, as the program has reported it
	waits    int    // parts that receive and have not played their round to its end
	events   func() (event, error)

	now        *stack
	kernel     bool              // the last instruction was the kernel's
	tasks      map[uint64]*stack // by the address of their task_struct
	all        []*stack
	interrupts *stack
	stretch    int       // of the round; 0: it has not begun
	readings   []reading // of the clock, by an external program: each begins a stretch
	executed   int64     // instructions so far
}

// event is what the machine stopped for, before an instruction: a part begins its
// round or has ended it, or the kernel switches to another task.
type event struct {
	pc       uint64 // of the instruction
	role     string // of the part
	receives bool
	from, to uint64 // addresses of task_structs
	name     string // of the task that it switches to; "": not known
	plays    *playing
}

func newStacks(s stacks) *stacks {
	s.tasks, s.now, s.interrupts = map[uint64]*stack{}, newStack(""), newStack("interrupt")
	s.all = []*stack{s.now, s.interrupts}
	if s.clock == 0 {
		s.stretch = 1
	}
	return &s
}

// execute follows one instruction, and reports whether the round ended before it.
func (s *stacks) execute(pc uint64, kernel bool) (ended bool, err error) {
	in := s.codeOf(s.now).at(pc)
	s.follow(in, kernel)
	own := s.now.plays == nil // this program's, at whose addresses another has other code
	if pc == s.switches || own && (pc == s.play || pc == s.played && s.now.last.flow == ret) {
		e, err := s.events()
		if err == nil && e.pc != pc {
			err = fmt.Errorf("the machine stopped at %#x, its log stands at %#x", e.pc, pc)
		}
		if err != nil {
			return false, err
		}
		switch pc {
		case s.play:
			s.now.name = e.role
		case s.switches:
			if err := s.change(e, in); err != nil {
				return false, err
			}
		case s.played:
			if e.receives {
				s.waits--
			}
			if s.waits == 0 {
				return true, nil
			}
		}
	}
	t := s.now
	if s.clock > 0 {
		s.look(t, in)
	}
	if s.stretch > 0 {
		t.frames[len(t.frames)-1].node.add(s.stretch, 1)
	}
	t.last, s.kernel = in, kernel
	return false, nil
}

func (s *stacks) codeOf(t *stack) *code {
	if t.plays != nil {
		return t.plays.code
	}
	return s.code
}

// reading is one of the clock.
type reading struct {
	at       int64 // instructions executed before it
	receives bool  // the part that reads it
}

// look notes the readings of the clock: a part of an external program reads it before
// its first operation and after its last (docs/protocol.md).
func (s *stacks) look(t *stack, in *instruction) {
	if s.executed++; t.plays != nil && (in.at == s.clock || in.in.Name == vdsoName && (t.last == nil || t.last.in != in.in)) {
		s.readings = append(s.readings, reading{s.executed, t.plays.receives})
		s.stretch = len(s.readings)
	}
}

// round is the stretches of which it consists. That of an external program lies between
// two readings of the clock, the second by a part that receives. A language's runtime
// reads it as well, as Go's does before a thread goes on that has waited: those two are
// taken between which it took as long as the program reports.
func (s *stacks) round() (from, to int) {
	from, to = 1, 2
	best := int64(-1)
	for k, end := range s.readings {
		for i, begin := range s.readings[:k] {
			if off := max(end.at-begin.at-s.lasted, begin.at+s.lasted-end.at); end.receives && (best < 0 || off < best) {
				best, from, to = off, i+1, k+1
			}
		}
	}
	return from, to
}

// follow moves the present task's stack on to an instruction.
func (s *stacks) follow(in *instruction, kernel bool) {
	t, was := s.now, s.kernel
	if len(t.frames) == 0 {
		t.push(t.top, in, 0, nil)
		return
	}
	if t.last.flow == leave || was && !kernel {
		if !s.resume(t, in) {
			return
		}
		was = t.last.at >= kernelHalf
	}
	last := t.last
	top := t.frames[len(t.frames)-1].node
	switch {
	case kernel && !was && last.flow == syscall64 && in.in.root == called:
		t.push(top, in, 0, last)
	case kernel && (!was || in.enters(last)):
		if in.in.root == interrupt {
			top = s.interrupts.top
		}
		t.push(top, in, 0, last)
	case in.at == last.at: // REP, or once more after a fault
	case last.flow == call:
		// A call within a function fills the return predictor, or is half a jump.
		if in.in != last.in || in.at == in.in.start {
			t.push(top, in, last.next, nil)
		}
	case last.flow == ret, last.flow == unknown:
		if !t.returned(in) {
			t.settle(in)
		}
	case last.flow == jump && last.target == 0:
		switch {
		case last.in.Name != "runtime.gogo":
			t.settle(in)
		case !t.returned(in) && !t.unwind(in):
			t.restart()
			t.push(t.top, in, 0, nil)
		}
	case last.next == in.at, last.target == in.at, last.next == 0:
		t.settle(in)
	default:
		if !t.unwind(in) {
			t.settle(in)
		}
	}
}

// enters reports whether the processor came to a root without code that leads there.
// Of interrupts a kernel has as many entries as there are vectors, in one function.
func (in *instruction) enters(last *instruction) bool {
	begins := in.at == in.in.start || in.in != last.in && strings.HasSuffix(in.in.Name, "_entries_start")
	return in.in.root != called && begins && in.at != last.target && in.at != last.next
}

// resume drops what came between an instruction and the one before it: a call of the
// kernel, an exception or an interrupt. It reports whether the stack has one before it.
func (s *stacks) resume(t *stack, in *instruction) bool {
	i := len(t.frames) - 1
	for i >= 0 && t.frames[i].over == nil {
		i--
	}
	if i > 0 {
		t.last, t.frames = t.frames[i].over, t.frames[:i]
		return true
	}
	for f := range t.top.below {
		if f.root == interrupt {
			s.interrupts.top.take(t.top)
			t.top, t.frames = &node{}, nil
			t.push(t.top, in, 0, nil)
			return false
		}
	}
	t.reveal(in)
	return false
}

// change goes on with the stack of another task, which left it by the same function.
func (s *stacks) change(e event, in *instruction) error {
	if s.tasks[e.from] == nil && !s.known(s.now) {
		s.tasks[e.from] = s.now
	}
	if s.tasks[e.from] != s.now {
		return fmt.Errorf("the kernel switched from the task at %#x, and another was followed", e.from)
	}
	if s.now.exits() {
		delete(s.tasks, e.from)
	}
	next := s.tasks[e.to]
	if next == nil {
		next = newStack(cmp.Or(e.name, fmt.Sprintf("task %d", len(s.all))))
		next.plays = e.plays
		s.tasks[e.to], s.all = next, append(s.all, next)
	}
	if s.now = next; len(next.frames) == 0 {
		next.push(next.top, in, 0, nil)
	}
	next.settle(in)
	return nil
}

func (s *stacks) known(t *stack) bool {
	for _, other := range s.tasks {
		if other == t {
			return true
		}
	}
	return false
}

// exits reports whether the task will never run again: its stack is another's soon.
func (t *stack) exits() bool {
	return slices.ContainsFunc(t.frames, func(f frame) bool { return f.node.of.Name == "do_task_dead" })
}

// paths is what was counted, each path once, in order. The round begins with the
// function that plays it, whatever has called that.
func (s *stacks) paths() (all []profile.Path) {
	names := map[profile.Function]*function{}
	tasks := map[string]*node{}
	from, to := s.round()
	for _, t := range s.all {
		root := tasks[t.name]
		if root == nil {
			root = &node{}
			tasks[t.name] = root
		}
		for _, top := range []*node{t.ended, t.top} {
			s.add(root, root, top, names, from, to)
		}
	}
	for name, root := range tasks {
		root.walk(nil, func(calls []profile.Function, insns int64) {
			all = append(all, profile.Path{Task: name, Calls: calls, Insns: insns})
		})
	}
	slices.SortFunc(all, func(a, b profile.Path) int {
		return cmp.Or(strings.Compare(a.Task, b.Task), slices.CompareFunc(a.Calls, b.Calls, func(f, g profile.Function) int { return strings.Compare(f.Name, g.Name) }))
	})
	return all
}

// add adds what was counted below a node to another by names: two functions may have one.
func (s *stacks) add(root, above, of *node, names map[profile.Function]*function, from, to int) {
	for f, n := range of.below {
		if names[f.Function] == nil {
			names[f.Function] = f
		}
		at := above
		if s.clock == 0 && f.start == s.play {
			at = root
		}
		at = at.to(names[f.Function])
		at.add(0, n.between(from, to))
		s.add(root, at, n, names, from, to)
	}
}

// walk calls visit with each path below a node on which instructions were counted.
func (n *node) walk(above []profile.Function, visit func([]profile.Function, int64)) {
	for f, c := range n.below {
		calls := append(slices.Clip(above), f.Function)
		if insns := c.between(0, 1); insns > 0 {
			visit(calls, insns)
		}
		c.walk(calls, visit)
	}
}
