package host

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"ipcbench/internal/golden"
	"ipcbench/internal/text"
	"ipcbench/mechanisms"
	"ipcbench/results"
)

// diagnose diagnoses a machine of testdata whose pipes are as usual.
func diagnose(t *testing.T, name string, mask ...int) (fstest.MapFS, Diagnosis) {
	t.Helper()
	pipes(t, mechanisms.UsualPipe().Queue, nil)
	root, h := host(t, name, mask...)
	h.Arch, h.PageSize, h.Go, h.GOMAXPROCS = "amd64", 4096, "go1.0", 1 // of the test's own process
	d := Diagnose(root, h)
	for i := range d.Findings {
		if f := &d.Findings[i]; f.Rule == "pipe pages" {
			f.Observed = "a new pipe holds what is usual" // as many bytes as 16 pages of this machine
		}
	}
	return root, d
}

// The screen of each width: no line is wider, but for commands, which stay whole.
func TestDiagnosisText(t *testing.T) {
	for _, columns := range []int{60, 80, 160} {
		for _, name := range []string{"container-v2", "workstation"} {
			_, d := diagnose(t, name, 0)
			var out, fixes bytes.Buffer
			if err := d.Write(&out, text.Screen{Columns: columns}); err != nil {
				t.Fatal(err)
			}
			if err := d.WriteFixes(&fixes, text.Screen{Columns: columns}); err != nil {
				t.Fatal(err)
			}
			golden.Check(t, fmt.Sprintf("doctor-%s-%d.golden", name, columns), out.Bytes())
			golden.Check(t, fmt.Sprintf("doctor-fix-%s-%d.golden", name, columns), fixes.Bytes())
			for line := range strings.Lines(out.String() + fixes.String()) {
				n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n"))
				command := strings.HasPrefix(line, "echo ") || strings.HasPrefix(line, "# undo:") || strings.HasPrefix(line, "# start:")
				if n > columns && !command {
					t.Errorf("%s at %d columns: a line of %d: %s", name, columns, n, line)
				}
			}
			first, _, _ := strings.Cut(out.String(), "\n")
			if !strings.HasPrefix(d.Verdict, first) {
				t.Errorf("%s at %d columns begins with %q, not with the verdict", name, columns, first)
			}
		}
	}
}

// The JSON has what the text has.
func TestDiagnosisJSON(t *testing.T) {
	_, d := diagnose(t, "workstation", 0, 1, 2)
	var b bytes.Buffer
	if err := text.WriteJSON(&b, d); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "doctor-workstation.json", b.Bytes())
	var back Diagnosis
	if err := json.Unmarshal(b.Bytes(), &back); err != nil || !reflect.DeepEqual(back, d) {
		t.Errorf("read back as %+v, %v", back, err)
	}
}

// Each use is spoiled by some rule, and by no rule that the uses do not know.
func TestUses(t *testing.T) {
	spoiled := map[Use]bool{}
	for _, r := range rules {
		for _, u := range r.spoils {
			spoiled[u] = true
		}
	}
	for _, u := range uses {
		if !spoiled[u.Use] {
			t.Errorf("no rule spoils %s", u.Use)
		}
		delete(spoiled, u.Use)
	}
	if len(spoiled) > 0 {
		t.Errorf("rules spoil %v, which is no use", slices.Collect(maps.Keys(spoiled)))
	}
}

// A warning spoils what its rule lists, one that is not known is named, and the
// sentence has both.
func TestVerdict(t *testing.T) {
	for _, c := range []struct {
		name string
		uses []Fitness
		want string
	}{
		{"all good", []Fitness{{Title: "a", Good: true}, {Title: "b", Good: true}},
			"Good for all comparisons, latencies and percentiles."},
		{"all good, as far as known", []Fitness{{Title: "a", Good: true, Unknown: []string{"turbo"}}},
			"Good for all comparisons, latencies and percentiles (not known: turbo)."},
		{"one is not", []Fitness{{Title: "a", Good: true}, {Title: "b", Because: []string{"load"}, Unknown: []string{"turbo"}}},
			"Good for a; not for b, because of load."},
		{"some are not", []Fitness{{Title: "a", Good: true}, {Title: "b", Because: []string{"load", "steal"}}, {Title: "c", Good: true, Unknown: []string{"smt"}}, {Title: "d", Because: []string{"steal", "cpus"}}},
			"Good for a and c (not known: smt); not for b and d, because of load, steal and cpus."},
		{"none is", []Fitness{{Title: "a", Because: []string{"tracer"}}},
			"Good for no comparison, latency or percentile, because of tracer."},
	} {
		if got := verdict(c.uses); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	_, d := diagnose(t, "x86-vm", 0, 1)
	for _, f := range d.Uses {
		if f.Use == DifferentCPUs && (f.Good || !slices.Equal(f.Because, []string{"virtual machine", "steal", "load"}) || !slices.Equal(f.Unknown, []string{"governor"})) {
			t.Errorf("%+v", f)
		}
		if f.Use == Mechanisms && !slices.Equal(f.Because, []string{"load"}) || f.Use == Counters && !f.Good {
			t.Errorf("%+v", f)
		}
	}
}

// A program that is linked dynamically cannot be a guest, which spoils no number
// of a run.
func TestDynamicIsNoWarningOfRuns(t *testing.T) {
	root := fstest.MapFS{"proc/self/exe": {Data: program("/lib/ld.so.1")}}
	findings := Check(root, results.Host{})
	if s := states(findings)["binary"]; s != Warned {
		t.Errorf("binary is %s", s)
	}
	for _, w := range Warnings(findings) {
		if strings.Contains(w.What, "dynamic") {
			t.Errorf("a run is warned: %s", w)
		}
	}
}

// Each command mends its finding, and its undo restores every file.
func TestFixes(t *testing.T) {
	want := map[string]int{ // how many commands
		"governor": 1, "turbo": 1, "frequency": 1, "smt": 1, "cpu quota": 1, "scheduling": 1, "clocksource": 1,
		"namespaces": 1, "namespaces (Debian)": 1, "namespaces (AppArmor)": 1, "hardware counters": 1,
	}
	root, d := diagnose(t, "workstation", 0, 1, 2)
	before := maps.Clone(root)
	for _, f := range d.Findings {
		if len(f.Fixes) != want[f.Rule] {
			t.Errorf("%s: %d commands, want %d: %+v", f.Rule, len(f.Fixes), want[f.Rule], f.Fixes)
		}
		mended := 0
		for _, x := range f.Fixes {
			if x.Changes == "" || x.Start != (x.Undo == "") {
				t.Errorf("%s: %+v lacks what it changes, or its undo", f.Rule, x)
			}
			if !x.Start {
				echo(t, root, x.Command)
				mended++
			}
		}
		if mended == 0 {
			continue
		}
		cpus, err := readCPUs(tree{root}, []int{0, 1, 2})
		if err != nil {
			t.Fatal(err)
		}
		if state := states(Check(root, Read(root, cpus, "")))[f.Rule]; state != Fine {
			t.Errorf("%s is %s after %+v", f.Rule, state, f.Fixes)
		}
		for _, x := range f.Fixes {
			echo(t, root, x.Undo)
		}
		for name := range before {
			if was, is := before[name].Data, root[name].Data; !bytes.Equal(bytes.TrimSpace(was), bytes.TrimSpace(is)) {
				t.Errorf("%s: the undo leaves %s as %q, which was %q", f.Rule, name, is, was)
			}
		}
	}
}

// echo does to a tree what a line of a fix does to the machine, by a shell.
func echo(t *testing.T, root fstest.MapFS, line string) {
	t.Helper()
	if first, rest, several := strings.Cut(line, "; "); several {
		echo(t, root, first)
		echo(t, root, rest)
		return
	}
	dir := t.TempDir()
	line, file, ok := strings.Cut(line, " > ")
	if !ok || !strings.HasPrefix(line, "echo ") {
		t.Fatalf("%q writes no file", line)
	}
	out, err := exec.Command("/bin/sh", "-c", line+" > "+dir+"/out; echo "+file).Output()
	if err != nil {
		t.Fatal(err)
	}
	value, err := os.ReadFile(dir + "/out")
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimSpace(string(out))[1:]
	if root[name] == nil {
		t.Fatalf("%q writes /%s, which this machine lacks", line, name)
	}
	root[name] = &fstest.MapFile{Data: value}
}

// A command is printed only where the machine has what it needs, and in the form
// that the machine understands.
func TestFixesOfOtherMachines(t *testing.T) {
	line := func(root fstest.MapFS, h results.Host, rule string) (all []string) {
		for _, f := range Check(root, h) {
			if f.Rule == rule {
				for _, x := range f.Fixes {
					all = append(all, x.Command+" | "+x.Undo)
				}
			}
		}
		return all
	}
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text + "\n")} }
	const cpufreq = "sys/devices/system/cpu/cpu0/cpufreq/"
	governed := fstest.MapFS{cpufreq + "scaling_governor": file("powersave"), cpufreq + "scaling_available_governors": file("powersave performance"), "usr/sbin/cpupower": file("")}
	alike := withFile(governed, "usr/bin/other")
	delete(alike, "usr/sbin/cpupower")
	const loop = "for f in /sys/devices/system/cpu/cpu*/cpufreq/scaling_governor; do echo %s > $f; done"
	ungoverned := fstest.MapFS{cpufreq + "scaling_governor": file("powersave"), cpufreq + "scaling_available_governors": file("powersave"), "usr/sbin/cpupower": file("")}
	v1, _ := host(t, "container-v1", 0)
	root := machine(t, "x86-vm")
	for _, c := range []struct {
		name string
		root fs.FS
		h    results.Host
		rule string
		want []string
	}{
		{"cpupower is installed", governed, results.Host{Governor: "powersave"}, "governor", []string{"cpupower frequency-set -g performance | cpupower frequency-set -g powersave"}},
		{"cpupower is not", alike, results.Host{Governor: "powersave"}, "governor", []string{fmt.Sprintf(loop+" | "+loop, "performance", "powersave")}},
		{"the driver has no other governor", ungoverned, results.Host{Governor: "powersave"}, "governor", nil},
		{"version 1 of cgroups", v1, results.Host{Cgroup: "cpu.cfs_quota_us 50000/100000"}, "cpu quota", []string{"echo -1 > /sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us | echo 50000 > /sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us"}},
		{"turbo by the other driver", fstest.MapFS{boost[1:]: file("1")}, results.Host{Turbo: "on"}, "turbo", []string{"echo 0 > " + boost + " | echo 1 > " + boost}},
		{"a real-time policy", fstest.MapFS{"usr/bin/chrt": file("")}, results.Host{Scheduling: "SCHED_FIFO 1"}, "scheduling", []string{"chrt -o 0 ipcbench … | "}},
		{"nice", fstest.MapFS{"usr/bin/nice": file("")}, results.Host{Scheduling: "SCHED_OTHER, nice 10"}, "scheduling", []string{"nice -n -10 ipcbench … | "}},
		{"no chrt", fstest.MapFS{}, results.Host{Scheduling: "SCHED_FIFO 1"}, "scheduling", nil},
		{"no setpriv", root, results.Host{}, "privilege", nil},
		{"root", withFile(root, "usr/bin/setpriv"), results.Host{}, "privilege", []string{"setpriv --bounding-set=-sys_resource,-sys_admin --inh-caps=-sys_resource,-sys_admin ipcbench … | "}},
		{"only a device has a clock", fstest.MapFS{"sys/devices/system/clocksource/clocksource0/available_clocksource": file("hpet acpi_pm"), "sys/devices/system/clocksource/clocksource0/current_clocksource": file("hpet")}, results.Host{Clocksource: "hpet"}, "clocksource", nil},
	} {
		if got := line(c.root.(fstest.MapFS), c.h, c.rule); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	fixes := mendFrequency(tree{machine(t, "workstation")}, results.Host{})
	if len(fixes) != 1 || fixes[0].Command != "taskset -c 0,1 ipcbench …" {
		t.Errorf("of two kinds of CPUs: %+v", fixes)
	}
}

// withFile is root with one more file.
func withFile(root fstest.MapFS, name string) fstest.MapFS {
	root = maps.Clone(root)
	root[path.Clean(name)] = &fstest.MapFile{}
	return root
}
