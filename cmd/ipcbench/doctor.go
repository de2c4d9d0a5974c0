package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"ipcbench/host"
	"ipcbench/internal/text"
)

func newDoctor() *cobra.Command {
	return &cobra.Command{
		Use:   "doctor",
		Short: "List what on this host spoils numbers, with the remedy",
		Args:  noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			out := c.OutOrStdout()
			cpus, err := host.ReadCPUs(host.Root)
			if err != nil {
				return failed(err)
			}
			facts := host.Read(host.Root, cpus, version())
			findings := host.Check(host.Root, facts)
			fmt.Fprintf(out, "%s, %s, %s\n\n", facts.Kernel, facts.CPU, facts.Topology)
			var table [][]string
			for _, f := range findings {
				table = append(table, []string{string(f.State), f.Rule, f.Observed})
			}
			text.Table(out, "", "l", table)
			for _, d := range host.Warnings(findings) {
				fmt.Fprintf(out, "\n%s\n  why:    %s\n  remedy: %s\n", d.What, d.Why, d.Remedy)
			}
			return nil
		},
	}
}
