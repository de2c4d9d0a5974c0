package command

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"ipcbench/internal/objects"
	"ipcbench/results"
)

func newClean() *cobra.Command {
	var force bool
	c := &cobra.Command{
		Use:   "clean",
		Short: "Remove what killed runs left behind, if it is provably theirs",
		Long: `Clean reads the journals of commands that were killed and lists the System V
objects, message queues and paths that are still there. Only objects whose ID,
owner and time match the journal are removed, and only with --force. A journal
of which nothing is left is removed. Runs in private namespaces leave nothing:
the kernel removes it. Kernels leaves nothing either: its files have no names.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return clean(c, force) },
	}
	c.Flags().BoolVar(&force, "force", false, "remove, rather than list")
	return c
}

func clean(c *cobra.Command, force bool) error {
	journals, err := objects.Journals()
	errs := []error{err}
	out := c.OutOrStdout()
	var found, removable int
	for _, path := range journals {
		left, err := objects.Clean(path, force)
		if errors.Is(err, objects.ErrInUse) {
			fmt.Fprintln(out, results.Quote(err.Error()))
			continue
		}
		errs = append(errs, err)
		for _, r := range left {
			found++
			line := fmt.Sprintf("%v: %s", r.Object, r.State)
			switch r.State {
			case "left":
				removable++
			case "gone":
				line += fmt.Sprint(": ", r.Why)
			case "kept":
				line += fmt.Sprintf(": %v; noted in %s", r.Why, path)
			}
			fmt.Fprintln(out, results.Quote(line))
		}
	}
	err = errors.Join(errs...)
	switch {
	case removable > 0:
		fmt.Fprintf(out, "%d left; run `ipcbench clean --force` to remove them\n", removable)
	case found == 0 && err == nil:
		fmt.Fprintln(out, "nothing left behind")
	}
	return failed(err)
}
