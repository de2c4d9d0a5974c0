package command

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"ipcbench/bench"
	"ipcbench/internal/text"
	"ipcbench/report"
	"ipcbench/results"
	"ipcbench/runner"
)

const runsDir = results.RunsDir

func newRun() *cobra.Command {
	var f planFlags
	var u untilFlags
	var out, resume, save, part string
	var dry bool
	var end endFlags
	var asked results.Header
	c := &cobra.Command{
		Use:   "run [PLAN]",
		Short: "Measure a plan and write its records",
		Example: `  ipcbench run --preset quick
  ipcbench run --workload pingpong --mech pipe,fifo --size 64,4KiB --place same
  ipcbench run --workload stream --mech pipe --queue default,4KiB,1MiB --verify
  ipcbench run plan.yaml --launches 20
  ipcbench run plan.yaml --shard 3/8`,
		Args:              planArgument,
		ValidArgsFunction: completePlan,
		RunE: func(c *cobra.Command, args []string) error {
			if err := end.check(); err != nil {
				return err
			}
			if resume != "" {
				if err := alone(c, "resume", "an interrupted run goes on by its own plan", args...); err != nil {
					return err
				}
				return resumeRun(c, resume, end)
			}
			if err := f.load(c, args); err != nil {
				return err
			}
			until, err := u.until()
			if err != nil {
				return err
			}
			if err := checkNames(c, asked); err != nil {
				return err
			}
			plan, err := f.plan(c)
			if err != nil {
				return err
			}
			if dry && end.format == "json" {
				return errors.New("--format json: --dry-run prints the plan as text: leave out one of both")
			}
			if save != "" {
				if err := f.save(c, save); err != nil {
					return err
				}
			}
			if err := f.cpus.confine(c); err != nil {
				return err
			}
			asked.Until, asked.BudgetNs, asked.CPUs = until, int64(u.budget), f.cpus.ids
			if asked.External, err = externals(); err != nil {
				return failed(err)
			}
			if part != "" {
				if plan, err = f.cut(c, plan, &asked, part); err != nil {
					return err
				}
			}
			if dry {
				return printPlan(c.OutOrStdout(), plan, asked.Shard)
			}
			return startRun(c, plan, out, asked, end)
		},
	}
	f.register(c)
	u.register(c)
	c.Flags().StringVar(&save, "save-plan", "", "write the plan into this file, which must not be there yet; with --dry-run measure nothing")
	c.Flags().StringVar(&out, "out", runsDir, "directory in which the run's own is made")
	shardFlag(c, &part)
	c.Flags().StringVar(&resume, "resume", "", "go on with this interrupted run, by its own plan")
	end.register(c)
	c.Flags().StringVar(&asked.Label, "label", "", "name the run, so that commands find it by this word")
	c.Flags().StringVar(&asked.Note, "note", "", "a line about the run, which lists and reports show")
	c.Flags().BoolVar(&dry, "dry-run", false, "print the plan and the time it takes")
	c.MarkFlagDirname("out")
	takesRun(c, "resume")
	return c
}

// alone refuses every other flag of the command beside the one that is named, and
// arguments: a flag that is added later is refused without being listed anywhere.
func alone(c *cobra.Command, flag, why string, others ...string) error {
	c.Flags().Visit(func(f *pflag.Flag) {
		if f.Name != flag && f.Name != "all" && f.Name != "format" && f.Name != "color" { // which change nothing but what is printed
			others = append(others, "--"+f.Name)
		}
	})
	if len(others) == 0 {
		return nil
	}
	return fmt.Errorf("--%s: %s: leave out %s", flag, why, strings.Join(others, ", "))
}

// checkNames refuses a label or a note that was given and names or says nothing.
func checkNames(c *cobra.Command, asked results.Header) error {
	if c.Flags().Changed("label") {
		if err := results.CheckLabel(asked.Label); err != nil {
			return fmt.Errorf("--label %w", err)
		}
	}
	if c.Flags().Changed("note") {
		if err := results.CheckNote(asked.Note); err != nil {
			return fmt.Errorf("--note %w", err)
		}
	}
	return nil
}

// startRun makes a run of what the header asks for beside the plan.
func startRun(c *cobra.Command, plan bench.Plan, out string, asked results.Header, end endFlags) error {
	raw, err := json.Marshal(plan)
	if err != nil {
		return failed(err)
	}
	now := time.Now().UTC()
	asked.ID, asked.Started, asked.Seed, asked.Program, asked.Command, asked.Plan = results.NewID(now), now, plan.Seed, version(), os.Args, raw
	asked.LaunchNs = int64(plan.Time)
	dir, err := results.Create(out, asked)
	if err != nil {
		return failed(err)
	}
	return measure(c, dir, plan, nil, nil, end)
}

func resumeRun(c *cobra.Command, name string, end endFlags) error {
	path, err := namedRun(c.ErrOrStderr(), name)
	if err != nil {
		return failed(err)
	}
	dir, err := results.Open(path)
	if err != nil {
		return failed(err)
	}
	if dir.Header.Merged != nil {
		return failed(errors.Join(fmt.Errorf("%s: a merged run is whole, and no host's own: --resume goes on with a shard, before `ipcbench merge`", path), dir.Close()))
	}
	for _, w := range dir.Warnings {
		warn(c, w)
	}
	if err := restoreExternals(dir.Header.External); err != nil {
		return failed(errors.Join(fmt.Errorf("%s: external: %w", filepath.Join(path, results.HeaderFile), err), dir.Close()))
	}
	header := func(err error) error {
		return failed(errors.Join(fmt.Errorf("%s: %s", filepath.Join(path, results.HeaderFile), results.Quote(err.Error())), dir.Close()))
	}
	plan, err := resumed(dir.Header)
	if err != nil {
		return header(err)
	}
	var wrong error // about the first record that does not belong
	earlier := runner.NewEarlier(dir.Header.Until > 0)
	set, err := results.Scan(path, func(r *results.Record) {
		earlier.Add(r)
		wrong = cmp.Or(wrong, belongs(r, dir.Header, plan))
	})
	if err != nil {
		return failed(errors.Join(err, dir.Close()))
	}
	if wrong != nil {
		return header(wrong)
	}
	for _, w := range set.Left() {
		warn(c, w)
	}
	if err := confine(filepath.Join(path, results.HeaderFile)+": cpus", dir.Header.CPUs); err != nil {
		return failed(errors.Join(err, dir.Close()))
	}
	return measure(c, dir, plan, earlier, set.Hosts(), end)
}

// resumed is the plan of a run that goes on. It refuses what the command line
// would have refused: the file may have been changed since.
func resumed(h results.Header) (plan bench.Plan, err error) {
	if err := json.Unmarshal(h.Plan, &plan); err != nil {
		return plan, fmt.Errorf("plan: %w", err)
	}
	if h.Shard != nil && len(plan.Cells) == 0 {
		return plan, nil // there is nothing to measure
	}
	if err := plan.Check(); err != nil {
		return plan, fmt.Errorf("plan: %w", err)
	}
	if plan.Seed != h.Seed {
		return plan, fmt.Errorf("seed %d, and that of the plan is %d: want the same", h.Seed, plan.Seed)
	}
	if h.Until != 0 && !(h.Until >= bench.MinUntil && h.Until <= bench.MaxUntil) {
		return plan, fmt.Errorf("until %v: want %v to %v, or none", h.Until, bench.MinUntil, bench.MaxUntil)
	}
	if err := checkBudget(time.Duration(h.BudgetNs)); err != nil {
		return plan, fmt.Errorf("budget_ns %d: %w", h.BudgetNs, err)
	}
	return plan, nil
}

// belongs refuses a record that the run with this header and plan did not write.
func belongs(r *results.Record, h results.Header, plan bench.Plan) error {
	last := int64(plan.Launches)
	if h.Until > 0 {
		last = maxPasses
	}
	switch {
	case r.Race > 0:
		return errors.New("these are the records of a race: `ipcbench choose` starts another")
	case r.Run != h.ID:
		return fmt.Errorf("id %s, and %s has a record of run %q: want one run", h.ID, results.RecordsFile, r.Run)
	case int64(r.Launch) > last:
		return fmt.Errorf("launches %d, and %s has launch %d of %s: want at most %d", plan.Launches, results.RecordsFile, r.Launch, r.Cell.Name(), last)
	}
	return nil
}

// maxPasses is more than fit into the longest budget.
const maxPasses = int64(bench.MaxBudget / bench.MinTime)

// measure executes the plan, writes the records and returns the exit status.
func measure(c *cobra.Command, dir *results.Run, plan bench.Plan, earlier *runner.Earlier, before []*results.Host, how endFlags) (err error) {
	defer func() { err = errors.Join(err, failed(dir.Close())) }()
	if len(plan.Cells) == 0 { // as a shard may be
		tell(c.ErrOrStderr(), text.Strong, dir.Dir+":", fmt.Sprintf("shard %v has no cell: nothing is measured, and `ipcbench merge` takes the run all the same", dir.Header.Shard))
		return failed(dir.WriteBench())
	}
	coordinator, err := runner.Start(runner.Options{})
	if err != nil {
		return failed(err)
	}
	defer func() { err = errors.Join(err, failed(coordinator.Close())) }()
	defer context.AfterFunc(c.Context(), func() { coordinator.Interrupt() })()
	host := coordinator.Host(version())
	if err := sameHost(before, host); err != nil {
		return failed(err)
	}
	if dir.Header.Shard != nil {
		if err := sameClass(earlier, host, coordinator.Isolation); err != nil {
			return failed(err)
		}
	}
	console := c.ErrOrStderr()
	tell(console, text.Strong, dir.Dir+":", fmt.Sprintf("%d cells × %d launches of %v, seed %d, about %v; isolation: %s",
		len(plan.Cells), plan.Launches, plan.Time, plan.Seed, plan.Estimate(len(plan.Cells)).Round(time.Second), coordinator.Isolation))
	for _, l := range coordinator.Limits {
		warn(c, l)
	}
	if len(host.Warnings) > 0 {
		tell(console, text.Doubt, fmt.Sprint(len(host.Warnings)), "things about this host spoil numbers; `ipcbench doctor` lists them, with remedies")
	}

	progress := runProgress(console, plan, 1)
	run := runner.Run{
		Plan: plan, Until: dir.Header.Until, Budget: time.Duration(dir.Header.BudgetNs), Progress: progress.launch,
		Sides: []*runner.Side{{ID: dir.Header.ID, Measure: coordinator.Measure, Host: host, Earlier: earlier, Sink: dir.Append}},
	}
	stopped := run.Execute(c.Context())
	progress.finish()
	if stopped != nil && !errors.Is(stopped, context.Canceled) {
		return failed(stopped)
	}
	wide := run.Wide()
	if err := errors.Join(dir.Missed(wide), dir.WriteBench()); err != nil {
		return failed(err)
	}
	set, err := results.Digest(dir.Dir, nil)
	if err != nil {
		return failed(err)
	}
	end := report.End{Set: set, Summaries: set.Summaries(), Run: dir.Dir, Until: dir.Header.Until, Planned: len(plan.Cells), Wide: wide}
	if err := how.write(c, end); err != nil {
		return err
	}
	if stopped != nil {
		return &exitError{exitFailed, fmt.Errorf("interrupted; what was measured is kept: ipcbench run --resume %s goes on", dir.Dir)}
	}
	if dir.Header.Shard != nil {
		return nil // it is done: the verdict is that of all shards together
	}
	return standing(end)
}

// write writes what a run ended with.
func (f endFlags) write(c *cobra.Command, end report.End) error {
	out := c.OutOrStdout()
	end.All, end.Screen = f.all, screen(out)
	if f.format == "json" {
		return failed(text.WriteJSON(out, end.Result()))
	}
	return failed(end.Write(out))
}

// standing is the exit status of what a run came to.
func standing(end report.End) error {
	if came, why := results.StandingOf(end.Summaries); came != results.Measured {
		return &exitError{statuses[came], errors.New(why)}
	}
	return nil
}

// statuses are the exit statuses of what a run came to.
var statuses = map[results.Standing]int{
	results.CheckFailed: exitNo, results.SomeFailed: exitFailed, results.SomeUntrusted: exitUntrusted, results.Unavailable: exitUnavailable,
}

// sameHost refuses to mix two machines or kernels in one run.
func sameHost(before []*results.Host, now *results.Host) error {
	for _, h := range before {
		if h.Kernel != now.Kernel || h.CPU != now.CPU || h.CPUs != now.CPUs {
			return fmt.Errorf("the run was begun on %s, %s, %d CPUs; this is %s, %s, %d CPUs: start a run of its own",
				h.Kernel, h.CPU, h.CPUs, now.Kernel, now.CPU, now.CPUs)
		}
	}
	return nil
}
