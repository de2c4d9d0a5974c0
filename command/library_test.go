package command

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ipcbench/internal/need"
)

// library builds the example of a module that calls Main, with what the module cache
// has, and as a stranger does: without flags that change its go.mod.
func library(t *testing.T, args ...string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "mine")
	goIn(t, "../examples/go-main", append([]string{"build", "-o", program}, args...)...)
	return program
}

func goIn(t *testing.T, dir string, args ...string) {
	t.Helper()
	c := exec.Command("go", args...)
	c.Dir = dir
	c.Env = append(os.Environ(), "CGO_ENABLED=0", "GOPROXY=off", "GOFLAGS=-buildvcs=false")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("go %s in %s: %v\n%s\nif go.mod has fallen behind: go mod tidy there", strings.Join(args, " "), dir, err, out)
	}
}

// play runs a program in a directory of its own.
func play(t *testing.T, program string, args ...string) (status int, text string) {
	t.Helper()
	c := exec.Command(program, args...)
	c.Dir = filepath.Dir(program)
	out, err := c.CombinedOutput()
	if c.ProcessState == nil {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), string(out)
}

// A module of another has a mechanism of its own and the whole command: it is listed,
// explained and measured, and ab knows the program for ipcbench by any name.
func TestMechanismOfAnotherModule(t *testing.T) {
	if !need.Long() {
		t.Skip("IPCBENCH_LONG=1 builds another module, half a minute")
	}
	program := library(t, ".")
	for _, c := range []struct {
		args   string
		status int
		want   string
	}{
		{"list", exitOK, "\nframedpipe "},
		{"explain framedpipe", exitOK, "sender │ ──────────→ │ pages of a pipe"},
		{"--version", exitOK, "ipcbench v0.0.0 in example.com/framedpipe devel"},
		{"run --dry-run --mech framedpipe --workload fanin --size 4KiB --place free", exitOK, "4092 (PIPE_BUF - 4)"},
		{"conform framedpipe", exitUsage, "framedpipe is a mechanism in Go: `go test` tries it"},
	} {
		if status, out := play(t, program, strings.Fields(c.args)...); status != c.status || !strings.Contains(out, c.want) {
			t.Errorf("%s: exit status %d, want %d and %q:\n%s", c.args, status, c.status, c.want, out)
		}
	}
	status, out := play(t, program, strings.Fields("run --mech framedpipe --workload pingpong,stream,fanin --size 64 --place free --launches 1 --time 1ms --verify")...)
	if status != exitOK && status != exitUntrusted {
		t.Errorf("run: exit status %d\n%s", status, out)
	}
	if !isIpcbench(program) {
		t.Error("ab does not know the program for ipcbench")
	}
}

// The rules of the suite find the example sound, by the command that its author gives.
func TestConformanceOfAnotherModule(t *testing.T) {
	if !need.Long() {
		t.Skip("IPCBENCH_LONG=1 builds another module, half a minute")
	}
	goIn(t, "../examples/go-main", "test", "-short", "-count=1", ".")
}

// A registration that is wrong is a line, with its place, and no trace of goroutines.
func TestWrongRegistrations(t *testing.T) {
	need.Time(t)
	dir := t.TempDir()
	bad, overlay := filepath.Join(dir, "bad.go"), filepath.Join(dir, "overlay.json")
	source := `package main

import "ipcbench/mechanisms"

var _ = mechanisms.Register(mechanisms.Mechanism{Name: "fifo", Limits: pipe.Limits, New: pipe.New, OpenSender: pipe.OpenSender, OpenReceiver: pipe.OpenReceiver})

var _ = mechanisms.Register(mechanisms.Mechanism{Name: "half", Limits: pipe.Limits, New: pipe.New, OpenSender: pipe.OpenSender})
`
	at, err := filepath.Abs("../examples/go-main/bad.go")
	if err != nil {
		t.Fatal(err)
	}
	replaced, err := json.Marshal(map[string]any{"Replace": map[string]string{at: bad}})
	if err != nil {
		t.Fatal(err)
	}
	for path, text := range map[string]string{bad: source, overlay: string(replaced)} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	status, out := play(t, library(t, "-overlay", overlay, "."), "list")
	const want = `ipcbench: mechanism "fifo", registered at bad.go:5: there is a mechanism of this name: give it another
ipcbench: mechanism "half", registered at bad.go:7: it lacks one of OpenSender and OpenReceiver
`
	if status != exitFailed || out != want {
		t.Errorf("exit status %d, want %d\n%s\nwant\n%s", status, exitFailed, out, want)
	}
}
