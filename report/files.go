// Package report turns records into what people look at: a page that opens
// from disk, Markdown, a table for a terminal, CSV, and the data of pictures,
// which package plots draws. A report is a pure function of records.
package report

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"ipcbench/compare"
	"ipcbench/internal/text"
	"ipcbench/plots"
	"ipcbench/results"
)

// Names of the files of a report, beside its pictures.
const (
	PageFile     = "index.html"
	MarkdownFile = "report.md"
	CSVFile      = "summary.csv"
)

// Report is the report of the last of its sets, with a comparison of each
// but the first with the first.
type Report struct {
	sets        []*results.Set
	comparisons []*compare.Report
	name        string // of the run, or of both
	Page        *Page
	Pictures    []plots.Chart
	Explained   []Explained // cells of guests whose profiles are kept
}

// New reports the last of sets, and compares each other one with the first.
// Sides are the sets as package compare reads them.
func New(sets []*results.Set, sides []*compare.Side) *Report {
	base, last := sets[0], sets[len(sets)-1]
	r := &Report{sets: sets, Page: NewPage(last)}
	o := compare.Defaults
	o.Shared, o.Threshold = len(sets)-1, 0 // that of the runs' own gate
	for i, side := range sides {
		side.Name = nameOf(sets[i])
		side.Of(sets[i].Header)
	}
	for _, side := range sides[1:] {
		c := compare.Compare(sides[0], side, o)
		r.comparisons = append(r.comparisons, c)
		r.Page.Compare(c)
	}
	r.name = labelled(last, last.Name())
	if r.comparisons != nil {
		r.name += " against " + labelled(base, nameOf(base))
		r.Page.Title = against(base, last)
	}
	r.Pictures = Pictures(r.Page.Charts)
	for i := range r.Pictures {
		r.Pictures[i].Source = r.Page.sourceOf(&r.Pictures[i])
	}
	return r
}

// against is the title of a comparison: the machines and the dates, each once, with
// the time where the day is the same; names where that is the same too.
func against(base, last *results.Set) string {
	machine, _, date := originOf(last)
	of, _, before := originOf(base)
	label, _ := labelOf(last)
	if other, _ := labelOf(base); machine == of && label != "" && other != "" && label != other {
		return joined(machine, label+" against "+other)
	}
	if machine != of {
		return pageTitle(last) + " against " + pageTitle(base)
	}
	if date == before && date != "" {
		date, before = last.Header.Started.UTC().Format(time.DateTime), base.Header.Started.UTC().Format(time.DateTime)
	}
	if date == before {
		date, before = results.Quote(nameOf(last)), results.Quote(nameOf(base))
	}
	return joined(machine, date+" against "+before)
}

// nameOf is the run's ID or, where there is none, the file's name.
func nameOf(set *results.Set) string {
	return cmp.Or(set.Run(), filepath.Base(set.Path))
}

// File is one of a report.
type File struct {
	Name  string
	Write func(io.Writer) error
}

// Files are those of the report, in the order in which they are written.
func (r *Report) Files() []File {
	page, pages := func(w io.Writer) error { return WriteHTML(w, r.Page) }, []*Page{r.Page}
	if InGuests(r.sets) {
		pages = nil
		for _, set := range r.sets {
			p := r.Page
			if set != r.sets[len(r.sets)-1] {
				p = NewPage(set)
			}
			p.booted = set.Hosts()[0].Guest.Label
			pages = append(pages, p)
		}
		page = func(w io.Writer) error {
			k := NewKernels(r.sets, r.comparisons)
			k.Explain(r.Explained)
			return WriteKernels(w, k)
		}
	}
	all := []File{
		{PageFile, page},
		{MarkdownFile, r.writeMarkdown},
		{CSVFile, func(w io.Writer) error { return WriteCSV(w, pages...) }},
	}
	for i := range r.Pictures {
		c := &r.Pictures[i]
		all = append(all,
			File{c.ID + ".svg", func(w io.Writer) error { return plots.WriteSVG(w, c) }},
			File{c.ID + ".png", func(w io.Writer) error { return plots.WritePNG(w, c) }})
	}
	return append(all, r.percentiles()...)
}

// writeMarkdown writes the comparisons, and then the report of the last run.
func (r *Report) writeMarkdown(w io.Writer) error {
	if r.comparisons != nil {
		if _, err := fmt.Fprintf(w, "# ipcbench: %s\n", results.EscapeMarkdown(r.name)); err != nil {
			return err
		}
	}
	if r.comparisons != nil {
		fmt.Fprintln(w)
		if err := WriteComparisons(w, "markdown", text.Screen{}, r.comparisons, true); err != nil {
			return err
		}
		fmt.Fprintln(w)
	}
	return WriteMarkdown(w, r.sets[len(r.sets)-1])
}
