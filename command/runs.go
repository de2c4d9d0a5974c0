package command

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ipcbench/internal/suggest"
	"ipcbench/internal/text"
	"ipcbench/report"
	"ipcbench/results"
)

// runFormats are how `ipcbench run` and `ipcbench runs` print.
var runFormats = []string{"text", "json"}

// formatFlag adds --format with the values that there are; the first is the default.
func formatFlag(c *cobra.Command, format *string, formats []string) {
	c.Flags().StringVar(format, "format", formats[0], strings.Join(formats, ", "))
	completeFrom(c, "format", formats)
}

// endFlags are how the end of a run is shown.
type endFlags struct {
	all    bool
	format string
}

func (f *endFlags) register(c *cobra.Command) {
	c.Flags().BoolVar(&f.all, "all", false, "print every cell, before what was decided")
	formatFlag(c, &f.format, runFormats)
}

func (f *endFlags) check() error {
	if !slices.Contains(runFormats, f.format) {
		return badValue("--format", f.format, runFormats)
	}
	return nil
}

func newRuns() *cobra.Command {
	var dir, format string
	list := func(c *cobra.Command) error {
		if !slices.Contains(runFormats, format) {
			return badValue("--format", format, runFormats)
		}
		found, err := results.FindRuns(dir)
		if err != nil {
			return failed(err)
		}
		all := report.ReadRuns(c.Context(), dir, found)
		if c.Context().Err() != nil {
			return failed(errors.New("interrupted before all runs were read"))
		}
		if format == "json" {
			return failed(text.WriteJSON(c.OutOrStdout(), all))
		}
		return failed(all.WriteText(c.OutOrStdout(), screen(c.OutOrStdout())))
	}
	c := &cobra.Command{
		Use:   "runs",
		Short: "List runs, show one again, compare two, or remove some",
		Long: `Runs lists the runs below results/runs, the newest first: label, date, host, kernel,
cells and outcome. Wherever a command takes a RUN, it is a path; @latest; @1, @2 …,
the number in the list; an ID or how it begins; or the label that --label of run gave.
A path that exists comes first, and of several runs with a label the newest is taken.`,
		Example: `  ipcbench runs
  ipcbench runs show @latest
  ipcbench runs diff before after
  ipcbench runs remove @3 --dry-run`,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			wanted := suggest.Wanted(args[0], []string{"list", "show", "diff", "remove"}, "ipcbench runs --help")
			if _, err := namedIn(dir, c.ErrOrStderr(), args[0]); err == nil {
				wanted = fmt.Sprintf("did you mean `ipcbench runs show %s`?", results.Quote(args[0]))
			}
			return fmt.Errorf("runs has no command %q: %s", args[0], wanted)
		},
		RunE: func(c *cobra.Command, _ []string) error { return list(c) },
	}
	c.PersistentFlags().StringVar(&dir, "dir", runsDir, "directory of the runs")
	c.MarkPersistentFlagDirname("dir")
	formatFlag(c, &format, runFormats)
	l := &cobra.Command{
		Use: "list", Short: "List runs: what `ipcbench runs` does", Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return list(c) },
	}
	formatFlag(l, &format, runFormats)
	c.AddCommand(l, newRunsShow(&dir), newRunsDiff(&dir), newRunsRemove(&dir))
	return c
}

// endOf is what a run ended with, read again.
func endOf(c *cobra.Command, dir string) (e report.End, err error) {
	set, err := readRun(c, dir, nil)
	if err != nil {
		return e, err
	}
	if nothing := set.Nothing(); nothing != "" {
		return e, failed(errors.New(nothing))
	}
	e = report.End{Set: set, Summaries: set.Summaries(), Run: dir}
	if h := set.Header; h != nil {
		e.Until, e.Wide, e.Planned = h.Until, h.Missed, len(h.Asked().Cells)
	}
	return e, nil
}

func newRunsShow(dir *string) *cobra.Command {
	var f endFlags
	c := &cobra.Command{
		Use:               "show RUN",
		Short:             "Show a run as it ended: what was decided, what failed, what spoiled numbers",
		Example:           "  ipcbench runs show @latest\n  ipcbench runs show before --all",
		Args:              takes(1, 1, "one RUN", "@latest"),
		ValidArgsFunction: completeRun,
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			path, err := namedIn(*dir, c.ErrOrStderr(), args[0])
			if err != nil {
				return failed(err)
			}
			end, err := endOf(c, path)
			if err != nil {
				return err
			}
			out := c.OutOrStdout()
			end.All, end.Screen = f.all, screen(out)
			result := end.Result()
			if results.Written(path) {
				result.Outcome, result.Reason = report.Running, ""
			}
			if f.format == "json" {
				return failed(text.WriteJSON(out, result))
			}
			if err := result.WriteHead(out, screen(out)); err != nil {
				return failed(err)
			}
			return failed(end.Write(out))
		},
	}
	f.register(c)
	return c
}

func newRunsDiff(dir *string) *cobra.Command {
	var f compareFlags
	c := &cobra.Command{
		Use:   "diff A B",
		Short: "Compare run B with run A: plan, host, kernel, and what became slower or faster",
		Long: `Diff lists what differs in the plans and the hosts of two runs, and then compares
their cells. The flags, the verdicts and the exit status are those of
"ipcbench compare A B".`,
		Example:           "  ipcbench runs diff @2 @1\n  ipcbench runs diff before after --summary",
		Args:              takes(2, 2, "two RUNs", "@2 @1"),
		ValidArgsFunction: completeRun,
		RunE: func(c *cobra.Command, args []string) error {
			if !slices.Contains(runFormats, f.format) {
				return badValue("--format", f.format, runFormats)
			}
			var diff report.RunsDiff
			var paths []string
			for i, run := range []*report.Run{&diff.A, &diff.B} {
				path, err := namedIn(*dir, c.ErrOrStderr(), args[i])
				if err != nil {
					return failed(err)
				}
				set, err := results.Glance(c.Context(), path)
				if err != nil {
					return failed(err)
				}
				*run, paths = report.NewRun(path, set, set.Summaries()), append(paths, path)
			}
			diff.Compare()
			out := c.OutOrStdout()
			if f.format == "text" {
				if err := diff.WriteText(out, screen(out)); err != nil {
					return failed(err)
				}
				return f.compare(c, paths)
			}
			var compared bytes.Buffer
			c.SetOut(&compared)
			judged := f.compare(c, paths)
			c.SetOut(out)
			if diff.Comparisons = json.RawMessage("[]"); json.Valid(compared.Bytes()) {
				diff.Comparisons = compared.Bytes()
			}
			if err := text.WriteJSON(out, diff); err != nil {
				return failed(err)
			}
			return judged
		},
	}
	f.register(c)
	c.Flags().Lookup("format").Usage = strings.Join(runFormats, ", ")
	return c
}

// removed is what `runs remove` prints as JSON.
type removed struct {
	Removed []removedRun `json:"removed"` // or would be
	DryRun  bool         `json:"dry_run"` // nothing was removed
}

type removedRun struct {
	ID        string `json:"run"`
	Label     string `json:"label,omitempty"`
	Directory string `json:"directory"`
	Files     int    `json:"files"`
	Bytes     int64  `json:"bytes"`
}

func newRunsRemove(dir *string) *cobra.Command {
	var dry bool
	var format string
	c := &cobra.Command{
		Use:   "remove RUN…",
		Short: "Remove runs, if they are provably runs",
		Long: `Remove removes the directories of runs, and prints which. It does not ask. It refuses,
before it removes anything, a directory without a readable run.json; one with a file
that neither a run nor a report writes; a link; and a run that a process writes.`,
		Example:           "  ipcbench runs remove @3 @4 --dry-run\n  ipcbench runs remove before",
		Args:              takes(1, -1, "a RUN", "@3"),
		ValidArgsFunction: completeRun,
		RunE: func(c *cobra.Command, args []string) error {
			if !slices.Contains(runFormats, format) {
				return badValue("--format", format, runFormats)
			}
			// All names are looked up before a run goes: @2 is another run then.
			var paths []string
			for _, name := range args {
				path, err := namedIn(*dir, c.ErrOrStderr(), name)
				if err != nil {
					return failed(err)
				}
				paths = results.AddOnce(paths, path)
			}
			var all []*results.Removal
			for _, path := range paths {
				r, err := results.NewRemoval(path, report.Wrote)
				if err != nil {
					return failed(fmt.Errorf("remove %s: %w: nothing is removed", results.Quote(path), quoted(err)))
				}
				defer r.Close()
				all = append(all, r)
			}
			answer := removed{Removed: []removedRun{}, DryRun: dry}
			var errs []error
			for i, r := range all {
				if !dry {
					if err := r.Remove(); err != nil {
						errs = append(errs, fmt.Errorf("remove %s: %w", results.Quote(paths[i]), quoted(err)))
						continue
					}
				}
				answer.Removed = append(answer.Removed, removedRun{r.Header.ID, r.Header.Label, paths[i], len(r.Files), r.Bytes})
			}
			if format == "json" {
				errs = append(errs, text.WriteJSON(c.OutOrStdout(), answer))
			} else {
				for _, r := range answer.Removed {
					what := map[bool]string{true: "would be removed", false: "removed"}[dry]
					if r.Label != "" {
						what += " (label " + r.Label + ")"
					}
					fmt.Fprintf(c.OutOrStdout(), "%s: %s, %s, %d KiB\n", results.Quote(r.Directory), what, results.Plural(r.Files, "file"), (r.Bytes+1023)>>10)
				}
			}
			return failed(errors.Join(errs...))
		},
	}
	c.Flags().BoolVar(&dry, "dry-run", false, "remove nothing, and print what would be removed")
	formatFlag(c, &format, runFormats)
	return c
}

// quoted is an error whose text is harmless on a terminal: names in a directory are
// anything.
func quoted(err error) error {
	if path := (*os.PathError)(nil); errors.As(err, &path) {
		path.Path = results.Quote(path.Path)
	}
	return err
}
