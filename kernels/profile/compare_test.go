package profile

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// made is a profile of one operation, of lines such as "ping: a;b;c 10". A name in
// capitals is of the program.
func made(t testing.TB, kernel string, lines ...string) *Profile {
	t.Helper()
	p := &Profile{Kernel: kernel, Cell: "PingPong/mech=pipe/size=64/queue=default/place=same", Seed: 1, QEMU: "7.2", Ops: 1}
	for _, line := range lines {
		task, rest, _ := strings.Cut(line, ": ")
		stack, count, _ := strings.Cut(rest, " ")
		n, err := strconv.ParseInt(count, 10, 64)
		if err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		path := Path{Task: task, Insns: n}
		for name := range strings.SplitSeq(stack, ";") {
			path.Calls = append(path.Calls, Function{Name: name, User: name == strings.ToUpper(name)})
		}
		p.Paths = append(p.Paths, path)
	}
	if err := p.check(); err != nil {
		t.Fatal(err)
	}
	return p
}

func mustCompare(t testing.TB, old, new *Profile) *Comparison {
	t.Helper()
	c, err := Compare(old, new)
	if err != nil {
		t.Fatal(err)
	}
	sums(t, c)
	return c
}

// sums fails where functions, tasks or calls do not add up.
func sums(t testing.TB, c *Comparison) {
	t.Helper()
	equal := func(what string, got, want Change) {
		t.Helper()
		if math.Abs(got.Old-want.Old) > 1e-6 || math.Abs(got.New-want.New) > 1e-6 {
			t.Errorf("%s: %+v, want %+v", what, got, want)
		}
	}
	var functions, tasks Change
	for _, r := range c.Functions {
		functions.Old, functions.New = functions.Old+r.Own.Old, functions.New+r.Own.New
		if r.All.Old < r.Own.Old-1e-6 || r.All.Old > c.Total.Old+1e-6 || r.All.New < r.Own.New-1e-6 || r.All.New > c.Total.New+1e-6 {
			t.Errorf("%s: with callees %+v, itself %+v, in all %+v", r.Name, r.All, r.Own, c.Total)
		}
	}
	equal("functions", functions, c.Total)
	for i, n := range c.Paths {
		if n.Depth == 0 {
			tasks.Old, tasks.New = tasks.Old+n.All.Old, tasks.New+n.All.New
		}
		below := n.Own
		for _, m := range c.Paths[i+1:] {
			if m.Depth <= n.Depth {
				break
			}
			if m.Depth == n.Depth+1 {
				below.Old, below.New = below.Old+m.All.Old, below.New+m.All.New
			}
		}
		equal(fmt.Sprintf("%s of %s at depth %d", n.Name, n.Task, n.Depth), below, n.All)
	}
	equal("tasks", tasks, c.Total)
}

func row(t testing.TB, c *Comparison, name string) Row {
	t.Helper()
	for _, r := range c.Functions {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no row %s in %+v", name, c.Functions)
	return Row{}
}

// Rows are per operation, what changed most first, and a function that calls itself
// counts once in what it took with its callees.
func TestRows(t *testing.T) {
	old, new := made(t, "old", "ping: A;b;c 100", "ping: A;b;c;b;c 20", "pong: A;d 50"), made(t, "new", "ping: A;b;c 400", "pong: A;d 80", "ping: A 2")
	new.Ops = 2
	c := mustCompare(t, old, new)
	var names []string
	for _, r := range c.Functions {
		names = append(names, r.Name)
	}
	if want := []string{"c", "d", "A"}; !slices.Equal(names, want) {
		t.Errorf("%v, want %v", names, want)
	}
	if r := row(t, c, "c"); r.Own != (Change{120, 200}) || r.All != (Change{120, 200}) {
		t.Errorf("c: %+v", r)
	}
	if r := row(t, c, "A"); r.All != (Change{170, 241}) || !r.User {
		t.Errorf("A: %+v", r)
	}
	if c.Total != (Change{170, 241}) {
		t.Errorf("in all %+v", c.Total)
	}
	one := One(new)
	sums(t, one)
	if one.Old != nil || one.Total != (Change{0, 241}) || one.Functions[0].Name != "c" {
		t.Errorf("one: %+v", one)
	}
}

// Profiles that differ in more than the kernel are refused.
func TestIncomparable(t *testing.T) {
	for what, change := range map[string]func(*Profile){
		"cells": func(p *Profile) { p.Cell += "/batch=2" }, "seeds": func(p *Profile) { p.Seed++ }, "QEMU": func(p *Profile) { p.QEMU = "10.0" },
	} {
		new := made(t, "new", "ping: a 1")
		change(new)
		if _, err := Compare(made(t, "old", "ping: a 1"), new); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// Functions of one kernel alone are grouped where the counts show what became of
// them, and only there.
func TestGroups(t *testing.T) {
	for name, c := range map[string]struct {
		old, new []string
		head     string // "": no group
		rest     []string
		why      string
	}{
		"inlined": {
			[]string{"ping: a;caller 60", "ping: a;caller;gone 252", "ping: a;caller;gone;kept 100"},
			[]string{"ping: a;caller 300", "ping: a;caller;kept 100"},
			"caller", []string{"gone"}, "gone inlined into caller: it went with 252.0 insns/op, and its caller's own code grew by 240.0"},
		"removed": {
			[]string{"ping: a;caller 60", "ping: a;caller;gone 252", "ping: a;caller;gone;kept 100"},
			[]string{"ping: a;caller 70", "ping: a;caller;kept 100"},
			"", nil, ""},
		"renamed, with a wrapper": {
			[]string{"ping: a;caller 60", "ping: a;caller;wrapper 6", "ping: a;caller;wrapper;light 136"},
			[]string{"ping: a;caller 62", "ping: a;caller;pos 148"},
			"pos", []string{"light", "wrapper"}, "pos in place of light, wrapper, below caller: 148.0 and 142.0 insns/op"},
		"renamed below two callers": {
			[]string{"ping: a;one;wrapper;light 70", "ping: a;two;wrapper;light 70", "ping: a;one 500"},
			[]string{"ping: a;one;pos 75", "ping: a;two;pos 75", "ping: a;one 500"},
			"pos", []string{"light"}, "pos in place of light, below one, two"},
		"below other callers": {
			[]string{"ping: a;one;light 140", "ping: a;two 60"},
			[]string{"ping: a;one 0", "ping: a;two 60", "ping: a;two;pos 140"},
			"", nil, ""},
		"replaced by much more": {
			[]string{"ping: a;caller 60", "ping: a;caller;before 100"},
			[]string{"ping: a;caller 60", "ping: a;caller;after 400"},
			"", nil, ""},
		"split": {
			[]string{"ping: a;caller 60", "ping: a;caller;whole 300"},
			[]string{"ping: a;caller 60", "ping: a;caller;part 180", "ping: a;caller;other 110"},
			"part", []string{"other", "whole"}, "part, other in place of whole"},
		"moved out": {
			[]string{"ping: a;caller 400"},
			[]string{"ping: a;caller 210", "ping: a;caller;came 200"},
			"caller", []string{"came"}, "came moved out of caller: it came with 200.0 insns/op, and its caller's own code shrank by 190.0"},
		"inlined, and a part moved out": {
			[]string{"ping: a;caller 50", "ping: a;caller;gone 300"},
			[]string{"ping: a;caller 200", "ping: a;caller;came 140"},
			"caller", []string{"gone", "came"}, "gone inlined into caller and came"},
		"one of two is inlined": {
			[]string{"ping: a;caller 60", "ping: a;caller;gone 250", "ping: a;caller;deleted 600"},
			[]string{"ping: a;caller 300"},
			"caller", []string{"gone"}, "gone inlined into caller"},
		"of many callers": {
			[]string{"ping: a;one 60", "ping: a;one;check 70", "ping: a;two 60", "ping: a;two;check 70"},
			[]string{"ping: a;one 200", "ping: a;two 60"},
			"", nil, ""},
		"many functions that come to as much": {
			[]string{"ping: a;caller 60", "ping: a;caller;one 100", "ping: a;caller;two 60", "ping: a;caller;three 50", "ping: a;caller;four 40"},
			[]string{"ping: a;caller 60", "ping: a;caller;five 250"},
			"", nil, ""},
		"what is next to nothing": {
			[]string{"ping: a;caller 60000", "ping: a;caller;light 13600", "ping: a;caller;i 1", "ping: a;caller;j 1", "ping: a;caller;k 1"},
			[]string{"ping: a;caller 60000", "ping: a;caller;pos 14800"},
			"pos", []string{"light"}, "pos in place of light, below caller"},
		"still there": {
			[]string{"ping: a;caller 60", "ping: a;caller;less 250"},
			[]string{"ping: a;caller 280", "ping: a;caller;less 30"},
			"", nil, ""},
		"the root renamed": {
			[]string{"ping: entry 30", "ping: entry;work 500"},
			[]string{"ping: entry_new 31", "ping: entry_new;work 500"},
			"entry_new", []string{"entry"}, "entry_new in place of entry, below the root"},
		"of another task, too": {
			[]string{"ping: a;caller 60", "ping: a;caller;gone 120", "pong: a;caller 60", "pong: a;caller;gone 120"},
			[]string{"ping: a;caller 180", "pong: a;caller 180"},
			"caller", []string{"gone"}, "inlined into caller: it went with 240.0 insns/op, and its caller's own code grew by 240.0"},
	} {
		t.Run(name, func(t *testing.T) {
			got := mustCompare(t, made(t, "old", c.old...), made(t, "new", c.new...))
			var grouped []Row
			for _, r := range got.Functions {
				if r.Group != nil {
					grouped = append(grouped, r)
				}
			}
			if c.head == "" {
				if grouped != nil {
					t.Errorf("grouped: %+v", grouped)
				}
				return
			}
			if len(grouped) != 1 {
				t.Fatalf("grouped: %+v, want %s", grouped, c.head)
			}
			var rest []string
			var own Change
			for _, part := range grouped[0].Group {
				rest = append(rest, part.Name)
				own.Old, own.New = own.Old+part.Own.Old, own.New+part.Own.New
			}
			if !slices.Equal(rest, append([]string{c.head}, c.rest...)) || grouped[0].Name != c.head || !strings.Contains(grouped[0].Why, c.why) || own != grouped[0].Own {
				t.Errorf("%v of %s, %q, %+v and %+v", rest, grouped[0].Name, grouped[0].Why, own, grouped[0].Own)
			}
		})
	}
}

// Where only names moved, both kernels have one path in the tree.
func TestTreeAlignsGroups(t *testing.T) {
	c := mustCompare(t, made(t, "old", "ping: a;caller 60", "ping: a;caller;gone 252", "ping: a;caller;gone;kept 100"), made(t, "new", "ping: a;caller 300", "ping: a;caller;kept 90"))
	want := []Node{
		{Task: "ping", Depth: 0, Function: Function{Name: "ping"}, All: Change{412, 390}},
		{Task: "ping", Depth: 1, Function: Function{Name: "a"}, All: Change{412, 390}},
		{Task: "ping", Depth: 2, Function: Function{Name: "caller"}, Own: Change{312, 300}, All: Change{412, 390}},
		{Task: "ping", Depth: 3, Function: Function{Name: "kept"}, Own: Change{100, 90}, All: Change{100, 90}},
	}
	if !slices.Equal(c.Paths, want) {
		t.Errorf("%+v\nwant %+v", c.Paths, want)
	}
	// What really calls itself stays so.
	c = mustCompare(t, made(t, "old", "ping: a;a;a 10"), made(t, "new", "ping: a;a;a 20"))
	if len(c.Paths) != 4 {
		t.Errorf("%+v", c.Paths)
	}
}

// The short tree has the paths that carry the change, each with its callers, and no
// more lines than asked for.
func TestCarrying(t *testing.T) {
	old := made(t, "old", "ping: ENTRY;sys;read;wait 500", "ping: ENTRY;sys;read 50", "ping: ENTRY;sys;write;wake 300", "ping: ENTRY;sys;write;copy 100", "pong: ENTRY;sys;read 70")
	new := made(t, "new", "ping: ENTRY;sys;read;wait 300", "ping: ENTRY;sys;read 50", "ping: ENTRY;sys;write;wake 380", "ping: ENTRY;sys;write;copy 101", "pong: ENTRY;sys;read 70")
	lines := func(most int) (all []string) {
		for _, chain := range mustCompare(t, old, new).Carrying(most) {
			var names []string
			for _, call := range chain.Calls {
				names = append(names, call.Name)
			}
			all = append(all, fmt.Sprintf("%d %s %+.0f", chain.Depth, strings.Join(names, " "), chain.All.By()))
		}
		return all
	}
	if got, want := lines(30), []string{"0 ping -119", "1 ENTRY sys -119", "2 read wait -200", "2 write wake +80"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := lines(3); len(got) > 3 || !strings.Contains(got[len(got)-1], "wait") {
		t.Errorf("%q", got)
	}
	old, new = made(t, "old", "ping: a 100", "ping: a;b 50"), made(t, "new", "ping: a 300", "ping: a;b 100")
	if got, want := lines(30), []string{"0 ping +250", "1 a +250", "2 b +50"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// Whatever was executed, everything adds up.
func TestSums(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		some := func(kernel string, from int) *Profile {
			seen := map[string]bool{}
			var lines []string
			for range 1 + r.IntN(40) {
				var calls []string
				for range 1 + r.IntN(6) {
					calls = append(calls, fmt.Sprintf("f%d", from+r.IntN(9)))
				}
				line := fmt.Sprintf("%s: %s", []string{"ping", "pong", "interrupt"}[r.IntN(3)], strings.Join(calls, ";"))
				if !seen[line] {
					lines = append(lines, fmt.Sprintf("%s %d", line, 1+r.IntN(1000)))
				}
				seen[line] = true
			}
			p := made(t, kernel, lines...)
			p.Ops = 1 + r.IntN(9)
			return p
		}
		old, new := some("old", 0), some("new", 4)
		mustCompare(t, old, new)
		sums(t, One(new))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
