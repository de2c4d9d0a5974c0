package command

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"ipcbench/compare"
	"ipcbench/results"
)

// said runs a command line in this process, which must end with status, and
// returns what it printed.
func said(t *testing.T, status int, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if got := execute(args, &stdout, &stderr); got != status {
		t.Fatalf("%v: exit status %d, want %d\n%s%s", args, got, status, stdout.Bytes(), stderr.Bytes())
	}
	return stdout.String() + stderr.String()
}

// unwrapped is text with a blank for each end of a line and each indent.
func unwrapped(text string) string { return strings.Join(strings.Fields(text), " ") }

// want holds text against what must be in it.
func want(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("no %q in:\n%s", part, text)
		}
	}
}

// withAxes adds axes to the table until the test ends.
func withAxes(t *testing.T, more ...results.Axis) {
	before := results.Axes
	t.Cleanup(func() { results.Axes = before })
	results.Axes = append(slices.Clone(before), more...)
}

// An interrupted run goes on by its own plan: no other flag may stand beside
// --resume, whatever it is.
func TestResumeRefusesEveryFlag(t *testing.T) {
	t.Chdir(t.TempDir())
	withAxes(t, results.Axis{Key: "stack", Help: "pages of a stack", Least: 1, Most: 8})
	tried := 0
	newRun().Flags().VisitAll(func(f *pflag.Flag) {
		if f.Name == "resume" || f.Name == "all" || f.Name == "format" { // which change what is printed alone
			return
		}
		tried++
		flag := "--" + f.Name
		value := f.DefValue
		if strings.HasPrefix(f.Value.Type(), "string") {
			value = "x"
		}
		text := said(t, exitUsage, "run", "--resume", "nowhere", flag+"="+value)
		want(t, text, "--resume: an interrupted run goes on by its own plan: leave out "+flag+"\n")
	})
	if least := len(results.Axes); tried < least {
		t.Errorf("%d flags, fewer than the %d axes", tried, least)
	}
	want(t, said(t, exitUsage, "run", "--resume", "nowhere", "--wait", "poll", "--copy", "0"), "leave out --copy, --wait\n")
	if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// A new axis is one entry in results.Axes: of words, and of numbers.
func TestAxisIsOneEntry(t *testing.T) {
	withAxes(t,
		results.Axis{Key: "nice", Help: "how processes are scheduled", Link: true, Values: []results.Value{{Name: "normal", Summary: "as others"}, {Name: "batch", Summary: "sched(7)"}}},
		results.Axis{Key: "stack", Help: "pages of a stack", Link: true, Least: 1, Most: 8, Unit: "pages"},
	)
	plan := func(args ...string) []string {
		return append([]string{"run", "--dry-run", "--workload", "stream", "--mech", "pipe", "--size", "64", "--place", "free"}, args...)
	}

	help := unwrapped(said(t, exitOK, "run", "--help"))
	want(t, help, "how processes are scheduled: normal, batch", "pages of a stack, 1 to 8")
	want(t, said(t, exitOK, "ab", "--help"), "--nice", "--stack")
	want(t, said(t, exitOK, "__complete", "run", "--nice", ""), "normal\tas others\nbatch\tsched(7)\n")
	want(t, said(t, exitOK, "list", "axes"), "--nice", "--stack")
	want(t, said(t, exitOK, "list", "axes", "--format", "markdown"), "| `--nice` | how processes are scheduled | `normal`: as others; `batch`: sched(7) | all |")

	got := said(t, exitOK, plan("--nice", "normal,batch", "--stack", "1,8", "--wait", "poll")...)
	const cell = "Stream/mech=pipe/size=64/queue=default/place=free/wait=poll"
	want(t, got, cell+"/stack=1", cell+"/stack=8", cell+"/nice=batch/stack=1", cell+"/nice=batch/stack=8")
	if strings.Contains(got, "nice=normal") {
		t.Errorf("a name states the usual value:\n%s", got)
	}
	for _, name := range []string{cell + "/nice=batch/stack=8", cell + "/stack=8", cell + "/nice=batch"} {
		c, err := results.ParseCell(name)
		if err != nil || c.Name() != name {
			t.Errorf("%s comes back as %s, %v", name, c.Name(), err)
		}
		if c.Value("wait") != "poll" || c.Value("nice")+c.Value("stack") == "" {
			t.Errorf("%s: wait %q, nice %q, stack %q", name, c.Value("wait"), c.Value("nice"), c.Value("stack"))
		}
	}
	if _, err := results.ParseCell(cell + "/stack=8/nice=batch"); err == nil {
		t.Error("options are read in another order than that of names")
	}

	want(t, said(t, exitUsage, plan("--nice", "rude")...), `--nice "rude": want normal or batch`)
	want(t, said(t, exitUsage, plan("--stack", "9")...), `--stack "9": want a whole number from 1 to 8`)
	want(t, said(t, exitUsage, "run", "--resume", "nowhere", "--nice", "batch"), "leave out --nice\n")

	if keys := compare.ByKeys(); !slices.Contains(keys, "nice") || !slices.Contains(keys, "stack") {
		t.Errorf("--by takes %v", keys)
	}
	dir := t.TempDir()
	for i, nice := range []string{"", "/nice=batch"} {
		var b strings.Builder
		for launch := range 8 {
			fmt.Fprintf(&b, "Benchmark%s%s 1000 %d ns/op\n", cell, nice, 1000+500*i+launch)
		}
		if err := os.WriteFile(fmt.Sprintf("%s/%d.txt", dir, i), []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	compared := said(t, exitNo, "compare", "--by", "nice", dir+"/0.txt", dir+"/1.txt")
	want(t, compared, "batch", "Stream/pipe/size=64/place=free/wait=poll ")
	if strings.Contains(compared, "nice=batch") {
		t.Errorf("the side is in the name of what is compared:\n%s", compared)
	}
}

// What a name may hold, and a flag, is what the table says of every axis.
func TestEveryAxisComesBack(t *testing.T) {
	for i := range results.Axes {
		x := &results.Axes[i]
		values := x.Names()
		if x.Most > 0 {
			values = append(values, fmt.Sprint(x.Most), fmt.Sprint(max(2, x.Least)))
		}
		for _, v := range values {
			c := results.Cell{Workload: "Stream", Mechanism: "pipe", Size: 64, Place: "same"}
			if err := x.Set(&c, v); err != nil {
				t.Errorf("--%s %s: %v", x.Key, v, err)
				continue
			}
			back, err := results.ParseCell(c.Name())
			if err != nil || back != c {
				t.Errorf("--%s %s: %s comes back as %+v, %v", x.Key, v, c.Name(), back, err)
			}
			if err := x.Check(c); err != nil {
				t.Errorf("--%s %s: a plan refuses it: %v", x.Key, v, err)
			}
			x.Clear(&c)
			if got := x.Of(&c); !x.Always && got != "" {
				t.Errorf("--%s %s: %q is left", x.Key, v, got)
			}
		}
	}
}
