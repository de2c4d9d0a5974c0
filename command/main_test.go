package command

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"ipcbench/command/manpages"
	"ipcbench/internal/denied"
	"ipcbench/internal/need"
	"ipcbench/mechanisms"
	"ipcbench/runner"
	_ "ipcbench/runner/first"
	"ipcbench/semantics"
)

func TestMain(m *testing.M) {
	denied.Enter()
	enterInherited()
	if os.Getenv(envHog) != "" {
		os.Exit(hog())
	}
	runner.Init()
	semantics.Init()
	writeMan = manpages.Write // as in a build with -tags man
	if role := os.Getenv(envRole); role != "" {
		os.Unsetenv(envRole)
		os.Exit(roles[role]())
	}
	testscript.Main(m, map[string]func(){"ipcbench": Main})
}

// TestScripts runs testdata/script. Each script is a session at the command
// line, with the files it makes in a directory of its own.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: private,
		Cmds:  map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "conforms": conforms, "unpack": unpack},
	})
}

var commands = map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "unpack": unpack}

// private gives a script a home of its own, and the way to the repository.
func private(e *testscript.Env) error {
	root, err := filepath.Abs("..")
	if err != nil {
		return err
	}
	e.Setenv("ROOT", root)
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
	for i, arg := range args {
		if arg == "results/runs/ID" { // the documents' name for a run: here the only one
			runs, err := filepath.Glob(ts.MkAbs("results/runs/*"))
			if err != nil || len(runs) != 1 {
				ts.Fatalf("%s: %v, %v: want one run", arg, runs, err)
			}
			args[i] = runs[0]
		}
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

// shown are the documents whose `$ ipcbench …` lines are run.
var shown = []string{"../README.md", "../docs/usage.md"}

// TestDocumentedCommands runs every `$ ipcbench …` line of the README and of
// docs/usage.md: what a stranger types first must work.
func TestDocumentedCommands(t *testing.T) {
	need.Time(t)
	dir := t.TempDir()
	for _, path := range shown {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var script strings.Builder
		for line := range strings.Lines(string(text)) {
			command, ok := strings.CutPrefix(line, "$ ipcbench ")
			switch {
			case !ok:
			case strings.HasPrefix(command, "choose "): // nothing to answer from, if the machine was too busy to measure
				if !strings.Contains(command, " --budget ") { // a race has half a minute, and shows no more in it than in three seconds
					command = strings.TrimSuffix(command, "\n") + " --budget 3s\n"
				}
				script.WriteString("exits 0,4 ipcbench " + command)
			case strings.Contains(command, "results/runs/ID"): // slower; on a busy machine it has nothing to compare, or to judge by
				script.WriteString("exits 0,1,3,5 ipcbench " + command)
			default:
				script.WriteString("exits 0,5 ipcbench " + command)
			}
		}
		if script.Len() == 0 {
			t.Fatalf("%s shows no command", path)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".md") + ".txt"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	testscript.Run(t, testscript.Params{Dir: dir, Setup: private, Cmds: commands})
}

// docs/usage.md lists every command that help lists and every exit status, and
// the README counts the mechanisms.
func TestDocumentsListAll(t *testing.T) {
	text, err := os.ReadFile("../docs/usage.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range newRoot().Commands() {
		if c.IsAvailableCommand() && !strings.Contains(string(text), "\n| `"+c.Name()+"` | ") {
			t.Errorf("docs/usage.md does not list the command %s", c.Name())
		}
	}
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("of %d Linux IPC mechanisms,", len(mechanisms.All())); !strings.Contains(string(readme), want) {
		t.Errorf("README.md lacks %q", want)
	}
	for status := exitOK; status <= exitUntrusted; status++ {
		if !strings.Contains(string(text), "\n| "+strconv.Itoa(status)+" | ") {
			t.Errorf("docs/usage.md does not list the exit status %d", status)
		}
	}
}
