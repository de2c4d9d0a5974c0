package command

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"ipcbench/bench"
	"ipcbench/history"
	"ipcbench/internal/suggest"
	"ipcbench/internal/text"
	"ipcbench/kernels"
	"ipcbench/report"
	"ipcbench/results"
)

// historyDir is the directory of a history where none is named.
const historyDir = "history"

func newHistory() *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use:   "history",
		Short: "Keep runs of one build after another, and find where a cell became slower",
		Long: `History keeps what runs measured in a directory, a small file for each build, and
finds the builds at which a cell became slower or faster. Several jobs may add at
once, and branches of a git repository merge without conflicts: a file is named by
its content, and is never changed.`,
		Example: `  ipcbench history add @latest --series nightly --at HEAD
  ipcbench history show --gate
  ipcbench history publish site`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return fmt.Errorf("history has no command %q: %s", args[0], suggest.Wanted(args[0], []string{"add", "show", "publish"}, "ipcbench history --help"))
		},
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.PersistentFlags().StringVar(&dir, "dir", historyDir, "directory of the history")
	c.MarkPersistentFlagDirname("dir")
	c.AddCommand(newHistoryAdd(&dir), newHistoryShow(&dir), newHistoryPublish(&dir))
	return c
}

// historyAdded is what `history add` prints as JSON.
type historyAdded struct {
	Added []addedBuild `json:"added"` // the builds, in the order of the command line
}

type addedBuild struct {
	Series string `json:"series"` // to which it was added
	Build  string `json:"build"`  // what it is called
	ID     string `json:"id"`     // what its file is called
	Run    string `json:"run"`    // its ID
	File   string `json:"file"`   // its path
	Cells  int    `json:"cells"`  // that it has
	Bytes  int64  `json:"bytes"`  // of the file
}

type historyAddFlags struct{ series, at, after, kernel, repo, format string }

func newHistoryAdd(dir *string) *cobra.Command {
	var f historyAddFlags
	c := &cobra.Command{
		Use:   "add RUN…",
		Short: "Add runs to a series of a history, a build each",
		Long: `Add writes a file for each RUN into DIR/NAME. --at is what the build is called, and
gives it its place in the series: a commit by its date, a date, or a version (6.9
before 6.12, 7.3-rc1 before 7.3). A series is ordered either by dates or by versions.
--after BUILD puts a build right behind another one, whatever it is called.

A run of kernels with several kernels has a run for each: name the ID that they have
in common, or a directory of each. Without --at a kernel is called by its label, and
--kernel LABEL adds that one alone.

A run that the series has already is refused, and so is a run that a process writes.`,
		Example: `  ipcbench history add @latest --series nightly --at HEAD
  ipcbench history add before --series images --at 2026-11-30
  ipcbench history add 20261130T141929Z-f772d7 --series kernels --kernel 6.12 --at 6.12.1`,
		Args:              takes(1, -1, "a RUN", "@latest --series nightly --at HEAD"),
		ValidArgsFunction: completeRun,
		RunE:              func(c *cobra.Command, args []string) error { return f.run(c, *dir, args) },
	}
	fl := c.Flags()
	fl.StringVar(&f.series, "series", "", "name of the series")
	fl.StringVar(&f.at, "at", "", "what the build is called: a commit, a version or a date")
	fl.StringVar(&f.after, "after", "", "build right behind which it stands: its name, or its ID")
	fl.StringVar(&f.kernel, "kernel", "", "of a run of several kernels, the label of the one to add")
	fl.StringVar(&f.repo, "repo", ".", "git repository in which --at is looked up, if it is a commit")
	c.MarkFlagDirname("repo")
	formatFlag(c, &f.format, runFormats)
	completeSeries(c, dir)
	return c
}

// completeSeries completes --series with the series that there are.
func completeSeries(c *cobra.Command, dir *string) {
	c.RegisterFlagCompletionFunc("series", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		all, _ := history.All(*dir)
		return all, cobra.ShellCompDirectiveNoFileComp
	})
}

func (f *historyAddFlags) run(c *cobra.Command, dir string, args []string) error {
	if !slices.Contains(runFormats, f.format) {
		return badValue("--format", f.format, runFormats)
	}
	if f.series == "" {
		return errors.New("--series is required: a name for the builds that belong together, such as nightly")
	}
	if err := history.CheckSeries(f.series); err != nil {
		return err
	}
	var paths []string
	for _, arg := range args {
		named, err := runsNamed(c, arg)
		if err != nil {
			return failed(err)
		}
		paths = append(paths, named...)
	}
	after := ""
	if f.after != "" {
		h, err := history.Find(dir, f.series, f.after)
		if err != nil {
			return failed(err)
		}
		after = h.ID
	}
	var builds []*history.Build
	var labels []string
	for _, path := range paths {
		b, err := readBuild(c, path)
		if err != nil {
			return failed(err)
		}
		if b.Image = ""; b.Sum != "" {
			b.Image, b.Options = typedKernel(path, b.Label)
		}
		if labels = append(labels, b.Label); f.kernel != "" && b.Label != f.kernel {
			continue
		}
		b.Series, b.After = f.series, after
		builds = append(builds, b)
	}
	if f.kernel != "" && len(builds) == 0 {
		return fmt.Errorf("--kernel %q: %s", results.Quote(f.kernel), suggest.Wanted(f.kernel, labels, "ipcbench runs"))
	}
	if len(builds) > 1 && (f.at != "" || after != "") {
		return fmt.Errorf("--at and --after are of one build, and %d are named: leave them out, or pick one by --kernel LABEL", len(builds))
	}
	for _, b := range builds {
		at := f.at
		if at == "" {
			if at = b.Label; at == "" || b.Sum == "" {
				return errors.New("--at is required: what the build is called, a commit, a version or a date (for example --at HEAD)")
			}
		}
		if err := b.Place(at, func(name string) (string, time.Time, error) { return commitOf(c.Context(), f.repo, name) }); err != nil {
			return err
		}
	}
	files, err := history.Add(dir, builds...)
	answer := historyAdded{Added: []addedBuild{}}
	for i, file := range files {
		size := int64(0)
		if info, err := os.Stat(file); err == nil {
			size = info.Size()
		}
		b := builds[i]
		answer.Added = append(answer.Added, addedBuild{b.Series, b.Build, b.ID, b.Run, file, b.Cells, size})
	}
	if f.format == "json" {
		err = errors.Join(err, text.WriteJSON(c.OutOrStdout(), answer))
	} else {
		for _, a := range answer.Added {
			fmt.Fprintf(c.OutOrStdout(), "%s: build %s of %s, %s, %d bytes\n", results.Quote(a.File), results.Quote(a.Build), a.Series, results.Plural(a.Cells, "cell"), a.Bytes)
		}
	}
	return failed(err)
}

// runsNamed are the paths of what a command line names as a run: one, or those of the
// kernels of a run whose IDs begin so.
func runsNamed(c *cobra.Command, name string) ([]string, error) {
	if _, err := os.Stat(name); err != nil && name != "" && !strings.HasPrefix(name, "@") {
		in, base := filepath.Split(name)
		found, err := runsIn(cmp.Or(in, runsDir))
		if err != nil {
			return nil, err
		}
		var paths []string
		for _, r := range found {
			if label, ok := strings.CutPrefix(r.Header.ID, base+"-"); ok && label != "" && strings.Contains(base, "-") {
				paths = append(paths, r.Dir)
			}
		}
		if len(paths) > 0 {
			slices.Sort(paths)
			return paths, nil
		}
	}
	path, err := namedRun(c.ErrOrStderr(), name)
	return []string{path}, err
}

// readBuild reads a run as a build.
func readBuild(c *cobra.Command, path string) (*history.Build, error) {
	if results.Written(path) {
		return nil, fmt.Errorf("run %s: %w: wait for its end", results.Quote(path), results.ErrWritten)
	}
	in, err := results.OpenInput(c.Context(), path)
	if err != nil {
		return nil, err
	}
	return history.FromRun(in)
}

// typedKernel is the path of the image of that label and its boot options, as the
// command line of a run has them; "" where it has not.
func typedKernel(run, label string) (path, options string) {
	found, err := results.FindRuns(filepath.Dir(run))
	if err != nil {
		return "", ""
	}
	i := slices.IndexFunc(found, func(f results.Found) bool { return f.Name == filepath.Base(run) })
	if i < 0 || len(found[i].Header.Command) < 2 {
		return "", ""
	}
	var f kernelsFlags
	typed := newKernelsOf(&f)
	if typed.Flags().Parse(found[i].Header.Command[2:]) != nil {
		return "", ""
	}
	for _, arg := range typed.Flags().Args() {
		if p, l := kernels.TypedLabel(arg); l == label {
			return p, f.append
		}
	}
	for _, arg := range append(f.labeled, f.arms...) {
		if parts := strings.SplitN(arg, ":", 3); len(parts) > 1 && parts[0] == label {
			return parts[1], strings.TrimSpace(f.append + " " + strings.Join(parts[2:], ""))
		}
	}
	return "", ""
}

// commitOf is the whole name of a commit and its date.
func commitOf(ctx context.Context, repo, name string) (string, time.Time, error) {
	g := exec.CommandContext(ctx, "git", "-C", repo, "log", "-1", "--no-show-signature", "--format=%H %cI", name, "--")
	g.Env = append(os.Environ(), "LC_ALL=C", "GIT_PAGER=cat")
	out, err := g.Output()
	if errors.Is(err, exec.ErrNotFound) {
		return "", time.Time{}, fmt.Errorf("--at %s: git, which knows the date of a commit, is not installed: install it, or name a date or a version", name)
	}
	hash, date, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	when, bad := time.Parse(time.RFC3339, date)
	if err != nil || bad != nil {
		return "", time.Time{}, fmt.Errorf("--at %s: no such commit in the git repository %s: name its repository with --repo, or fetch the commit", name, results.Quote(repo))
	}
	return hash, when, nil
}

// historyFlags are the flags that show and publish have in common.
type historyFlags struct {
	series, threshold string
	query             history.Query
}

func (f *historyFlags) register(c *cobra.Command, dir *string) {
	fl := c.Flags()
	fl.StringVar(&f.series, "series", "", "the series (default: all)")
	fl.StringVar(&f.threshold, "threshold", "", fmt.Sprintf("a smaller change is no step (default: %s of instructions, %g%% of a time)", strings.ReplaceAll(results.Percent(history.CountedThreshold), " ", ""), 5.0))
	fl.StringVar(&f.query.Metric, "metric", "", "unit to look at: "+strings.Join(history.Metrics(), ", ")+" (default: what a comparison judges)")
	fl.IntVar(&f.query.Newest, "newest", 3, "how many of the newest builds count as new")
	completeFrom(c, "metric", history.Metrics())
	completeSeries(c, dir)
}

// read reads the series.
func (f *historyFlags) read(c *cobra.Command, dir string) (*report.History, error) {
	if f.threshold != "" {
		share, err := parseShare("--threshold", f.threshold, 0.0001, bench.MaxShare)
		if err != nil {
			return nil, err
		}
		f.query.Threshold = share
	}
	if f.query.Metric != "" && !slices.Contains(history.Metrics(), f.query.Metric) {
		return nil, badValue("--metric", f.query.Metric, history.Metrics())
	}
	if f.query.Newest < 1 {
		return nil, fmt.Errorf("--newest %d: want at least 1", f.query.Newest)
	}
	for _, p := range f.query.Cells {
		if err := results.CheckPattern(p); err != nil {
			return nil, fmt.Errorf("CELL %q: %w", results.Quote(p), err)
		}
	}
	all, err := history.All(dir)
	if err != nil {
		return nil, failed(err)
	}
	if f.series != "" {
		if len(all) == 0 {
			return nil, failed(fmt.Errorf("series %s: %s has no series: `ipcbench history add RUN --series NAME` makes one", results.Quote(f.series), results.Quote(dir)))
		}
		if !slices.Contains(all, f.series) {
			return nil, failed(fmt.Errorf("series %s: %s has none of that name: %s", results.Quote(f.series), results.Quote(dir), suggest.Wanted(f.series, all, "ipcbench history show")))
		}
		all = []string{f.series}
	}
	h := &report.History{Directory: dir, Series: []*history.Series{}}
	for _, name := range all {
		s, err := history.Read(dir, name, f.query)
		if err != nil {
			return nil, failed(err)
		}
		if len(f.query.Cells) > 0 && len(s.Lines) == 0 {
			warn(c, fmt.Sprintf("series %s has no cell that matches", name))
		}
		h.Series = append(h.Series, s)
	}
	return h, nil
}

func newHistoryShow(dir *string) *cobra.Command {
	var f historyFlags
	var format string
	var gate, all bool
	c := &cobra.Command{
		Use:   "show [CELL…]",
		Short: "Show the builds at which cells became slower or faster",
		Long: `Show lists the steps of each series, the newest first: the first build that shows the
step, the change with its 95 % interval, and the command that explains it. Below stand
the cells that are new, that are missing, or that have no number any more.

A CELL is a pattern with parts of a cell's name, as in 'PingPong/*/size=64'. Builds of
different classes of hosts are not compared: each class has its own steps. A file that
is damaged is left out, and named.

Exit status: 0; with --gate 1 where a cell became slower in one of the newest builds
and still is, or has no number any more; 2 usage; 3 the history cannot be read.`,
		Example: `  ipcbench history show
  ipcbench history show --series kernels 'PingPong/*/size=64' --all
  ipcbench history show --gate --newest 1 --format markdown`,
		RunE: func(c *cobra.Command, args []string) error {
			if !slices.Contains(report.HistoryFormats, format) {
				return badValue("--format", format, report.HistoryFormats)
			}
			f.query.Cells = args
			h, err := f.read(c, *dir)
			if err != nil {
				return err
			}
			out := c.OutOrStdout()
			if err := h.Write(out, format, screen(out), f.query, all); err != nil {
				return failed(err)
			}
			if !gate {
				return nil
			}
			var found []string
			for _, s := range h.Series {
				for _, g := range s.Gate {
					found = append(found, s.Name+": "+g)
				}
			}
			if found == nil {
				return nil
			}
			return &exitError{exitNo, fmt.Errorf("%s in the newest builds: %s", results.Plural(len(found), "cell")+" slower, or without a number,", results.Some(found, "; "))}
		},
	}
	f.register(c, dir)
	c.Flags().BoolVar(&gate, "gate", false, "fail where a cell became slower in one of the newest builds and still is")
	c.Flags().BoolVar(&all, "all", false, "list every step, also those within the threshold")
	formatFlag(c, &format, report.HistoryFormats)
	return c
}

func newHistoryPublish(dir *string) *cobra.Command {
	var f historyFlags
	c := &cobra.Command{
		Use:   "publish DIR",
		Short: "Write a history as a static site",
		Long: `Publish writes pages into DIR: an index, a page for each series with a line for each
cell, and a page for each cell and each build. Any web server can show them, such as
GitHub Pages, and they open from disk. The same history gives the same bytes. A file
that is there with the same content is not written again, and none is removed.

It refuses a DIR whose index.html it did not write.`,
		Example: "  ipcbench history publish site\n  ipcbench history publish public --series nightly",
		Args:    takes(1, 1, "a DIR", "site"),
		RunE: func(c *cobra.Command, args []string) error {
			h, err := f.read(c, *dir)
			if err != nil {
				return err
			}
			if len(h.Series) == 0 {
				return failed(fmt.Errorf("%s has no series: `ipcbench history add RUN --series NAME` makes one", results.Quote(*dir)))
			}
			for _, s := range h.Series {
				for _, o := range s.LeftOut {
					warn(c, "left out: "+o.String())
				}
			}
			written, same, err := writeSite(args[0], h.Site(f.query))
			if err != nil {
				return failed(err)
			}
			fmt.Fprintf(c.OutOrStdout(), "%s: %s written, %d unchanged\n", results.Quote(filepath.Join(args[0], report.PageFile)), results.Plural(written, "file"), same)
			return nil
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return nil, cobra.ShellCompDirectiveFilterDirs
		},
	}
	f.register(c, dir)
	return c
}

// writeSite writes files whose content is not there yet.
func writeSite(dir string, files []report.File) (written, same int, err error) {
	front, err := os.ReadFile(filepath.Join(dir, report.PageFile))
	if err == nil && !bytes.Contains(front, []byte(report.SiteMark)) {
		return 0, 0, fmt.Errorf("%s is not of `ipcbench history publish`: name another directory, or remove it", results.Quote(filepath.Join(dir, report.PageFile)))
	}
	var b bytes.Buffer
	for _, f := range files {
		b.Reset()
		if err := f.Write(&b); err != nil {
			return written, same, fmt.Errorf("%s: %w", f.Name, err)
		}
		path := filepath.Join(dir, filepath.FromSlash(f.Name))
		if there, err := os.ReadFile(path); err == nil && bytes.Equal(there, b.Bytes()) {
			same++
			continue
		}
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			return written, same, err
		}
		beside := path + ".new"
		if err := os.WriteFile(beside, b.Bytes(), 0o666); err != nil {
			return written, same, err
		}
		if err := os.Rename(beside, path); err != nil {
			return written, same, err
		}
		written++
	}
	return written, same, nil
}
