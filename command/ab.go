package command

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"ipcbench/bench"
	"ipcbench/internal/text"
	"ipcbench/report"
	"ipcbench/results"
	"ipcbench/runner"
)

func newAB() *cobra.Command {
	var f planFlags
	var u untilFlags
	var judge compareFlags
	var t turnFlags
	var commands [2]string
	var out string
	c := &cobra.Command{
		Use:   "ab [PLAN] --a COMMAND --b COMMAND",
		Short: "Measure two commands interleaved, launch by launch, and compare them",
		Long: `Ab measures side A and side B in turns, and compares B with A. Use it on a
machine whose speed drifts: two runs one after the other see two machines.
COMMAND is a line for the shell.

If both commands end in ipcbench, ab measures each cell of a plan with both: two
binaries, two environments, two wrappers.

exec:PROGRAM or exec:FILE.yaml in place of both commands compares two builds of a
transport of your own, as one mechanism.

Any other command runs as it is, in pairs in random order. It prints figures: Go
benchmark format, or lines of a number and a unit behind an optional name, such
as "123.4 ns/op" and "lookup: 5120 MB/s". Several lines of one name in an
execution are one figure, their median. With --measure wall the figure is the
time that the command takes. Each command leads a process group, which ends with
it. Its variable IPCBENCH_SIDE is a or b.`,
		Example: `  ipcbench ab --preset quick --a ./ipcbench-old --b ./ipcbench-new
  ipcbench ab --mech pipe --a ipcbench --b 'setarch -R ipcbench'
  ipcbench ab --a exec:./mine-old --b exec:./mine-new --workload pingpong --size 64
  ipcbench ab --a './old.test -test.bench .' --b './new.test -test.bench .'
  ipcbench ab -n 20 --measure wall --a 'gzip -kf1 data' --b 'zstd -qf1 data'`,
		Args:              planArgument,
		ValidArgsFunction: completePlan,
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.load(c, args); err != nil {
				return err
			}
			what, err := t.measured(c, commands)
			if err != nil {
				return err
			}
			programs, err := f.programs(c, commands)
			if err != nil {
				return err
			}
			if what != cellsMeasured {
				return t.run(c, commands, what, f.seedOf(c), cmp.Or(out, turnsDir), &judge)
			}
			out = cmp.Or(out, runsDir)
			judge.plan = f.file
			plan, err := f.plan(c)
			if err != nil {
				return err
			}
			until, err := u.until()
			if err != nil {
				return err
			}
			o, err := judge.options()
			if err != nil {
				return err
			}
			if err := f.cpus.confine(c); err != nil {
				return err
			}
			sides, err := sidesOf(commands, programs)
			if err != nil {
				return failed(err)
			}
			dirs, err := ab(c, plan, sides, out, f.named(results.Header{CPUs: f.cpus.ids, Until: until, BudgetNs: int64(u.budget), LaunchNs: int64(plan.Time), Threshold: o.Threshold}))
			if err != nil {
				return err
			}
			return judge.compare(c, dirs)
		},
	}
	f.register(c)
	u.register(c)
	t.register(c)
	judge.register(c)
	c.Flags().StringVar(&commands[0], "a", "", "command of side A, the baseline")
	c.Flags().StringVar(&commands[1], "b", "", "command of side B")
	c.Flags().StringVar(&out, "out", "", "directory for what was measured ("+runsDir+", of commands that are not ipcbench "+turnsDir+")")
	c.PreRunE = requires([2]string{"a", "./ipcbench-old"}, [2]string{"b", "./ipcbench-new"})
	c.MarkFlagDirname("out")
	return c
}

// ab measures both sides in turn and returns the directories of their runs, whose
// headers have what asked says.
func ab(c *cobra.Command, plan bench.Plan, sides [2]abSide, out string, asked results.Header) (dirs []string, err error) {
	raw, err := json.Marshal(plan)
	if err != nil {
		return nil, failed(err)
	}
	console := c.ErrOrStderr()
	now := time.Now().UTC()
	id := results.NewID(now)
	asked.Started, asked.Seed, asked.Command, asked.Plan = now, plan.Seed, os.Args, raw
	run := runner.Run{Plan: plan, Until: asked.Until, Budget: time.Duration(asked.BudgetNs)}
	var runs []*results.Run
	for i, side := range sides {
		process, err := startSide(c.Context(), side.command, side.transports, console)
		if err != nil {
			return nil, failed(err)
		}
		defer process.close()
		asked.ID, asked.Program = id+"-"+string("ab"[i]), process.hello.Host.Program
		if asked.External, err = declared(side.transports); err != nil {
			return nil, failed(err)
		}
		dir, err := results.Create(out, asked)
		if err != nil {
			return nil, failed(err)
		}
		defer dir.Close()
		dirs, runs = append(dirs, dir.Dir), append(runs, dir)
		run.Sides = append(run.Sides, &runner.Side{ID: dir.Header.ID, Measure: process.measure, Host: process.hello.Host, Sink: dir.Append})
	}
	tell(console, text.Strong, filepath.Join(out, id)+":", fmt.Sprintf("%d cells × 2 sides × %d launches of %v, seed %d, about %v",
		len(plan.Cells), plan.Launches, plan.Time, plan.Seed, 2*plan.Estimate(len(plan.Cells)).Round(time.Second)))
	progress := runProgress(console, plan, 2)
	run.Progress = progress.launch
	err = run.Execute(c.Context())
	progress.finish()
	if errors.Is(err, context.Canceled) {
		err = fmt.Errorf("interrupted; what was measured is in %s and %s", dirs[0], dirs[1])
	}
	wide := run.Wide()
	report.WriteWide(console, screen(console), asked.Until, len(plan.Cells), wide)
	for _, dir := range runs {
		err = errors.Join(err, dir.Missed(wide), dir.WriteBench())
	}
	return dirs, failed(err)
}
