package command

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"ipcbench/bench"
	"ipcbench/compare"
	"ipcbench/report"
	"ipcbench/results"
)

// compareFlags are the flags of `ipcbench compare`.
type compareFlags struct {
	threshold, alpha, filter, by, format string
	metrics                              []string
	plan                                 *bench.PlanFile // whose thresholds count; nil: none
	summary, force                       bool
	compared                             func([]*compare.Report) // given what was compared; nil: not asked for
}

func newCompare() *cobra.Command {
	var f compareFlags
	var plan string
	c := &cobra.Command{
		Use:   "compare OLD NEW…",
		Short: "Report what became slower or faster, and fail if something became slower",
		Long: `Compare reads runs, records.jsonl, bench.txt or the output of
"go test -bench ./bench", and compares each NEW with OLD; - is standard input. A
run is named by its directory, label or ID, @latest or @N (the N-th newest). A side
can be several, joined by commas. For two semantics.json it lists the statements whose
verdict or observation changed. With --by the sides are the values of a key in all
inputs: kernel, place, size … ; "mech@(pipe fifo)" picks and orders them, and the
first is the baseline. --by mech without a baseline ranks all mechanisms as choose
does: the fastest is picked from the same data, so there is no gate, and floors are
left out.

The gate fails a cell that is slower by more than the threshold. Over all cells
together a false alarm has at most the probability alpha. Results of several
configurations in a file have rows of their own. A benchmark that "go test"
reports as failed counts as failed. Sides whose launches measured for different
times (--time) are refused without --force: levels move by 4 to 14 %.

Exit status: 0 nothing is slower, or mechanisms were ranked; 1 a cell is slower, or was ok and is failed or
skipped, or a statement differs that did not; 2 usage; 3 unreadable, refused, or
nothing comparable; 5 something could not be judged: too few launches, a value of 0, a
cell that is untrusted or gone, a package that failed.`,
		Example: `  ipcbench compare results/runs/A results/runs/B
  ipcbench compare @2 @latest
  ipcbench compare old1,old2 new1,new2 --threshold 10% --format markdown --summary
  ipcbench compare --by mech --filter '.name:PingPong /place:same' results/runs/A`,
		Args: takes(1, -1, comparands, comparandsExample),
		RunE: func(c *cobra.Command, args []string) (err error) {
			if plan != "" {
				if f.plan, err = readPlan(plan); err != nil {
					return err
				}
			}
			return f.compare(c, args)
		},
		ValidArgsFunction: completeRun,
	}
	f.register(c)
	c.Flags().StringVar(&plan, "plan", "", "plan in a file, whose thresholds count for the cells that they name")
	c.MarkFlagFilename("plan", planExtensions...)
	c.Flags().StringVar(&f.filter, "filter", "*", "compare only these, in the syntax of benchstat's -filter")
	c.Flags().StringVar(&f.by, "by", "", "key whose values are the sides: "+strings.Join(compare.ByKeys(), ", "))
	completeFrom(c, "by", compare.ByKeys())
	return c
}

// register adds the flags that ab has as well.
func (f *compareFlags) register(c *cobra.Command) {
	d, fl := compare.Defaults, c.Flags()
	f.filter = "*"
	fl.StringVar(&f.threshold, "threshold", "", fmt.Sprintf("change that is still no regression, of cells for which a plan names none (default: that of the runs' own gate, else %g%%)", 100*d.Threshold))
	fl.StringVar(&f.alpha, "alpha", fmt.Sprint(d.Alpha), "probability of a false alarm, over all cells together")
	fl.StringSliceVar(&f.metrics, "metric", compare.DefaultMetrics, "metrics to compare: "+strings.Join(results.Units(), ", ")+"; in text also B/op, allocs/op, and units with a line such as Unit UNIT better=lower")
	fl.StringVar(&f.format, "format", "text", strings.Join(report.ComparisonFormats, ", "))
	fl.BoolVar(&f.summary, "summary", false, "list only slower, faster and broken cells")
	fl.BoolVar(&f.force, "force", false, "judge sides that are not comparable, with the warning beside each number")
	completeFrom(c, "format", report.ComparisonFormats)
	completeFrom(c, "metric", results.Units())
}

// comparands are what compare takes.
const (
	comparands        = "OLD and NEW, or --by KEY and a run"
	comparandsExample = "results/runs/A results/runs/B"
)

func (f *compareFlags) compare(c *cobra.Command, args []string) error {
	o, err := f.options()
	if err != nil {
		return err
	}
	o.Implied = c.Flags().Changed("metric")
	if f.by == "" && len(args) < 2 {
		return takes(2, -1, comparands, comparandsExample)(c, args)
	}
	for i, arg := range args {
		paths, err := namedRuns(c, sidePaths(arg))
		if err != nil {
			return err
		}
		args[i] = strings.Join(paths, ",")
	}
	files := newInputs(c.Context())
	if done, err := f.statements(c, files, args); done {
		return err
	}
	inputs := make([]compare.Input, len(args))
	for i, arg := range args {
		inputs[i] = compare.Input{Name: arg, Paths: sidePaths(arg)}
	}
	// A million launches are mostly numbers, which cost the collector nothing to
	// keep: to collect twice as often halves what it lets pile up.
	defer debug.SetGCPercent(debug.SetGCPercent(50))
	query := compare.Query{Metrics: f.metrics, Filter: f.filter, By: f.by, Open: files.open}
	if f.by == "mech" {
		return f.mechanisms(c, inputs, query, o)
	}
	loaded, err := compare.Load(inputs, query)
	if err = loadError(err); err != nil {
		return err
	}
	for _, w := range loaded.Warnings {
		warn(c, w)
	}
	if len(loaded.Sides) < 2 {
		return failed(fmt.Errorf("nothing to compare: --by %s has %d values in what was read", results.Quote(f.by), len(loaded.Sides)))
	}
	o.Shared = len(loaded.Sides) - 1
	var reports []*compare.Report
	for _, side := range loaded.Sides[1:] {
		reports = append(reports, compare.Compare(loaded.Sides[0], side, o))
	}
	if f.compared != nil {
		f.compared(reports)
	}
	f.unmatched(c, reports)
	if err := report.WriteComparisons(c.OutOrStdout(), f.format, screen(c.OutOrStdout()), reports, f.summary); err != nil {
		return failed(err)
	}
	return judgement(reports)
}

// loadError gives what package compare could not read its exit status.
func loadError(err error) error {
	var query *compare.QueryError
	if err == nil || errors.As(err, &query) {
		return err
	}
	return failed(errors.New(results.Quote(strings.ReplaceAll(err.Error(), "\n", "; "))))
}

// unmatched warns of thresholds for cells that are not here: a pattern with a slip in
// it would count for nothing in silence.
func (f *compareFlags) unmatched(c *cobra.Command, reports []*compare.Report) {
	if f.plan == nil {
		return
	}
	for _, t := range f.plan.Thresholds {
		if !slices.ContainsFunc(reports, func(r *compare.Report) bool {
			return slices.ContainsFunc(r.Rows, func(row compare.Row) bool { return results.MatchCells(t.Cells, row.Cell.Name()) })
		}) {
			fmt.Fprintf(c.ErrOrStderr(), "warning: %s: thresholds: %q matches no cell that was compared\n", results.Quote(f.plan.Path), results.Quote(t.Cells))
		}
	}
}

// sidePaths are the paths of one side, separated by commas, unless that is
// the name of a file.
func sidePaths(arg string) []string {
	if _, err := os.Stat(arg); err == nil {
		return []string{arg}
	}
	return strings.Split(arg, ",")
}

func (f *compareFlags) options() (o compare.Options, err error) {
	o = compare.Options{Force: f.force, By: compare.ByKey(f.by)}
	if f.plan != nil {
		o.Thresholds = f.plan.Thresholds
	}
	if f.threshold != "" {
		if o.Threshold, err = parseShare("--threshold", f.threshold, 0.001, bench.MaxShare); err != nil {
			return o, err
		}
	}
	if o.Alpha, err = parseShare("--alpha", f.alpha, 0.0001, 0.5); err != nil {
		return o, err
	}
	if !slices.Contains(report.ComparisonFormats, f.format) {
		return o, badValue("--format", f.format, report.ComparisonFormats)
	}
	return o, nil
}

// parseShare reads "5%" or "0.05".
func parseShare(flag, s string, least, most float64) (float64, error) {
	v, err := results.ParseShare(s, least, most)
	if err != nil {
		return 0, fmt.Errorf("%s %q: %w", flag, results.Quote(s), err)
	}
	return v, nil
}

// judgement turns what the reports come to into an exit status.
func judgement(reports []*compare.Report) error {
	count := func(vs ...compare.Verdict) (n int) {
		for _, r := range reports {
			for _, v := range vs {
				n += r.Count(v)
			}
		}
		return n
	}
	status, cause := map[compare.Status]bool{}, ""
	for _, r := range reports {
		status[r.Status()] = true
		cause = cmp.Or(cause, r.Cause)
	}
	switch {
	case status[compare.Regressed]:
		return &exitError{exitNo, fmt.Errorf("%d slower, %d broken", count(compare.Slower), count(compare.Broken))}
	case status[compare.Nothing]:
		return &exitError{exitFailed, errors.New("nothing comparable: " + cause)}
	case status[compare.Undecided]:
		return &exitError{exitUntrusted, errors.New("not everything could be judged: the cells and what they need are above; --filter narrows both sides to what can")}
	}
	return nil
}
