package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"ipcbench/internal/objects"
)

func newClean() *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:   "clean",
		Short: "Remove what killed runs left behind, if it is provably theirs",
		Long: `Clean reads the journals of runs that had no namespaces of their own. It lists
the System V objects and paths that are still there. Only objects
whose ID, owner and time match the journal are removed, and only with --force.
Runs in private namespaces leave nothing: the kernel removes it.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return clean(c, force) },
	}
	c.Flags().BoolVar(&force, "force", false, "remove, rather than list")
	return c
}

func clean(c *cobra.Command, force bool) error {
	journals, err := objects.Journals()
	if err != nil {
		return failed(err)
	}
	out := c.OutOrStdout()
	var found int
	var errs []error
	for _, path := range journals {
		left, err := objects.Clean(path, force)
		if errors.Is(err, objects.ErrInUse) {
			fmt.Fprintln(out, err)
			continue
		}
		errs = append(errs, err)
		for _, r := range left {
			found++
			fmt.Fprintf(out, "%v: %s\n", r.Object, r.State)
		}
	}
	switch {
	case found == 0:
		fmt.Fprintln(out, "nothing left behind")
	case !force:
		fmt.Fprintf(out, "%d left; run `ipcbench clean --force` to remove them\n", found)
	}
	return failed(errors.Join(errs...))
}
