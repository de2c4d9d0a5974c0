package command

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"ipcbench/compare"
	"ipcbench/report"
	"ipcbench/results"
)

// mechanisms holds the mechanisms of the inputs against each other: --by mech without
// a base. One that was picked from the same data would bias every verdict.
func (f *compareFlags) mechanisms(c *cobra.Command, inputs []compare.Input, query compare.Query, o compare.Options) error {
	const base = "name a base, as in --by 'mech@(pipe fifo)'"
	for _, flag := range []string{"alpha", "force"} {
		if c.Flags().Changed(flag) {
			return fmt.Errorf("--%s with --by mech: there is no gate without a base: %s", flag, base)
		}
	}
	if c.Flags().Changed("metric") && !slices.Equal(f.metrics, []string{"ns/op"}) {
		return fmt.Errorf("--metric with --by mech: mechanisms are ranked by ns/op, and at a rate by p99-ns: for another metric %s", base)
	}
	var t results.Tally
	warnings, err := compare.Select(inputs, query, t.Add)
	if err = loadError(err); err != nil {
		return err
	}
	for _, w := range warnings {
		fmt.Fprintln(c.ErrOrStderr(), "warning:", w)
	}
	contests, ok := report.NewContests(t.Summaries(), o.Threshold)
	if !ok {
		return failed(errors.New("nothing to compare: --by mech has no point at which two mechanisms have a number, in what was read"))
	}
	if err := report.WriteContests(c.OutOrStdout(), f.format, screen(c.OutOrStdout()), contests, f.summary); err != nil {
		return failed(err)
	}
	return nil
}
