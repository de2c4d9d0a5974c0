package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ipcbench/results"
)

// reportFile is the report's name in the run's directory.
const reportFile = "report.md"

func newReport() *cobra.Command {
	var benchstat string
	c := &cobra.Command{
		Use:   "report [RUN]",
		Short: "Write the report of a run into its directory (the newest run)",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			dir, err := newest(args)
			if err != nil {
				return failed(err)
			}
			return writeReport(c, dir, strings.Fields(benchstat))
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	}
	c.Flags().StringVar(&benchstat, "benchstat", "go tool benchstat", "command that makes the tables")
	return c
}

// newest is the run that was named, or the last one under runsDir: IDs sort
// by time.
func newest(args []string) (string, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	headers, err := filepath.Glob(filepath.Join(runsDir, "*", results.HeaderFile))
	if err != nil || len(headers) == 0 {
		return "", fmt.Errorf("no run under %s: measure one with `ipcbench run`, or name a run's directory", runsDir)
	}
	return filepath.Dir(slices.Max(headers)), nil
}

func writeReport(c *cobra.Command, path string, benchstat []string) error {
	set, err := results.Read(path)
	if err != nil {
		return failed(err)
	}
	for _, w := range set.Warnings {
		fmt.Fprintln(c.ErrOrStderr(), "warning:", w)
	}
	run, err := results.Open(path)
	if err != nil {
		return failed(err)
	}
	defer run.Close()
	tables := func(args ...string) ([]byte, error) {
		if len(benchstat) == 0 {
			return nil, fmt.Errorf("no benchstat command was given")
		}
		cmd := exec.CommandContext(c.Context(), benchstat[0], append(benchstat[1:], args...)...)
		cmd.Stderr = os.Stderr
		return cmd.Output()
	}
	err = run.WriteFile(reportFile, func(w io.Writer) error { return results.WriteMarkdown(w, set, tables) })
	if err != nil {
		return failed(err)
	}
	fmt.Fprintln(c.OutOrStdout(), filepath.Join(path, reportFile))
	return nil
}
