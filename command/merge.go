package command

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ipcbench/internal/text"
	"ipcbench/report"
	"ipcbench/results"
)

func newMerge() *cobra.Command {
	var out string
	var end endFlags
	var asked results.Header
	c := &cobra.Command{
		Use:   "merge RUN…",
		Short: "Join the runs of all shards of a plan into one run",
		Long: `Merge joins the runs that "run --shard K/N" made on several hosts, or on one, into a
run like any other. It refuses shards that are missing, doubled, unfinished, or of
another plan, program or seed, and then writes nothing. Runs of "kernels --shard K/N"
give a run for each kernel.

Times are compared only between hosts of one class. Where the hosts are of several,
cells of all but the first class are marked host=2 and so on, and reports say why.

Exit status: 3 a run was refused; else that of the plan: what "run" without --shard
would have exited with, and 0 for kernels.`,
		Example:           "  ipcbench merge shards/* --out merged\n  ipcbench merge @1 @2 @3 @4 --label nightly",
		Args:              takes(1, -1, "the RUNs of all shards", "shards/*"),
		ValidArgsFunction: completeRun,
		RunE: func(c *cobra.Command, args []string) error {
			if err := end.check(); err != nil {
				return err
			}
			if err := checkNames(c, asked); err != nil {
				return err
			}
			paths, err := namedRuns(c, args)
			if err != nil {
				return err
			}
			return merge(c, paths, out, asked, end)
		},
	}
	c.Flags().StringVar(&out, "out", runsDir, "directory in which the run's own is made")
	end.register(c)
	c.Flags().StringVar(&asked.Label, "label", "", "name the run, so that commands find it by this word (the shards')")
	c.Flags().StringVar(&asked.Note, "note", "", "a line about the run, which lists and reports show (the shards')")
	c.MarkFlagDirname("out")
	return c
}

// merge joins runs of shards: all of one plan, or those of each of its kernels.
func merge(c *cobra.Command, paths []string, out string, asked results.Header, end endFlags) error {
	asked.Started, asked.Command = time.Now().UTC(), os.Args
	id := results.NewID(asked.Started)
	var kernels []string // their labels, in order
	of := map[string][]string{}
	var refused []error
	for _, path := range paths {
		s, err := results.ShardOf(path)
		if err != nil {
			refused = append(refused, err)
			continue
		}
		kernels, of[s.Kernel] = results.AddOnce(kernels, s.Kernel), append(of[s.Kernel], path)
	}
	if err := errors.Join(refused...); err != nil {
		return failed(err)
	}
	slices.Sort(kernels)
	if kernels[0] != "" && end.format == "json" {
		return errors.New("--format json is for one run, and each kernel has its own: leave it out; `ipcbench runs show RUN --format json` prints one")
	}
	var dirs []string
	for _, kernel := range kernels {
		if asked.ID = id; kernel != "" {
			asked.ID += "-" + kernel
		}
		dir, err := results.Merge(c.Context(), out, asked, of[kernel])
		if err != nil {
			refused = append(refused, err)
			continue
		}
		tell(c.ErrOrStderr(), text.Strong, dir+":", fmt.Sprintf("%s merged", results.Plural(len(of[kernel]), "shard")))
		dirs = append(dirs, dir)
	}
	if err := errors.Join(refused...); err != nil {
		for _, dir := range dirs { // made above: all kernels have a run, or none
			err = errors.Join(err, os.RemoveAll(dir))
		}
		return failed(err)
	}
	if kernels[0] != "" {
		for _, dir := range dirs {
			fmt.Fprintln(c.OutOrStdout(), dir)
		}
		if len(dirs) > 1 {
			tell(c.ErrOrStderr(), text.Plain, "next:", "ipcbench compare "+strings.Join(dirs, " "))
		}
		return nil
	}
	set, err := results.Digest(dirs[0], nil)
	if err != nil {
		return failed(err)
	}
	h := set.Header
	ended := report.End{Set: set, Summaries: set.Summaries(), Run: dirs[0], Until: h.Until, Wide: h.Missed, Planned: len(h.Asked().Cells)}
	if err := end.write(c, ended); err != nil {
		return err
	}
	return standing(ended)
}
