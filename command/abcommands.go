package command

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ipcbench/compare"
	"ipcbench/external/declare"
	"ipcbench/host"
	"ipcbench/results"
	"ipcbench/turns"
)

// What ab measures.
const (
	cellsMeasured   = "cells"   // of a plan, by commands that end in ipcbench
	figuresMeasured = "figures" // that the commands print
	wallMeasured    = "wall"    // the time that they take
)

var measurable = []string{cellsMeasured, figuresMeasured, wallMeasured}

// turnsDir has what commands that are not ipcbench printed.
const turnsDir = "results/ab"

const maxPairs = 10000

// turnFlags are the flags of ab for commands that are not ipcbench.
type turnFlags struct {
	measure           string
	pairs             int
	prepare, conclude string
	timeout           time.Duration

	plan []string // the flags of plans
}

// register adds the flags. Those that the command has already are of plans.
func (t *turnFlags) register(c *cobra.Command) {
	fl := c.Flags()
	fl.VisitAll(func(f *pflag.Flag) {
		if f.Name != "seed" {
			t.plan = append(t.plan, f.Name)
		}
	})
	fl.StringVar(&t.measure, "measure", "", "cells of a plan, figures that the commands print, or wall: the time that they take (cells if both end in ipcbench, else figures)")
	fl.IntVarP(&t.pairs, "pairs", "n", 10, "of figures and wall: pairs of executions")
	fl.StringVar(&t.prepare, "prepare", "", "of figures and wall: command to run before each execution, not measured; what it leaves running ends after --conclude")
	fl.StringVar(&t.conclude, "conclude", "", "of figures and wall: command to run after each execution, not measured")
	fl.DurationVar(&t.timeout, "timeout", 10*time.Minute, "of figures and wall: time after which an execution is ended and ab fails")
	completeFrom(c, "measure", measurable)
}

// measured is what ab measures: what --measure says, cells where a flag of a plan is
// given or both commands end in ipcbench, else figures.
func (t *turnFlags) measured(c *cobra.Command, commands [2]string) (what string, err error) {
	given := func(names ...string) string {
		i := slices.IndexFunc(names, c.Flags().Changed)
		if i < 0 {
			return ""
		}
		return "--" + names[i]
	}
	ofPlan, ofTurns := given(t.plan...), given("pairs", "prepare", "conclude", "timeout")
	a, b := isIpcbench(commands[0]), isIpcbench(commands[1])
	switch programs := isProgram(commands[0]); {
	case programs != isProgram(commands[1]):
		return "", fmt.Errorf("--a %s, --b %s: one is a program and the other a command: want %sPROGRAM for both", results.Quote(commands[0]), results.Quote(commands[1]), declare.Prefix)
	case programs && (t.measure == figuresMeasured || t.measure == wallMeasured):
		return "", fmt.Errorf("--measure %s: %s plays cells: leave out --measure", t.measure, results.Quote(commands[0]))
	case programs:
		a, b = true, true // this ipcbench plays their cells
	}
	switch what = t.measure; {
	case what != "" && !slices.Contains(measurable, what):
		return "", badValue("--measure", what, measurable)
	case what == "" && (ofPlan != "" || a && b):
		what = cellsMeasured
	case what == "" && a != b:
		return "", errors.New("one command ends in ipcbench, the other does not: give --measure cells or --measure figures")
	case what == "":
		what = figuresMeasured
	}
	switch {
	case what == cellsMeasured && ofTurns != "":
		return "", fmt.Errorf("%s is for --measure figures or wall, and this measures cells: leave it out, or see --launches and --time", ofTurns)
	case what != cellsMeasured && ofPlan != "":
		return "", fmt.Errorf("%s is for --measure cells, not %s: leave one of them out", ofPlan, what)
	case t.pairs < 1 || t.pairs > maxPairs:
		return "", fmt.Errorf("--pairs %d: want 1 to %d", t.pairs, maxPairs)
	case t.timeout <= 0:
		return "", fmt.Errorf("--timeout %v: want more than 0, as in 30s", t.timeout)
	}
	return what, nil
}

// isIpcbench reports whether a command ends in ipcbench: in a program of that name, or
// one that was built from it under another.
func isIpcbench(command string) bool {
	words := strings.Fields(command)
	if len(words) == 0 {
		return false
	}
	last := strings.Trim(words[len(words)-1], `'"`)
	path, err := exec.LookPath(last)
	if base := filepath.Base(last); base == "ipcbench" || err == nil && strings.HasPrefix(base, "ipcbench") {
		return true
	}
	info, err := buildinfo.ReadFile(path)
	return err == nil && (info.Path == module+"/cmd/ipcbench" || importedBy(info) != nil)
}

// run measures both commands in turns, and compares what they printed.
func (t *turnFlags) run(c *cobra.Command, commands [2]string, what string, seed uint64, out string, judge *compareFlags) (err error) {
	if _, err := judge.options(); err != nil {
		return err
	}
	better, err := judge.ways()
	if err != nil {
		return err
	}
	cpus, err := host.ReadCPUs(host.Root)
	if err != nil {
		return failed(err)
	}
	facts := host.Read(host.Root, cpus, version())
	console := c.ErrOrStderr()
	if err := os.MkdirAll(out, 0o755); err != nil {
		return failed(err)
	}
	id := filepath.Join(out, results.NewID(time.Now()))
	progress := newProgress(console)
	note := func(what string) {
		progress.finish() // clears a terminal's line
		fmt.Fprintln(console, "note:", what)
	}
	plan := turns.Plan{Commands: commands, Prepare: t.prepare, Conclude: t.conclude, Pairs: t.pairs, Timeout: t.timeout, Wall: what == wallMeasured, Seed: seed, Stderr: os.Stderr,
		Before: func(pair int) {
			progress.step(pair-1, t.pairs, "pairs", "")
			if screen(console).Columns == 0 {
				fmt.Fprintf(console, "pair %d of %d\n", pair, t.pairs)
			}
		},
		First: func(a, b *results.Figures) error { return judge.choose(c, better, note, a, b) },
		Note:  note}
	fmt.Fprintf(console, "%s: %d pairs, seed %d\n  old, A: %s\n  new, B: %s\n", id, t.pairs, seed, results.Quote(commands[0]), results.Quote(commands[1]))
	var paths []string
	for side, name := range []string{"-a", "-b"} {
		f, err := os.OpenFile(id+name+".txt", os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return failed(err)
		}
		defer f.Close()
		paths = append(paths, f.Name())
		w := results.NewTurnWriter(f, commands[side])
		w.Run, w.Seed, w.Host, w.Better = filepath.Base(id)+name, seed, &facts, better
		plan.Sides[side] = w
	}
	err = plan.Run(c.Context())
	progress.finish()
	if errors.Is(err, context.Canceled) {
		err = errors.New("interrupted")
	}
	if err != nil {
		if info, statErr := os.Stat(paths[0]); statErr == nil && info.Size() > 0 {
			err = fmt.Errorf("%w; what was measured is in %s and %s", err, paths[0], paths[1])
		} else {
			err = errors.Join(err, os.Remove(paths[0]), os.Remove(paths[1]))
		}
		return failed(err)
	}
	return judge.compare(c, paths)
}

// ways cuts the way that a unit is better off --metric req/s=higher, and returns it by
// unit.
func (f *compareFlags) ways() (map[string]string, error) {
	better := map[string]string{}
	for i, m := range f.metrics {
		unit, way, ok := strings.Cut(m, "=")
		if ok && way != "lower" && way != "higher" {
			return nil, fmt.Errorf("--metric %q: want %s=lower or %[2]s=higher", results.Quote(m), results.Quote(unit))
		}
		if f.metrics[i] = unit; ok {
			better[unit] = way
		}
	}
	return better, nil
}

// choose sets the metrics to compare where --metric does not: those of compare that
// are printed, else all of which it is known which way is better.
func (f *compareFlags) choose(c *cobra.Command, better map[string]string, note func(string), a, b *results.Figures) error {
	printed := a.Units()
	for _, unit := range b.Units() {
		printed = results.AddOnce(printed, unit)
	}
	var known, unknown []string
	for _, unit := range printed {
		if better[unit] != "" || a.Better(unit) != "" || b.Better(unit) != "" {
			known = append(known, unit)
		} else {
			unknown = append(unknown, unit)
		}
	}
	undirected := func(units ...string) string {
		return fmt.Sprintf("it is not known which way %s is better: give --metric %s=lower or =higher, or print a line `Unit %[2]s better=lower`",
			results.Quote(strings.Join(units[:min(4, len(units))], ", ")), results.Quote(units[0]))
	}
	if c.Flags().Changed("metric") {
		for _, m := range f.metrics {
			same := func(unit string) bool { return results.SameUnit(unit, m) }
			if slices.ContainsFunc(unknown, same) {
				return errors.New(undirected(m))
			}
			if !slices.ContainsFunc(known, same) {
				return fmt.Errorf("--metric %s: the commands print %s", results.Quote(m), results.Quote(strings.Join(printed, ", ")))
			}
		}
		return nil
	}
	switch {
	case known == nil:
		return errors.New(undirected(unknown...))
	case unknown != nil:
		note("not compared: " + undirected(unknown...))
	}
	f.metrics = slices.DeleteFunc(slices.Clone(compare.DefaultMetrics), func(m string) bool { return !slices.Contains(known, m) })
	if len(f.metrics) == 0 {
		f.metrics = known
	}
	return nil
}
