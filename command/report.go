package command

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"ipcbench/compare"
	"ipcbench/report"
	"ipcbench/results"
	"ipcbench/semantics"
)

func newReport() *cobra.Command {
	var out string
	var open bool
	c := &cobra.Command{
		Use:   "report [RUN…]",
		Short: "Write the report of a run (the newest), or compare several with the first",
		Long: `Report writes index.html, a page that opens from disk; report.md; summary.csv;
and pictures as SVG and PNG. A RUN is a run's directory, label or ID, @latest or @N
(the N-th newest). With --out it may be a records.jsonl, a bench.txt or the output
of "go test -bench ./bench", too; - is standard input. With several runs, the report is that of the last one, and each is compared with the first.`,
		Example: `  ipcbench report --open
  ipcbench report results/runs/A results/runs/B --out compared`,
		RunE: func(c *cobra.Command, args []string) error {
			if c.Flags().Changed("benchstat") {
				warn(c, "--benchstat is ignored: report.md needs no program for its tables; leave the flag out")
			}
			if len(args) == 0 {
				args = []string{"@latest"}
			}
			args, err := namedRuns(c, args)
			if err != nil {
				return err
			}
			if out == "" {
				if out, err = defaultOut(args); err != nil {
					return err
				}
			}
			if err := writeReport(c, args, out); err != nil || !open {
				return err
			}
			return openPage(c, filepath.Join(out, report.PageFile))
		},
		ValidArgsFunction: completeRun,
	}
	c.Flags().StringVar(&out, "out", "", "directory to write into (default: the run's own; for several runs one beside the first)")
	c.Flags().BoolVar(&open, "open", false, "open the page in a browser, by xdg-open")
	c.Flags().String("benchstat", "", "")
	c.Flags().MarkHidden("benchstat") // of before
	return c
}

// defaultOut is the directory of a run, or one beside that of the first of
// several, named for all.
func defaultOut(paths []string) (string, error) {
	var names []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil && path != results.Stdin {
			return "", failed(err)
		}
		if err != nil || !info.IsDir() {
			return "", fmt.Errorf("report %s: not a run's directory: name one for the report (--out DIR)", results.Quote(path))
		}
		abs, err := filepath.Abs(path)
		if err != nil {
			return "", failed(err)
		}
		names = append(names, filepath.Base(abs))
	}
	if len(paths) == 1 {
		return paths[0], nil
	}
	name := strings.Join(names, "-vs-")
	if len(name) > 200 {
		return "", fmt.Errorf("report of %d runs: name a directory for it (--out DIR)", len(paths))
	}
	return filepath.Join(filepath.Dir(filepath.Clean(paths[0])), name), nil
}

// reportMemory is the heap, in bytes, from which on a report collects garbage sooner.
// That of 12,000 cells with ten launches has 250 MB that live, and took 700 MB.
const reportMemory = 400 << 20

func writeReport(c *cobra.Command, paths []string, out string) error {
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(reportMemory))
	sets := make([]*results.Set, len(paths))
	sides := make([]*compare.Side, len(paths))
	var parts []string // of the last
	inputs := newInputs(c.Context())
	for i, path := range paths {
		sides[i] = compare.NewSide("", compare.DefaultMetrics)
		in, err := inputs.open(path)
		if err == nil {
			also := sides[i].Add
			if len(paths) == 1 { // there is nothing to compare it with
				also = nil
			}
			sets[i], err = in.Digest(also)
			parts = in.Parts()
		}
		if err != nil {
			return failed(err)
		}
		sides[i].Fail(sets[i].Failures...)
		if nothing := sets[i].Nothing(); nothing != "" && (len(paths) == 1 || sides[i].Empty()) {
			return failed(errors.New(nothing))
		}
		for _, w := range sets[i].Odd() {
			warn(c, w)
		}
	}
	r := report.New(sets, sides)
	last := paths[len(paths)-1]
	if filepath.Clean(out) == filepath.Clean(last) {
		r.Page.Records = parts
	}
	var err error
	r.Page.Semantics, err = semantics.ReadFile(c.Context(), filepath.Join(last, semantics.File))
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
		warn(c, fmt.Sprintf("%s: the page has no statements; ipcbench semantics --out %s writes it anew", results.Quote(err.Error()), results.Quote(last)))
	}
	r.Explained = explained(last, out)
	dir, err := results.OpenDir(out)
	if err != nil {
		return failed(err)
	}
	defer dir.Close()
	progress, files := newProgress(c.ErrOrStderr()), r.Files()
	defer progress.finish()
	for i, f := range files {
		progress.step(i, len(files), "files", f.Name)
		err := dir.WriteFile(f.Name, func(w io.Writer) error {
			return cmp.Or(f.Write(w), c.Context().Err())
		})
		if errors.Is(err, context.Canceled) {
			return failed(fmt.Errorf("interrupted: %s has a part of the report, and no half of a file", out))
		}
		if err != nil {
			return failed(err)
		}
	}
	for _, name := range []string{report.PageFile, report.MarkdownFile, report.CSVFile} {
		fmt.Fprintln(c.OutOrStdout(), filepath.Join(out, name))
	}
	if n := len(r.Pictures); n > 0 {
		fmt.Fprintf(c.OutOrStdout(), "%s and .png: %d pictures\n", filepath.Join(out, "*.svg"), n)
	}
	if n := r.Percentiles(); n > 0 {
		fmt.Fprintf(c.OutOrStdout(), "%s: %s\n", filepath.Join(out, "*.hgrm"), results.Plural(n, "latency distribution"))
	}
	return nil
}

// openPage hands the page to the desktop's browser.
func openPage(c *cobra.Command, page string) error {
	opener, err := exec.LookPath("xdg-open")
	if err != nil {
		return failed(fmt.Errorf("--open: xdg-open is not installed (Debian: xdg-utils): open %s yourself", page))
	}
	flush(c) // a browser of the terminal takes it over
	cmd := exec.CommandContext(c.Context(), opener, page)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return failed(fmt.Errorf("--open: xdg-open %s: %w", page, err))
	}
	return nil
}
