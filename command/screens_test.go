package command

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"ipcbench/history"
	"ipcbench/internal/golden"
	"ipcbench/internal/need"
	"ipcbench/internal/pty"
	"ipcbench/results"
)

// A screenLine is a command line that a terminal must have room for.
type screenLine struct {
	args   string
	status string // which may be one of several: "0,5"
	golden string // the file of testdata that holds what is shown; "": it varies, and its width alone is checked
	slow   bool   // it measures
}

// screens has a line for each command at least. They run in a directory with two
// runs as text, old.txt and new.txt, and two profiles, old.json and new.json.
var screens = []screenLine{
	{"choose rpc 4KiB --in old.txt", "0", "choose.screen", false},
	{"compare old.txt new.txt --summary", "0,1,5", "", false},
	{"runs", "0", "", false},
	{"merge --help", "0", "", false},
	{"runs list", "0", "", false},
	{"runs show old.txt", "0,1,3,5", "", false},
	{"runs diff old.txt new.txt", "0,1,3,5", "", false},
	{"runs remove --help", "0", "", false},
	{"report old.txt --out report", "0", "", false},
	{"export old.txt --out old.parquet", "0", "", false},
	{"explain", "0", "explain.screen", false},
	{"explain pipe", "0", "", true},
	{"list", "0", "", false},
	{"presets", "0", "", false},
	{"presets show --help", "0", "", false},
	{"presets schema --help", "0", "", false},
	{"list axes", "0", "listaxes.screen", false},
	{"doctor", "0", "", false},
	{"clean --help", "0", "", false},
	{"run --dry-run --preset quick", "0", "", false},
	{"semantics --mech pipe --out s", "0,1,5", "", true},
	{"conform --help", "0", "", false},
	{"kernels --help", "0", "", false},
	{"kernels why --in old.json,new.json", "0", "why.screen", false},
	{"kernels why --in new.json", "0", "whyone.screen", false},
	{"kernels bisect --help", "0", "", false},
	{"kernels step --help", "0", "", false},
	{"kernels cache --help", "0", "", false},
	{"kernels cache list --help", "0", "", false},
	{"kernels cache prune --help", "0", "", false},
	{"history", "0", "", false},
	{"history add --help", "0", "", false},
	{"history show", "0", "history.screen", false},
	{"history publish site", "0", "", false},
	{"run --mech pipe,fifo --size 64 --launches 2 --time 2ms --place same,free", "0,5", "", true},
	{"ab --mech pipe --workload pingpong --size 64 --launches 2 --time 2ms --place same --a ipcbench --b ipcbench", "0,1,3,5", "", true},
	{"choose rpc 64 --budget 1s", "0,4", "", true},
}

// staged is a directory with old.txt, a run of the default preset, new.txt, the same
// with pipe slower by a fifth, and profiles of a round trip in two kernels.
func staged(t *testing.T) (dir string) {
	t.Helper()
	f, err := os.Open("../report/testdata/default-run.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	old, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	slower := regexp.MustCompile(`(?m)^(Benchmark\w+/mech=pipe/\S+\s+\d+\s+)(\S+) ns/op`).ReplaceAllFunc(old, func(line []byte) []byte {
		f := bytes.Fields(line)
		ns, err := strconv.ParseFloat(string(f[2]), 64)
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Appendf(nil, "%s %s %g ns/op", f[0], f[1], 1.2*ns)
	})
	dir = t.TempDir()
	staged := map[string][]byte{"old.txt": old, "new.txt": slower}
	for _, name := range []string{"old.json", "new.json"} {
		if staged[name], err = os.ReadFile(filepath.Join("testdata", "profiles", name)); err != nil {
			t.Fatal(err)
		}
	}
	stageHistory(t, filepath.Join(dir, "history"))
	for name, data := range staged {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// stageHistory has a series of six kernels, of which the fourth takes longer in three cells.
func stageHistory(t *testing.T, dir string) {
	t.Helper()
	for i, label := range []string{"5.10.0-46-cloud-amd64", "6.1.0-57-cloud-amd64", "6.12.117-deb13-cloud-amd64", "7.2.13-deb14-cloud-amd64", "7.3-cloud-amd64", "7.3.4-deb13-cloud-amd64"} {
		b := &history.Build{Header: history.Header{Series: "kernels", Run: "run-" + label, Label: label, Plan: "0123456789ab", Class: "amd64, instructions counted, QEMU 7.2.22, max,-erms,-fsrm", Counted: true, Image: "/boot/vmlinuz-" + label}}
		if err := b.Place(label, nil); err != nil {
			t.Fatal(err)
		}
		for _, mech := range []string{"pipe", "fifo", "socketpair", "sysvmsg"} {
			insns := 13000.0
			if i >= 3 && mech != "fifo" {
				insns *= 1.1
			}
			c := history.Cell{Name: results.Cell{Workload: "PingPong", Mechanism: mech, Size: 64, Place: "same"}.Name(), Outcome: results.OK, Values: map[string]history.Launches{}}
			for seed := range 6 {
				c.Values["insns/op"] = append(c.Values["insns/op"], insns+float64(seed))
			}
			b.Of = append(b.Of, c)
		}
		if _, err := history.Add(dir, b); err != nil {
			t.Fatal(err)
		}
	}
}

// shows runs a command line in a directory, with a terminal of so many columns, and
// returns what it wrote.
func shows(t *testing.T, dir string, columns int, status, args string) string {
	t.Helper()
	c := prepare(t, "command", strings.Fields(args)...).Cmd
	c.Dir = dir
	c.Env = append(c.Env, "TERM=xterm-256color", "NO_COLOR=")
	wrote, got := pty.Run(t, columns, c)
	if !slices.Contains(strings.Split(status, ","), strconv.Itoa(got)) {
		t.Errorf("%s: exit status %d, want %s\n%s", args, got, status, wrote)
	}
	return wrote
}

// No command writes a line that is wider than its terminal. What does not vary is
// held against a file for three widths.
func TestScreens(t *testing.T) {
	dir := staged(t)
	for _, s := range screens {
		t.Run(s.args, func(t *testing.T) {
			if s.slow {
				need.Time(t)
			}
			widths := []int{60, 80, 160}
			if s.golden == "" {
				widths = widths[:1]
			}
			var all strings.Builder
			for _, columns := range widths {
				wrote := shows(t, dir, columns, s.status, s.args)
				if wide := pty.Wide(wrote, columns); wide != nil {
					t.Errorf("%d columns, and lines that take more: %d, the first\n%s", columns, len(wide), wide[0])
				}
				fmt.Fprintf(&all, "$ ipcbench %s # %d columns\n%s\n", s.args, columns, pty.Plain(wrote))
			}
			if s.golden != "" {
				golden.Check(t, s.golden, []byte(all.String()))
			}
		})
	}
}

// Standard output and standard error are each asked whether they are a terminal, and
// NO_COLOR and TERM=dumb are heeded.
func TestColorsAreForTerminals(t *testing.T) {
	for _, c := range []struct {
		env  []string
		want bool
	}{
		{[]string{"TERM=xterm", "NO_COLOR="}, true},
		{[]string{"TERM=xterm", "NO_COLOR=1"}, false},
		{[]string{"TERM=dumb", "NO_COLOR="}, false},
	} {
		for _, args := range [][]string{{"--help"}, {"run", "--size", "0"}} {
			p := prepare(t, "command", args...).Cmd
			p.Env = append(p.Env, c.env...)
			if wrote, _ := pty.Run(t, 80, p); strings.Contains(wrote, "\x1b[") != c.want {
				t.Errorf("%v with %v: colors %t, want %t", args, c.env, !c.want, c.want)
			}
		}
	}
	control, terminal := pty.Open(t, 80)
	p := prepare(t, "command", "--help").Cmd
	var out strings.Builder
	p.Env, p.Stdout, p.Stderr = append(p.Env, "TERM=xterm", "NO_COLOR="), &out, terminal
	if err := p.Run(); err != nil || strings.Contains(out.String(), "\x1b") {
		t.Errorf("%v; colors in a pipe beside a terminal: %t", err, strings.Contains(out.String(), "\x1b"))
	}
	control.Close()
}

// Each command has a command line in screens.
func TestEveryCommandHasAScreen(t *testing.T) {
	var visit func(c *cobra.Command, path string)
	visit = func(c *cobra.Command, path string) {
		for _, sub := range c.Commands() {
			if !sub.IsAvailableCommand() || sub.Name() == "completion" || sub.Name() == "help" {
				continue
			}
			name := strings.TrimSpace(path + " " + sub.Name())
			if !slices.ContainsFunc(screens, func(s screenLine) bool {
				return s.args == name || strings.HasPrefix(s.args, name+" ")
			}) {
				t.Errorf("%s has no command line in screens", name)
			}
			visit(sub, name)
		}
	}
	visit(newRoot(), "")
}
