package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"ipcbench/runner"
)

func newDoctor() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "Tell what on this host will spoil numbers, and what to do about it",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			out := c.OutOrStdout()
			cpus, err := runner.ReadCPUs(runner.Root)
			if err != nil {
				return failed(err)
			}
			host := runner.ReadHost(runner.Root, cpus, version())
			findings := runner.Check(runner.Root, host)
			fmt.Fprintf(out, "%s, %s, %s\n\n", host.Kernel, host.CPU, host.Topology)
			w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
			for _, f := range findings {
				fmt.Fprintf(w, "%s\t%s\t%s\n", f.State, f.Rule, f.Observed)
			}
			w.Flush()
			for _, d := range runner.Doubts(findings) {
				fmt.Fprintf(out, "\n%s\n  why:    %s\n  remedy: %s\n", d.What, d.Why, d.Remedy)
			}
			return nil
		},
	}
}
