package kernels

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"ipcbench/kernels/profile"
)

// played executes made-up code, one instruction after the other.
type played struct {
	t      *testing.T
	s      *stacks
	events []event
	names  map[string]*function
	ended  bool
}

func newPlayed(t *testing.T, receivers int) *played {
	p := &played{t: t, names: map[string]*function{}}
	for i, name := range []string{"Play", "loop", "write", "read", "round", "?user"} {
		start := 0x401000 + uint64(i)*0x100
		p.names[name] = &function{Function: profile.Function{Name: name, User: true}, start: start, end: start + 0x100}
	}
	for i, name := range []string{
		"entry", "do_syscall", "pipe_write", "pipe_read", "wake", "try_to_wake_up", "schedule", "__switch_to_asm", "__switch_to", "return_thunk", "indirect_thunk",
		"asm_sysvec_timer", "error_entry", "sysvec_timer", "asm_exc_page_fault", "worker_thread", "sys_clock",
	} {
		start := 0xffffffff81000000 + uint64(i)*0x100
		p.names[name] = &function{Function: profile.Function{Name: name}, start: start, end: start + 0x100, root: rootOf(name)}
	}
	c := &code{seen: map[uint64]*instruction{}}
	p.s = newStacks(stacks{code: c, play: p.names["Play"].start, played: p.names["round"].start + 8, switches: p.names["__switch_to_asm"].start, waits: receivers, events: func() (event, error) {
		if len(p.events) == 0 {
			return event{}, fmt.Errorf("no event is due")
		}
		e := p.events[0]
		p.events = p.events[1:]
		return e, nil
	}})
	return p
}

// do executes instructions: "function+offset flow[ target]", of 4 bytes each.
func (p *played) do(text string) {
	p.t.Helper()
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		at := p.address(f[0])
		name, _, _ := strings.Cut(f[0], "+")
		in := &instruction{at: at, next: at + 4, in: p.names[name], flow: straight}
		if len(f) > 1 {
			in.flow = map[string]flow{"call": call, "jump": jump, "ret": ret, "syscall": syscall64, "leave": leave, "unknown": unknown}[f[1]]
		}
		if len(f) > 2 {
			in.target = p.address(f[2])
		}
		p.s.codeOf(p.s.now).seen[at] = in
		ended, err := p.s.execute(at, at >= kernelHalf)
		if err != nil {
			p.t.Fatalf("%s: %v", line, err)
		}
		p.ended = p.ended || ended
	}
}

func (p *played) address(s string) (at uint64) {
	name, offset, _ := strings.Cut(s, "+")
	fmt.Sscan(offset, &at)
	return p.names[name].start + at
}

// switches says which tasks the next switch is between.
func (p *played) switches(from, to uint64, name string) {
	p.events = append(p.events, event{pc: p.s.switches, from: from, to: to, name: name})
}

// tree is what was counted: "task: a > b" and how many instructions.
func (p *played) tree() map[string]int64 {
	all := map[string]int64{}
	for _, path := range p.s.paths() {
		var names []string
		for _, f := range path.Calls {
			names = append(names, f.Name)
		}
		key := path.Task + ": " + strings.Join(names, " > ")
		if all[key] != 0 {
			p.t.Errorf("%s stands twice", key)
		}
		all[key] = path.Insns
	}
	return all
}

func (p *played) want(want map[string]int64) {
	p.t.Helper()
	got := p.tree()
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if got[key] != want[key] {
			p.t.Errorf("%s: %d, want %d", key, got[key], want[key])
		}
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if _, ok := got[key]; !ok {
			p.t.Errorf("%s is missing", key)
		}
	}
}

// Two tasks that switch on one CPU keep their stacks, and a function stands only below
// what called it: with a tail call, a return thunk, an indirect thunk, calls that fill
// the return predictor, and an interrupt. Pong's stack is not known at first: its
// callers get their names as it returns to them.
func TestStacksOfTwoTasks(t *testing.T) {
	p := newPlayed(t, 2)
	p.events = []event{{pc: p.s.play, role: "ping"}}
	p.do(`Play+0
		Play+4 call loop+0
		loop+0 call write+0
		write+0 syscall
		entry+0 call do_syscall+0
		do_syscall+0 call indirect_thunk+0
		indirect_thunk+0 call indirect_thunk+8
		indirect_thunk+8 ret
		pipe_write+0 call wake+0
		wake+0 jump try_to_wake_up+0
		try_to_wake_up+0 jump return_thunk+0
		return_thunk+0 ret
		pipe_write+4 ret
		do_syscall+4 ret
		entry+4 leave
		write+4 ret
		loop+4 call read+0
		read+0 syscall
		entry+0 call do_syscall+0
		do_syscall+0 call pipe_read+0
		pipe_read+0 call schedule+0
		schedule+0 call __switch_to_asm+0`)
	p.switches(1, 2, "exe")
	p.do(`__switch_to_asm+0
		__switch_to_asm+4 call __switch_to_asm+12
		__switch_to_asm+12 jump __switch_to+0
		__switch_to+0 ret
		schedule+4 ret
		pipe_read+4
		asm_sysvec_timer+0 call error_entry+0
		error_entry+0 ret
		asm_sysvec_timer+4 call sysvec_timer+0
		sysvec_timer+0 ret
		asm_sysvec_timer+8 leave
		pipe_read+8 ret
		do_syscall+4 ret
		entry+4 leave
		read+4 ret
		round+4 call Play+0`)
	p.events = append(p.events, event{pc: p.s.play, role: "pong"})
	p.do(`Play+0
		Play+4 call loop+0
		loop+0 call read+0
		read+0 syscall
		entry+0 call do_syscall+0
		do_syscall+0 call pipe_read+0
		pipe_read+0 call schedule+0
		schedule+0 call __switch_to_asm+0`)
	p.switches(2, 1, "exe")
	p.do(`__switch_to_asm+0 jump __switch_to+0
		__switch_to+0 ret
		schedule+4 ret
		pipe_read+4 ret
		do_syscall+4 ret
		entry+4 leave
		read+4 ret
		loop+8 ret
		Play+8 ret`)
	p.events = append(p.events, event{pc: p.s.played, role: "ping", receives: true})
	p.do("round+8")
	if p.ended || p.s.waits != 1 {
		t.Errorf("the round has ended, or waits for %d parts", p.s.waits)
	}
	p.want(map[string]int64{
		"ping: round":                                    1,
		"ping: Play":                                     3,
		"ping: Play > loop":                              3,
		"ping: Play > loop > write":                      2,
		"ping: Play > loop > write > entry":              2,
		"ping: Play > loop > write > entry > do_syscall": 2,
		"ping: Play > loop > write > entry > do_syscall > indirect_thunk":              2,
		"ping: Play > loop > write > entry > do_syscall > pipe_write":                  2,
		"ping: Play > loop > write > entry > do_syscall > pipe_write > wake":           1,
		"ping: Play > loop > write > entry > do_syscall > pipe_write > try_to_wake_up": 1,
		"ping: Play > loop > write > entry > do_syscall > pipe_write > return_thunk":   1,
		"ping: Play > loop > read":                                                               2,
		"ping: Play > loop > read > entry":                                                       2,
		"ping: Play > loop > read > entry > do_syscall":                                          2,
		"ping: Play > loop > read > entry > do_syscall > pipe_read":                              2,
		"ping: Play > loop > read > entry > do_syscall > pipe_read > schedule":                   2,
		"ping: Play > loop > read > entry > do_syscall > pipe_read > schedule > __switch_to_asm": 1,
		"ping: Play > loop > read > entry > do_syscall > pipe_read > schedule > __switch_to":     1,

		"pong: round":                                                    1,
		"pong: round > read":                                             1,
		"pong: round > read > entry":                                     1,
		"pong: round > read > entry > do_syscall":                        1,
		"pong: round > read > entry > do_syscall > pipe_read":            2,
		"pong: round > read > entry > do_syscall > pipe_read > schedule": 1,
		"pong: round > read > entry > do_syscall > pipe_read > schedule > __switch_to_asm": 3,
		"pong: round > read > entry > do_syscall > pipe_read > schedule > __switch_to":     1,
		"pong: Play":                                                           2,
		"pong: Play > loop":                                                    1,
		"pong: Play > loop > read":                                             1,
		"pong: Play > loop > read > entry":                                     1,
		"pong: Play > loop > read > entry > do_syscall":                        1,
		"pong: Play > loop > read > entry > do_syscall > pipe_read":            1,
		"pong: Play > loop > read > entry > do_syscall > pipe_read > schedule": 1,

		"interrupt: asm_sysvec_timer":                3,
		"interrupt: asm_sysvec_timer > error_entry":  1,
		"interrupt: asm_sysvec_timer > sysvec_timer": 1,
	})
}

// A page fault is the doing of its task, at what it called. The instruction comes once
// more after it, and an interrupt may come as the first thing after a return.
func TestStacksOfFaults(t *testing.T) {
	p := newPlayed(t, 1)
	p.events = []event{{pc: p.s.play, role: "sender"}}
	p.do(`Play+0 call loop+0
		loop+0
		asm_exc_page_fault+0 call error_entry+0
		error_entry+0 ret
		asm_exc_page_fault+4 leave
		loop+0
		loop+4 call read+0
		asm_exc_page_fault+0 leave
		loop+4 call read+0
		read+0 ret
		asm_sysvec_timer+0 leave
		loop+8 ret
		Play+4`)
	p.want(map[string]int64{
		"sender: Play": 2, "sender: Play > loop": 5, "sender: Play > loop > read": 1,
		"sender: Play > loop > asm_exc_page_fault": 3, "sender: Play > loop > asm_exc_page_fault > error_entry": 1,
		"interrupt: asm_sysvec_timer": 1,
	})
}

// A task that was interrupted before the round began is not above what interrupted it.
func TestStackBegunInInterrupt(t *testing.T) {
	p := newPlayed(t, 1)
	p.events = []event{{pc: p.s.play, role: "sender"}}
	p.do("Play+0 syscall\nentry+0 call schedule+0\nschedule+0 call __switch_to_asm+0")
	p.switches(1, 2, "kworker/0:1")
	p.do(`__switch_to_asm+0 ret
		schedule+4 ret
		sysvec_timer+4 ret
		asm_sysvec_timer+8 leave
		worker_thread+8`)
	got := p.tree()
	if got["kworker/0:1: worker_thread"] != 1 || got["interrupt: asm_sysvec_timer > sysvec_timer > schedule > __switch_to_asm"] != 1 {
		t.Errorf("%v", got)
	}
}

// Whatever a log claims, each instruction counts once.
func FuzzStacks(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 0x51, 0x52, 0x63, 0x74, 0x81})
	f.Fuzz(func(t *testing.T, steps []byte) {
		p := newPlayed(t, 1)
		p.s.played, p.s.switches = 1, 2
		names := slices.Sorted(maps.Keys(p.names))
		p.s.events = func() (event, error) { return event{pc: p.s.play, role: "ping"}, nil }
		n := int64(0)
		for i := 0; i+1 < len(steps); i += 2 {
			fn := p.names[names[int(steps[i])%len(names)]]
			at := fn.start + uint64(steps[i+1]>>4)*4
			p.s.code.seen[at] = &instruction{at: at, next: at + 4, in: fn, flow: flow(steps[i+1] % 7)}
			if _, err := p.s.execute(at, at >= kernelHalf); err != nil {
				t.Fatal(err)
			}
			n++
		}
		sum := int64(0)
		for _, insns := range p.tree() {
			sum += insns
		}
		if sum != n {
			t.Errorf("%d instructions, %d counted", n, sum)
		}
	})
}

// The round of an external program is what is executed between two readings of the clock:
// of all readings, the two that lie as far apart as the program reports. At the addresses
// of this program another has other code.
func TestStacksOfAnotherProgram(t *testing.T) {
	p := newPlayed(t, 1)
	p.s.clock, p.s.stretch, p.s.lasted = p.names["sys_clock"].start, 0, 6
	ping := &playing{role: "ping", receives: true, code: &code{seen: map[uint64]*instruction{}}}
	p.events = []event{{pc: p.s.play, role: hostName}}
	p.do(`Play+0 call write+0
		write+0 syscall
		entry+0 call schedule+0
		schedule+0 call __switch_to_asm+0`)
	p.events = append(p.events, event{pc: p.s.switches, from: 1, to: 2, name: "ping", plays: ping})
	p.do(`__switch_to_asm+0 jump __switch_to+0
		__switch_to+0 ret
		schedule+4 ret
		entry+4 leave
		read+4 ret
		loop+0 syscall
		entry+0 call sys_clock+0
		sys_clock+0 ret
		entry+4 leave
		loop+4 syscall
		entry+0 call sys_clock+0
		sys_clock+0 ret
		entry+4 leave
		loop+8 call Play+0
		Play+0 ret
		loop+12 syscall
		entry+0 call sys_clock+0
		sys_clock+0 ret
		entry+4 leave
		loop+16 syscall
		entry+0 call schedule+0
		schedule+0 call __switch_to_asm+0`)
	p.switches(2, 1, hostName)
	p.events = append(p.events, event{pc: p.s.played, receives: true})
	p.do(`__switch_to_asm+0 jump __switch_to+0
		__switch_to+0 ret
		schedule+4 ret
		entry+4 leave
		write+4 ret
		Play+4 ret
		round+8`)
	if !p.ended || len(p.events) > 0 {
		t.Errorf("ended %v, %d events are left", p.ended, len(p.events))
	}
	p.want(map[string]int64{
		"ping: loop":                     2,
		"ping: loop > Play":              1,
		"ping: loop > entry":             2,
		"ping: loop > entry > sys_clock": 1,
	})
}
