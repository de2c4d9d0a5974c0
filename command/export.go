package command

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"ipcbench/export"
	"ipcbench/internal/text"
	"ipcbench/results"
)

func newExport() *cobra.Command {
	var out, format string
	var formats []string
	for _, f := range export.Formats {
		formats = append(formats, f.Name)
	}
	c := &cobra.Command{
		Use:   "export RUN…",
		Short: "Write launches as a table for DuckDB, pandas or R: Parquet, or JSON lines",
		Long: `Export writes a row for each launch of the RUNs, with those that were untrusted,
failed or skipped: outcome and reason say which. Columns are typed, names end with
the unit, and what was not measured is null. docs/analysis.md lists the columns, and
has queries. A RUN is as in "ipcbench report".

Numbers of an untrusted launch are in its row: ask for outcome = 'ok'.`,
		Example: `  ipcbench export @latest --out run.parquet
  ipcbench export before after --format ndjson | jq .cell`,
		Args:              takes(1, -1, "a RUN", "@latest"),
		ValidArgsFunction: completeRun,
		RunE: func(c *cobra.Command, args []string) error {
			i := slices.Index(formats, format)
			if i < 0 {
				return badValue("--format", format, formats)
			}
			if out == "" && export.Formats[i].Binary && screen(c.OutOrStdout()).Columns > 0 {
				return fmt.Errorf("--format %s: a terminal cannot show it: write it into a file (--out run.%s) or a pipe", format, format)
			}
			paths, err := namedRuns(c, args)
			if err != nil {
				return err
			}
			for i, path := range paths {
				if first := slices.IndexFunc(paths[:i], func(p string) bool { return filepath.Clean(p) == filepath.Clean(path) }); first >= 0 {
					return fmt.Errorf("export %s: %s is the same run, and its launches would be in the table twice: leave one out", results.Quote(args[first]), results.Quote(args[i]))
				}
			}
			write := func(w io.Writer) error { return writeTable(c, paths, export.Formats[i].New(w, version())) }
			if out == "" {
				return failed(write(c.OutOrStdout()))
			}
			return failed(writeWhole(out, write))
		},
	}
	formatFlag(c, &format, formats)
	c.Flags().StringVar(&out, "out", "", "file to write, whole or not at all (default: standard output)")
	c.MarkFlagFilename("out")
	return c
}

// writeTable writes the rows of all runs.
func writeTable(c *cobra.Command, paths []string, table export.Writer) error {
	inputs := newInputs(c.Context())
	for _, path := range paths {
		in, err := inputs.open(path)
		if err != nil {
			return err
		}
		header, others := in.Header(), 0
		var failure error
		set, err := in.Scan(func(r *results.Record) {
			switch {
			case failure != nil:
			case r.Cell.Other != "":
				others++
			default:
				failure = cmp.Or(table.Write(header, r), c.Context().Err())
			}
		})
		if err := cmp.Or(failure, err); err != nil {
			return err
		}
		for _, w := range set.Odd() {
			warn(c, w)
		}
		if others > 0 {
			warn(c, fmt.Sprintf("%s: %s of other benchmarks are no launches, and are left out", results.Quote(path), results.Plural(others, "result")))
		}
	}
	return table.Close()
}

// writeWhole gives a file a new content, whole or not at all.
func writeWhole(path string, write func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("--out %s: no regular file: name one, or leave --out out and redirect standard output", results.Quote(path))
	}
	dir, err := results.OpenDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.WriteFile(filepath.Base(path), write), dir.Close())
}

// writeColumns writes the table of columns into docs/analysis.md.
func writeColumns(w io.Writer) error {
	text.Head(w, "lll", "column", "type", "what")
	for _, c := range results.TableColumns() {
		text.Row(w, "`"+c.Name+"`", c.Type, results.EscapeMarkdown(c.Help))
	}
	return nil
}
