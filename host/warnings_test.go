package host

import (
	"io/fs"
	"maps"
	"os"
	"slices"
	"testing"
	"testing/fstest"

	"ipcbench/results"
)

// What each machine of testdata is warned for; every other rule is fine or
// unknown there.
var warnedOf = map[string][]string{
	"x86-vm":       {"cpus", "virtual machine", "steal", "load", "privilege"},
	"arm64-metal":  {"cpus", "frequency", "scheduling", "kernel", "mitigations"},
	"container-v2": {"cpus", "governor", "turbo", "smt", "power", "cpu quota", "scheduling", "seccomp", "tracer", "clocksource", "namespaces (Debian)", "namespaces (AppArmor)"},
	"container-v1": {"cpus", "virtual machine", "steal", "cpu quota"},
	"workstation":  {"cpus", "governor", "turbo", "frequency", "smt", "cpu quota", "scheduling", "clocksource", "namespaces", "namespaces (Debian)", "namespaces (AppArmor)", "hardware counters"},
}

// pipes makes new pipes hold n bytes until the test ends.
func pipes(t *testing.T, n int, err error) {
	before := tryPipe
	tryPipe = func() (int, error) { return n, err }
	t.Cleanup(func() { tryPipe = before })
}

func TestCheck(t *testing.T) {
	masks := map[string][]int{"x86-vm": {0, 1}, "arm64-metal": {0, 4}, "container-v2": {0}, "container-v1": {0}, "workstation": {0, 1, 2}}
	for name, want := range warnedOf {
		t.Run(name, func(t *testing.T) {
			root, h := host(t, name, masks[name]...)
			findings := Check(root, h)
			var got []string
			for _, f := range findings {
				if f.State == Warned {
					got = append(got, f.Rule)
				}
			}
			if !slices.Equal(got, want) {
				t.Errorf("warnings %q, want %q", got, want)
			}
			if n := len(Warnings(findings)); n != len(want) {
				t.Errorf("%d warnings of %d findings", n, len(want))
			}
		})
	}
}

// Without privileges the settings bind that root is exempt from.
func TestCheckUnprivileged(t *testing.T) {
	root, h := host(t, "x86-vm", 0, 1)
	root["proc/self/status"] = &fstest.MapFile{Data: []byte("Uid:\t1000\t1000\t1000\t1000\nCapEff:\t0\n")}
	state := states(Check(root, h))
	for rule, want := range map[string]State{
		"privilege": Fine, "namespaces": Warned, "namespaces (Debian)": Fine, "hardware counters": Warned,
	} {
		if state[rule] != want {
			t.Errorf("%s is %s, want %s", rule, state[rule], want)
		}
	}
}

// Root of a user namespace has capabilities that lift none of the machine's
// limits, though they give it an IPC namespace.
func TestCheckNestedRoot(t *testing.T) {
	root, h := host(t, "x86-vm", 0, 1)
	root["proc/self/ns/user"] = &fstest.MapFile{Mode: fs.ModeSymlink | 0o777, Data: []byte("user:[4026532001]")}
	state := states(Check(root, h))
	for rule, want := range map[string]State{
		"privilege": Fine, "hardware counters": Warned, "namespaces": Fine,
	} {
		if state[rule] != want {
			t.Errorf("%s is %s, want %s", rule, state[rule], want)
		}
	}
}

// An empty tree leaves every rule unknown but those whose absence
// is an answer: "fine" must have been seen.
func TestCheckKnowsNothing(t *testing.T) {
	pipes(t, 0, os.ErrPermission)
	absent := []string{"namespaces (AppArmor)", "namespaces (Debian)"}
	for _, f := range Check(fstest.MapFS{}, results.Host{}) {
		want := Unknown
		if slices.Contains(absent, f.Rule) {
			want = Fine
		}
		if f.State != want {
			t.Errorf("%s is %s (%s), want %s", f.Rule, f.State, f.Observed, want)
		}
	}
}

// Every rule has a name of its own, shows what was seen, and is seen both
// fine and warned by the tests above.
func TestRules(t *testing.T) {
	fine, warned := map[string]bool{}, map[string]bool{}
	note := func(findings []Finding) {
		for _, f := range findings {
			if f.Observed == "" || (f.State == Warned) != (f.Warning != results.Warning{}) {
				t.Errorf("%s: %+v", f.Rule, f)
			}
			fine[f.Rule] = fine[f.Rule] || f.State == Fine
			warned[f.Rule] = warned[f.Rule] || f.State == Warned
		}
	}
	for _, name := range slices.Sorted(maps.Keys(warnedOf)) {
		root, h := host(t, name, 0)
		note(Check(root, h))
		h.CPUs = 8
		root["proc/self/status"] = &fstest.MapFile{Data: []byte("Uid:\t1000\t1000\t1000\t1000\nCapEff:\t0\n")}
		root["proc/self/exe"] = &fstest.MapFile{Data: program("-")}
		note(Check(root, h))
		root["proc/self/exe"] = &fstest.MapFile{Data: program("/lib/ld.so.1")}
		pipes(t, 2*os.Getpagesize(), nil) // a user above pipe-user-pages-soft
		note(Check(root, h))
	}
	names := map[string]bool{}
	for _, r := range rules {
		if names[r.name] {
			t.Errorf("two rules are called %q", r.name)
		}
		names[r.name] = true
		if r.source == "" || r.why == "" || r.remedy == "" || r.spoils == nil {
			t.Errorf("%s lacks a source, a why, a remedy or a use that it spoils", r.name)
		}
		if !fine[r.name] || !warned[r.name] {
			t.Errorf("%s: seen fine %v, seen warned %v; want both", r.name, fine[r.name], warned[r.name])
		}
	}
}

func TestFrequency(t *testing.T) {
	for _, c := range []struct {
		khz  []string
		want State
	}{{nil, Unknown}, {[]string{"2400000"}, Fine}, {[]string{"5100000", "5200000"}, Fine}, {[]string{"2400000", "3600000"}, Warned}} {
		root := fstest.MapFS{}
		for i, khz := range c.khz {
			root[cpuDir(i)[1:]+"/cpufreq/cpuinfo_max_freq"] = &fstest.MapFile{Data: []byte(khz + "\n")}
		}
		if got := states(Check(root, results.Host{}))["frequency"]; got != c.want {
			t.Errorf("clocks %v: %s, want %s", c.khz, got, c.want)
		}
	}
}

// Guest time is in user time already: counted twice it would dilute steal.
func TestStealBesideGuests(t *testing.T) {
	root := fstest.MapFS{"proc/stat": {Data: []byte("cpu  50 0 0 49 0 0 0 1 50 0\n")}}
	if got := states(Check(root, results.Host{}))["steal"]; got != Warned {
		t.Errorf("1 tick of 100 stolen: %s, want %s", got, Warned)
	}
}

// The kernel that runs the test shows at least these.
func TestCheckHere(t *testing.T) {
	cpus, err := ReadCPUs(os.DirFS("/"))
	if err != nil {
		t.Fatal(err)
	}
	state := states(Check(os.DirFS("/"), Read(os.DirFS("/"), cpus, "")))
	for _, rule := range []string{"cpus", "steal", "load", "kernel", "privilege"} {
		if s := state[rule]; s != Fine && s != Warned {
			t.Errorf("%s is %s, want an answer", rule, s)
		}
	}
}

// TestLoadWithoutTopology counts the CPUs by /proc/stat where /sys shows none.
func TestLoadWithoutTopology(t *testing.T) {
	root := fstest.MapFS{
		"proc/loadavg": {Data: []byte("1.50 1.00 1.00 1/100 1234\n")},
		"proc/stat":    {Data: []byte("cpu  1 2 3\ncpu0 1 2 3\ncpu1 1 2 3\nintr 5\n")},
	}
	text, warned := lookLoad(tree{root}, results.Host{})
	if want := "load average is 1.50 on 2 CPUs"; text != want || !warned {
		t.Errorf("%q, warned %v; want %q", text, warned, want)
	}
}

func states(findings []Finding) map[string]State {
	m := map[string]State{}
	for _, f := range findings {
		m[f.Rule] = f.State
	}
	return m
}
