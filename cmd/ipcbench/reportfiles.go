package main

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"

	"ipcbench/compare"
	"ipcbench/plots"
	"ipcbench/results"
)

// Names of the files of a report, beside its pictures.
const (
	pageFile     = "index.html"
	markdownFile = "report.md"
	csvFile      = "summary.csv"
)

// reportOf is the report of the last of its sets, with a comparison of each
// but the first with the first.
type reportOf struct {
	sets        []*results.Set
	comparisons []*compare.Report
	page        *plots.Page
	pictures    []plots.Chart
	benchstat   func(args ...string) ([]byte, error)
}

func newReportOf(sets []*results.Set, sides []*compare.Side, benchstat func(args ...string) ([]byte, error)) *reportOf {
	base, last := sets[0], sets[len(sets)-1]
	r := &reportOf{sets: sets, page: plots.NewPage(last), benchstat: benchstat}
	o := compare.Defaults
	o.Shared = len(sets) - 1
	for i, side := range sides {
		side.Name = nameOf(sets[i])
	}
	for _, side := range sides[1:] {
		c := compare.Compare(sides[0], side, o)
		r.comparisons = append(r.comparisons, c)
		r.page.Compare(c)
	}
	if r.comparisons != nil {
		r.page.Title += " against " + results.Quote(nameOf(base))
	}
	r.pictures = plots.Pictures(r.page.Charts)
	return r
}

// nameOf is the run's ID or, where there is none, the file's name.
func nameOf(set *results.Set) string {
	return cmp.Or(set.Run(), filepath.Base(set.Path))
}

// file is one of a report.
type file struct {
	name  string
	write func(io.Writer) error
}

func (r *reportOf) files() []file {
	page := func(w io.Writer) error { return plots.WriteHTML(w, r.page) }
	if plots.InGuests(r.sets) {
		page = func(w io.Writer) error { return plots.WriteKernels(w, plots.NewKernels(r.sets, r.comparisons)) }
	}
	all := []file{
		{pageFile, page},
		{markdownFile, r.writeMarkdown},
		{csvFile, func(w io.Writer) error { return plots.WriteCSV(w, r.page) }},
	}
	for i := range r.pictures {
		c := &r.pictures[i]
		all = append(all,
			file{c.ID + ".svg", func(w io.Writer) error { return plots.WriteSVG(w, c) }},
			file{c.ID + ".png", func(w io.Writer) error { return plots.WritePNG(w, c) }})
	}
	return all
}

// writeMarkdown writes the comparisons, and then the report of the last run.
func (r *reportOf) writeMarkdown(w io.Writer) error {
	if r.comparisons != nil {
		if _, err := fmt.Fprintf(w, "# ipcbench: %s\n", results.EscapeMarkdown(r.page.Title)); err != nil {
			return err
		}
	}
	for _, c := range r.comparisons {
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
		if err := c.WriteMarkdown(w, true); err != nil {
			return err
		}
	}
	if r.comparisons != nil {
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
	}
	return results.WriteMarkdown(w, r.sets[len(r.sets)-1], r.benchstat)
}
