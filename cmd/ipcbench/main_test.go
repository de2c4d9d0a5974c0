package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"ipcbench/internal/need"
	"ipcbench/runner"
	"ipcbench/semantics"
)

func TestMain(m *testing.M) {
	runner.Init()
	semantics.Init()
	testscript.Main(m, map[string]func(){"ipcbench": main})
}

// TestScripts runs testdata/script. Each script is a session at the command
// line, with the files it makes in a directory of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: private,
		Cmds:  map[string]func(*testscript.TestScript, bool, []string){"exits": exits},
	})
}

var commands = map[string]func(*testscript.TestScript, bool, []string){"exits": exits}

// private gives a script a home of its own.
func private(e *testscript.Env) error {
	e.Setenv("HOME", e.WorkDir)
	e.Setenv("XDG_STATE_HOME", e.WorkDir+"/state")
	return nil
}

// exits N COMMAND… runs a command that must end with status N. Several may be
// given, as 0,5: on a machine that is busy with something else a launch may
// rightly not be trusted.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits STATUS[,STATUS…] COMMAND [ARG…]")
	}
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if !slices.Contains(strings.Split(args[0], ","), strconv.Itoa(got)) {
		ts.Fatalf("%v: exit status %d, want %s", args[1:], got, args[0])
	}
}

// TestReadme runs every `$ ipcbench …` line of the README: what a stranger
// types first must work.
func TestReadme(t *testing.T) {
	need.Time(t)
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for line := range strings.Lines(string(readme)) {
		command, ok := strings.CutPrefix(line, "$ ipcbench ")
		switch {
		case !ok:
		case strings.HasPrefix(command, "advise "): // nothing to answer from, if the machine was too busy to measure
			script.WriteString("exits 0,4 ipcbench " + command)
		default:
			script.WriteString("exits 0,5 ipcbench " + command)
		}
	}
	if script.Len() == 0 {
		t.Fatal("the README shows no command")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "readme.txt"), []byte(script.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: dir, Setup: private, Cmds: commands})
}
