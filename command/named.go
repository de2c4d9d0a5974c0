package command

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"ipcbench/internal/suggest"
	"ipcbench/results"
)

// namedRun is the path of what a command line names as a run. A path that exists
// comes first; then @latest and @N, the N-th newest of runsDir; a label, of which the
// newest run is meant, with a line to notes where there are others; and an ID, or how
// one begins, of a run or a race.
func namedRun(notes io.Writer, name string) (string, error) { return namedIn(runsDir, notes, name) }

func namedIn(dir string, notes io.Writer, name string) (string, error) {
	if name == results.Stdin {
		return name, nil
	}
	if _, err := os.Stat(name); name != "" && !errors.Is(err, fs.ErrNotExist) { // another error is that of its reader
		return name, nil
	}
	runs, err := runsIn(dir)
	if err != nil {
		return "", err
	}
	if place, ok := strings.CutPrefix(name, "@"); ok {
		return runAt(dir, runs, place)
	}
	var labelled []results.Found
	for _, r := range runs {
		if name != "" && r.Name == name {
			return r.Dir, nil
		}
		if name != "" && r.Header.Label == name {
			labelled = append(labelled, r)
		}
	}
	if len(labelled) > 1 {
		fmt.Fprintf(notes, "%s: %d runs have this label, and the newest is taken: %s\n", results.Quote(name), len(labelled), results.Quote(labelled[0].Dir))
	}
	if len(labelled) > 0 {
		return labelled[0].Dir, nil
	}
	others := runs
	if dir == runsDir {
		races, err := runsIn(racesDir)
		if err != nil {
			return "", err
		}
		others = append(slices.Clone(runs), races...)
	}
	var begun []results.Found
	for _, r := range others {
		if len(name) >= leastPrefix && (strings.HasPrefix(r.Name, name) || strings.HasPrefix(r.Header.ID, name)) {
			begun = append(begun, r)
		}
	}
	switch len(begun) {
	case 0:
		if _, err := os.Stat(filepath.Join(dir, name)); name != "" && err == nil {
			return "", fmt.Errorf("run %s: %s is no run: it has no run.json that can be read", results.Quote(name), results.Quote(filepath.Join(dir, name)))
		}
		return "", noSuchRun(dir, name, runs)
	case 1:
		return begun[0].Dir, nil
	}
	return "", fmt.Errorf("run %s: %d IDs begin so, as %s and %s: give more of it, or a path", results.Quote(name), len(begun), results.Quote(begun[0].Dir), results.Quote(begun[1].Dir))
}

// leastPrefix is how much of an ID names a run, the month: of less, a slip for @2 would.
const leastPrefix = 6

// runsIn are the runs in a directory that can be read, the newest first.
func runsIn(dir string) ([]results.Found, error) {
	found, err := results.FindRuns(dir)
	return slices.DeleteFunc(found, func(r results.Found) bool { return r.Err != nil }), err
}

// runAt is the run at "latest", or "1", "2" … from the newest.
func runAt(dir string, runs []results.Found, place string) (string, error) {
	n, err := strconv.Atoi(place)
	switch {
	case place == "latest":
		n = 1
	case err != nil || n < 1:
		meant := ""
		if suggest.Near(place, []string{"latest", "newest"}) != nil {
			meant = "did you mean @latest? "
		}
		return "", fmt.Errorf("run @%s: %swant @latest, or @N for the N-th newest", results.Quote(place), meant)
	}
	switch {
	case len(runs) == 0:
		return "", noRuns(dir)
	case n > len(runs):
		return "", fmt.Errorf("run @%s: %s has %s: want @1 to @%d", place, dir, results.Plural(len(runs), "run"), len(runs))
	}
	return runs[n-1].Dir, nil
}

func noRuns(dir string) error {
	return fmt.Errorf("no run under %s: measure one with `ipcbench run`, or name a run's directory", dir)
}

// noSuchRun lists the names that are near.
func noSuchRun(dir, name string, runs []results.Found) error {
	what := fmt.Sprintf("run %s: no such file, label or ID", cmp.Or(results.Quote(name), `""`))
	if len(runs) == 0 {
		return fmt.Errorf("%s: %w", what, noRuns(dir))
	}
	var names []string
	for _, r := range runs {
		names = results.AddOnce(names, r.Name)
		if r.Header.Label != "" {
			names = results.AddOnce(names, r.Header.Label)
		}
	}
	near := suggest.Near(filepath.Base(name), names)
	if n, err := strconv.Atoi(name); err == nil && n > 0 && n <= len(runs) {
		near = []string{"@" + name}
	} else if suggest.Near(name, []string{"latest", "newest"}) != nil {
		near = []string{"@latest"}
	}
	for i := range near {
		near[i] = results.Quote(near[i])
	}
	meant := ""
	if near != nil {
		meant = "did you mean " + strings.Join(near, " or ") + "? "
	}
	all := "the run"
	if len(runs) > 1 {
		all = fmt.Sprintf("all %d", len(runs))
	}
	return fmt.Errorf("%s: %s`ipcbench runs` lists %s", what, meant, all)
}

// namedRuns is namedRun of each.
func namedRuns(c *cobra.Command, names []string) ([]string, error) {
	paths := make([]string, len(names))
	for i, name := range names {
		var err error
		if paths[i], err = namedRun(c.ErrOrStderr(), name); err != nil {
			return nil, failed(err)
		}
	}
	return paths, nil
}

// newestRun is the newest run of runsDir.
func newestRun() (string, error) { return namedRun(io.Discard, "@latest") }

// completeRun completes names of runs: labels, places and IDs. The shell completes
// paths where none of these begins so.
func completeRun(_ *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	runs, err := runsIn(runsDir)
	if err != nil || len(runs) == 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	names := []string{"@latest"}
	for _, r := range runs {
		if r.Header.Label != "" {
			names = results.AddOnce(names, r.Header.Label)
		}
	}
	for i, r := range runs {
		names = append(names, fmt.Sprintf("@%d\t%s", i+1, r.Header.Label))
		if r.Name == results.Quote(r.Name) { // as a shell would give it back
			names = append(names, r.Name)
		}
	}
	return names, cobra.ShellCompDirectiveDefault
}

// takesRun makes a flag complete names of runs. A test tries each such flag with all
// kinds of names.
func takesRun(c *cobra.Command, flags ...string) {
	for _, flag := range flags {
		c.RegisterFlagCompletionFunc(flag, completeRun)
	}
}
