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
	"ipcbench/results"
	"ipcbench/runner"
)

func newAB() *cobra.Command {
	var f planFlags
	var commands [2]string
	var out string
	c := &cobra.Command{
		Use:   "ab --a COMMAND --b COMMAND",
		Short: "Compare two arrangements, interleaved launch by launch",
		Long: `Ab measures each cell with A and B in turn (A B, B A, A B …) and compares them:
two binaries of ipcbench, two environments, two wrappers. A COMMAND is a shell
command that ends in ipcbench; B is compared with A. On a machine whose speed
drifts this is how to compare: two runs after each other see two machines.`,
		Example: `  ipcbench ab --preset quick --a ./ipcbench-old --b ./ipcbench-new
  ipcbench ab --mech pipe --a ipcbench --b 'taskset -c 0-1 ipcbench'`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			plan, err := f.plan(c)
			if err != nil {
				return err
			}
			return ab(c, plan, commands, out)
		},
	}
	f.register(c)
	c.Flags().StringVar(&commands[0], "a", "", "the first arrangement, the base")
	c.Flags().StringVar(&commands[1], "b", "", "the second arrangement")
	c.Flags().StringVar(&out, "out", runsDir, "directory in which the runs' own are made")
	c.MarkFlagRequired("a")
	c.MarkFlagRequired("b")
	c.MarkFlagDirname("out")
	return c
}

// ab measures both arms and writes a run for each, then compares them.
func ab(c *cobra.Command, plan bench.Plan, commands [2]string, out string) (err error) {
	raw, err := json.Marshal(plan)
	if err != nil {
		return failed(err)
	}
	console := c.ErrOrStderr()
	now := time.Now().UTC()
	id := results.NewID(now)
	var arms []*runner.Arm
	var paths [2]string
	for i, command := range commands {
		process, err := startArm(command, console)
		if err != nil {
			return failed(err)
		}
		defer process.close()
		dir, err := results.Create(out, results.Header{
			ID: id + "-" + string("ab"[i]), Started: now, Seed: plan.Seed, Program: process.hello.Host.Program, Command: os.Args, Plan: raw,
		})
		if err != nil {
			return failed(err)
		}
		defer func() { err = errors.Join(err, failed(dir.Close())) }()
		paths[i] = dir.Dir
		arms = append(arms, &runner.Arm{ID: dir.Header.ID, Measure: process.measure, Host: process.hello.Host, Sink: dir.Append})
	}
	fmt.Fprintf(console, "%s: %d cells × 2 arms × %d launches of %v, seed %d, about %v\n", filepath.Join(out, id),
		len(plan.Cells), plan.Launches, plan.Time, plan.Seed, 2*plan.Estimate(len(plan.Cells)).Round(time.Second))
	progress := newProgress(console, 2*len(plan.Cells)*plan.Launches, plan.Launches)
	run := runner.Run{Plan: plan, Arms: arms, Progress: progress.before}
	stopped := run.Execute(c.Context())
	progress.finish()
	if stopped != nil && !errors.Is(stopped, context.Canceled) {
		return failed(stopped)
	}
	fmt.Fprintln(console, paths)
	return nil
}
