package main

import (
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
	var commands [2]string
	var out string
	c := &cobra.Command{
		Use:   "ab --a COMMAND --b COMMAND",
		Short: "Measure two commands interleaved, launch by launch, and compare them",
		Long: `Ab measures each cell with side A and side B in turn (A B, B A, A B …), and
compares B with A: two binaries of ipcbench, two environments, two wrappers. A
COMMAND is a shell command that ends in ipcbench. Use ab on a machine whose
speed drifts: two runs one after the other see two machines.`,
		Example: `  ipcbench ab --preset quick --a ./ipcbench-old --b ./ipcbench-new
  ipcbench ab --mech pipe --a ipcbench --b 'setarch -R ipcbench'`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
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
			dirs, err := ab(c, plan, commands, out, results.Header{Until: until, BudgetNs: int64(u.budget), LaunchNs: int64(plan.Time), Threshold: o.Threshold})
			if err != nil {
				return err
			}
			return judge.compare(c, dirs)
		},
	}
	f.register(c)
	u.register(c)
	judge.register(c)
	c.Flags().StringVar(&commands[0], "a", "", "command of side A, the baseline")
	c.Flags().StringVar(&commands[1], "b", "", "command of side B")
	c.Flags().StringVar(&out, "out", runsDir, "directory in which the directories of both runs are made")
	c.PreRunE = requires([2]string{"a", "./ipcbench-old"}, [2]string{"b", "./ipcbench-new"})
	c.MarkFlagDirname("out")
	return c
}

// ab measures both sides in turn and returns the directories of their runs, whose
// headers have what asked says.
func ab(c *cobra.Command, plan bench.Plan, commands [2]string, out string, asked results.Header) (dirs []string, err error) {
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
	for i, command := range commands {
		process, err := startSide(c.Context(), command, console)
		if err != nil {
			return nil, failed(err)
		}
		defer process.close()
		asked.ID, asked.Program = id+"-"+string("ab"[i]), process.hello.Host.Program
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
