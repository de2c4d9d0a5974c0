package command

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ipcbench/results"
)

// storedRun makes a run of that ID and label below dir, whose launches are ok.
func storedRun(t *testing.T, dir, id, label string, started time.Time) string {
	t.Helper()
	cell := results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 64, Place: "same"}
	plan := `{"cells":[{"workload":"PingPong","mechanism":"pipe","size":64,"place":"same"}],"launches":6,"time_ns":1000000,"verify":false,"seed":1}`
	run, err := results.Create(dir, results.Header{ID: id, Label: label, Started: started, Seed: 1, Program: "test", Command: []string{"ipcbench", "run"}, Plan: []byte(plan)})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	host := &results.Host{Kernel: "Linux 6.18.44", CPU: "Example CPU", CPUs: 2, Arch: "amd64"}
	for n := range 6 {
		r := results.Record{Schema: results.Schema, Time: started, Cell: cell, Launch: n + 1, Attempt: 1, Outcome: results.OK, Op: "round trip", Seed: 1, Host: host,
			Ops: 1000, ElapsedNs: 5_000_000, NsPerOp: 5000 + float64(n), BytesPerSec: 25.6e6, LaunchNs: 1e6, WallNs: 6e6}
		if err := run.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	return run.Dir
}

// three runs: "a" twice, the newest and the oldest, and between them one without a
// label.
func threeRuns(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	start := time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)
	storedRun(t, runsDir, "20261128T100000Z-aaaaaa", "a", start)
	storedRun(t, runsDir, "20261129T100000Z-bbbbbb", "", start.Add(24*time.Hour))
	storedRun(t, runsDir, "20261130T100000Z-cccccc", "a", start.Add(48*time.Hour))
	storedRun(t, racesDir, "20261127T100000Z-dddddd", "", start.Add(-24*time.Hour))
}

func TestNamedRun(t *testing.T) {
	threeRuns(t)
	for _, dir := range []string{"path", filepath.Join(runsDir, "junk")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	oldest, middle, newest := "20261128T100000Z-aaaaaa", "20261129T100000Z-bbbbbb", "20261130T100000Z-cccccc"
	for name, want := range map[string]string{
		"@latest": newest, "@1": newest, "@2": middle, "@3": oldest, "a": newest, middle: middle, "20261129": middle, "20261128T100000Z-a": oldest,
		filepath.Join(runsDir, oldest): oldest,
	} {
		if got, err := namedRun(&bytes.Buffer{}, name); err != nil || got != filepath.Join(runsDir, want) {
			t.Errorf("%s: %s, %v, want %s", name, got, err, want)
		}
	}
	for name, want := range map[string]string{"-": "-", "path": "path", "20261127": filepath.Join(racesDir, "20261127T100000Z-dddddd")} {
		if got, err := namedRun(&bytes.Buffer{}, name); err != nil || got != want {
			t.Errorf("%s: %s, %v, want %s", name, got, err, want)
		}
	}
	for name, want := range map[string]string{
		"junk":     `run junk: results/runs/junk is no run: it has no run.json that can be read`,
		"@4":       `run @4: results/runs has 3 runs: want @1 to @3`,
		"@0":       `run @0: want @latest, or @N for the N-th newest`,
		"@":        `run @: want @latest, or @N for the N-th newest`,
		"@lates":   `run @lates: did you mean @latest? want @latest, or @N for the N-th newest`,
		"2":        "run 2: no such file, label or ID: did you mean @2? `ipcbench runs` lists all 3",
		"latest":   "run latest: no such file, label or ID: did you mean @latest? `ipcbench runs` lists all 3",
		"":         "run \"\": no such file, label or ID: `ipcbench runs` lists all 3",
		"20261131": "run 20261131: no such file, label or ID: `ipcbench runs` lists all 3",
		"202611":   `run 202611: 4 IDs begin so, as results/runs/20261130T100000Z-cccccc and results/runs/20261129T100000Z-bbbbbb: give more of it, or a path`,
		"\x1bx":    "run \\x1bx: no such file, label or ID: `ipcbench runs` lists all 3",
	} {
		if got, err := namedRun(&bytes.Buffer{}, name); err == nil || err.Error() != want {
			t.Errorf("%q: %q, %v\nwant %s", name, got, err, want)
		}
	}
	var notes bytes.Buffer
	if _, err := namedRun(&notes, "a"); err != nil {
		t.Fatal(err)
	}
	if want := "a: 2 runs have this label, and the newest is taken: results/runs/20261130T100000Z-cccccc\n"; notes.String() != want {
		t.Errorf("notes %q, want %q", notes.String(), want)
	}
	notes.Reset()
	if _, err := namedRun(&notes, "20261129"); err != nil || notes.Len() > 0 {
		t.Errorf("%v, notes %q, want none", err, notes.String())
	}
}

// namers are command lines with RUN where they name a run, by the command and, where
// it is one, the flag; and what shows that the run was found.
var namers = map[string]struct {
	line  string
	shows string // in what is printed
}{
	"run --resume":        {"run --resume RUN", `the run was begun on Linux 6\.18\.44, Example CPU|isolat|namespace`},
	"report":              {"report RUN --out out", `out/index\.html`},
	"export":              {"export RUN --format ndjson", `"run":"20261130T100000Z-cccccc"`},
	"merge":               {"merge RUN", `20261130T100000Z-cccccc: it is no shard of a plan`},
	"compare":             {"compare RUN 20261129", `results/runs/20261130T100000Z-cccccc`},
	"choose --in":         {"choose rpc 64 --in RUN", `from 202611\d\dT`},
	"advise --in":         {"advise --pattern rpc --size 64 --in RUN", `from 202611\d\dT`},
	"explain --in":        {"explain pipe --in RUN", `20261130T100000Z-cccccc`},
	"semantics --in":      {"semantics --in RUN", `semantics\.json: no such file|P16`},
	"semantics --out":     {"semantics --id P16 --out RUN", `P16`},
	"semantics --profile": {"semantics --id P16 --profile RUN", `semantics\.json: no such file|P16`},
	"semantics --claims":  {"semantics --in checked --claims RUN", `Speed was measured in a run on Linux 6\.18\.44, Example CPU`},
	"runs show":           {"runs show RUN", `outcome: ok`},
	"runs diff":           {"runs diff RUN 20261129", `The plan, the host and the kernel are the same`},
	"runs remove":         {"runs remove --dry-run RUN", `would be removed`},
	"history add":         {"history add RUN --series s --at 1.0", `build 1\.0 of s|series s has run 202611\S+ already`},
}

// Every flag and argument that takes a run is in the table above: those that complete
// names of runs do, and so do those whose help speaks of one.
func TestEveryNameOfARunIsTried(t *testing.T) {
	t.Chdir(t.TempDir())
	storedRun(t, runsDir, "20261128T100000Z-aaaaaa", "labelled", time.Unix(0, 0))
	found := map[string]bool{}
	names := func(complete cobra.CompletionFunc, c *cobra.Command) bool {
		if complete == nil {
			return false
		}
		all, _ := complete(c, nil, "")
		return slices.Contains(all, "labelled")
	}
	speaks := regexp.MustCompile(`\b(this|that|newest|interrupted) (interrupted )?run\b|\brun\b.*\brecords\b|these records`)
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		path := strings.TrimPrefix(c.CommandPath(), "ipcbench ")
		if names(c.ValidArgsFunction, c) {
			found[path] = true
		} else if regexp.MustCompile(`\bRUN|\bOLD\b`).MatchString(c.Use) && !strings.HasPrefix(path, "kernels") { // whose OLD is a kernel
			t.Errorf("%s takes a run, and does not complete names", path)
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			complete, _ := c.GetFlagCompletionFunc(f.Name)
			if names(complete, c) {
				found[path+" --"+f.Name] = true
			} else if f.Value.Type() == "string" && speaks.MatchString(f.Usage) {
				t.Errorf("%s --%s takes a run (%s), and does not complete names", path, f.Name, f.Usage)
			}
		})
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot())
	for what := range found {
		if _, ok := namers[what]; !ok {
			t.Errorf("%s takes a run: add it to namers", what)
		}
	}
	for what := range namers {
		if !found[what] {
			t.Errorf("%s takes no run: take it out of namers", what)
		}
	}
}

// Wherever a run is named, each kind of name finds it, and one that does not is
// answered with one line.
func TestRunsAreNamedEverywhere(t *testing.T) {
	threeRuns(t)
	said(t, exitOK, "semantics", "--id", "P16", "--out", "checked") // for --claims
	for what, n := range namers {
		shows := regexp.MustCompile(n.shows)
		names := []string{"@latest", "@1", "20261130", "20261130T100000Z-cccccc", "a", filepath.Join(runsDir, "20261130T100000Z-cccccc"), "@9", "nosuchrun"}
		if what == "report" || what == "explain --in" { // a second or more each time
			names = names[4:]
		}
		for _, name := range names {
			bad := name == "@9" || name == "nosuchrun"
			if what == "semantics --out" && !strings.HasPrefix(name, "@") {
				continue // it makes a directory
			}
			var stdout, stderr bytes.Buffer
			status := execute(strings.Fields(strings.ReplaceAll(n.line, "RUN", name)), &stdout, &stderr)
			both := stdout.String() + stderr.String()
			switch {
			case bad && (status != exitFailed || stdout.Len() > 0 || !strings.HasPrefix(stderr.String(), "ipcbench: run "+name+": ") || strings.Count(stderr.String(), "\n") != 1):
				t.Errorf("%s: %s: status %d, printed\n%s", what, name, status, both)
			case !bad && (strings.Contains(both, "ipcbench: run ") || !shows.MatchString(both)):
				t.Errorf("%s: %s: status %d, nothing like %s in\n%s", what, name, status, n.shows, both)
			}
		}
	}
}
