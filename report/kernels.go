package report

import (
	"bufio"
	"cmp"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"
	"sync"

	"ipcbench/compare"
	"ipcbench/internal/text"
	"ipcbench/kernels/profile"
	"ipcbench/results"
)

// Kernels is the page of runs in guests: cells against kernels.
type Kernels struct {
	Sides     []KernelSide
	Rows      []KernelRow // what matters first
	Gaps      []KernelGap // cells without a number, and why
	Found     []string    // of each comparison: what it came to
	Says      []string    // what the scheduler changed
	Gate      string      // how all were judged
	Common    string      // what all names of cells lack: "place=same"
	Threshold string      // up to which a change is none: "2 %"
	Counted   bool        // the numbers are instructions, not times
	Several   bool        // a cell has several numbers, each in a row
	Warnings  []compare.Warning

	Explained   bool    // a change has flame graphs
	least, most float64 // of all ratios
}

// KernelSide is one kernel, in the order given: the first is the base.
type KernelSide struct {
	Label    string
	Kernel   string
	Settings []results.Setting
	guest    *results.Guest
}

// Explained is a cell whose instructions were profiled in two kernels.
type Explained struct {
	Old, New *profile.Profile // without paths
	Page     string           // address of their flame graphs
}

// KernelRow is one number of a cell in each kernel.
type KernelRow struct {
	Name   string
	Metric string
	Values []KernelValue // one a side
	page   *Kernels
	cell   string // its whole name
}

// KernelValue is what one kernel has.
type KernelValue struct {
	Number  string // or why there is none: "failed"
	Step    string // from the kernel before: "+2.7 %"; "": it is within the threshold
	Longer  bool   // that step is upwards
	Change  string // against the first kernel: "+24.6 %"
	Verdict compare.Verdict
	Note    string // the verdict, with what would decide it where it is none
	Class   string // how the verdict is coloured
	Flames  string // where the flame graphs are of its change against the first kernel; "": none are kept
	ratio   float64
}

// KernelGap is cells without a number for one reason.
type KernelGap struct {
	Where, Reason, Class string
	Names                []string
}

// InGuests reports whether all records of the sets are of guests that ipcbench
// booted: their page is that of NewKernels.
func InGuests(sets []*results.Set) bool {
	for _, set := range sets {
		hosts := set.Hosts()
		if len(hosts) == 0 || slices.ContainsFunc(hosts, func(h *results.Host) bool { return h.Guest == nil }) {
			return false
		}
	}
	return len(sets) > 0
}

// NewKernels builds the page of sets, of which the comparisons are those of
// each but the first with the first.
func NewKernels(sets []*results.Set, comparisons []*compare.Report) *Kernels {
	k := &Kernels{least: 1, most: 1}
	for _, set := range sets {
		h := set.Hosts()[0]
		k.Counted = k.Counted || h.Guest.Accel == "icount"
		k.Sides = append(k.Sides, KernelSide{Label: results.Quote(h.Guest.Label), Kernel: results.Quote(h.Kernel), Settings: newHost(h).Settings, guest: h.Guest})
	}
	s := beside(sets[:1]...)
	if comparisons != nil {
		s = compare.NewSeries(comparisons)
		k.Warnings, k.Gate, k.Threshold = s.Warnings, scope(mostJudged(comparisons)), results.Percent(comparisons[0].Threshold)
	}
	for i, c := range comparisons {
		k.Found = append(k.Found, fmt.Sprintf("%s: %s (%s)", k.Sides[i+1].Label, sentence(c), counts(c)))
		k.Says = append(k.Says, says(c)...)
	}
	for i := range s.Cells {
		c := &s.Cells[i]
		k.Several = k.Several || len(c.Rows) > 1
		for _, row := range c.Rows {
			k.add(c, row)
		}
	}
	names := make([][]string, len(k.Rows))
	for i := range k.Rows {
		names[i] = []string{k.Rows[i].Name}
	}
	if len(names) > 0 {
		k.Common = cutCommon(names)
	}
	for i := range k.Rows {
		k.Rows[i].Name = names[i][0]
	}
	for _, g := range seriesGaps(s) {
		gap := KernelGap{Where: g.where, Reason: g.reason, Class: class(g.verdict)}
		for i, name := range g.names {
			gap.Names = append(gap.Names, g.cells[i].Short(name))
		}
		k.Gaps = append(k.Gaps, gap)
	}
	return k
}

// beside is the series of kernels that are not compared.
func beside(sets ...*results.Set) *compare.Series {
	s := &compare.Series{}
	at := map[string]int{}
	for side, set := range sets {
		h := set.Hosts()[0]
		name := results.Quote(h.Guest.Label)
		if len(sets) > 1 {
			name += " (" + results.Quote(h.Arch) + ")"
		}
		s.Names = append(s.Names, name)
		for _, sum := range set.Summaries() {
			name := sum.Cell.Name()
			i, ok := at[name]
			if !ok {
				i, at[name] = len(s.Cells), len(s.Cells)
				s.Cells = append(s.Cells, compare.SeriesCell{Cell: sum.Cell, Name: name})
			}
			c, numbers := &s.Cells[i], 0
			for _, m := range results.Metrics {
				if e := sum.Of(m.Key); e.Known() && (m.In&results.Counted != 0 || m.Key == "time") {
					c.Row(m.Unit, m.Unit, len(sets)).Values[side] = compare.SeriesValue{Estimate: compare.Estimate{Estimate: e}, Step: results.Ratio{Center: results.Float(math.NaN())}}
					numbers++
				}
			}
			if numbers == 0 {
				c.Absences = append(c.Absences, compare.Absence{Outcome: sum.Outcome, Reason: results.Quote(strings.Join(sum.Reasons, "; ")), Sides: []int{side}})
			}
		}
	}
	return s
}

// WriteSideBySide writes a table of cells against kernels that are not compared, since
// their architectures differ.
func WriteSideBySide(w io.Writer, format string, screen text.Screen, sets []*results.Set) error {
	c, s := comparisonForm{text.Form{Writer: bufio.NewWriter(w), Markdown: format == "markdown", Columns: screen.Columns}, screen}, beside(sets...)
	c.seriesTable(s, false)
	c.absent(seriesGaps(s))
	c.Printf("\n")
	c.prose("Numbers of different architectures are not compared.")
	return c.Flush()
}

func (k *Kernels) add(c *compare.SeriesCell, in compare.SeriesRow) {
	row := KernelRow{Name: c.Cell.Short(c.Name), Metric: in.Metric, page: k, cell: c.Cell.Name()}
	base := 0.0
	for i, number := range valuesOf(c, in) {
		v := in.Values[i]
		value := KernelValue{Number: number, Step: step(v), Longer: v.Step.Center > 1}
		if v.N > 0 {
			base = cmp.Or(base, float64(v.Center))
			if value.ratio = float64(v.Center) / base; value.ratio > 0 {
				k.least, k.most = min(k.least, value.ratio), max(k.most, value.ratio)
			}
			if in.Metric == "insns/op" {
				value.Number = spaced(float64(v.Center))
			}
		}
		if a := c.Absence(i); a != nil {
			value.Class = cmp.Or(class(a.Verdict), "none")
		}
		if v.Row != nil {
			value.Change, value.Verdict, value.Note, value.Class = results.Change(v.Row.Ratio.Center), v.Row.Verdict, judgement(v.Row), class(v.Row.Verdict)
		}
		row.Values = append(row.Values, value)
	}
	k.Rows = append(k.Rows, row)
}

// Explain notes where the flame graphs of each change are, those of the last profiles.
func (k *Kernels) Explain(all []Explained) {
	of := func(p *profile.Profile, s KernelSide) bool {
		return p.Image == s.guest.Image && p.Options == s.guest.CommandLine && p.QEMU == s.guest.QEMU
	}
	for _, e := range all {
		for _, row := range k.Rows {
			if row.cell != e.New.Cell || row.cell != e.Old.Cell || row.Metric != "insns/op" && row.Metric != "path-insns/op" {
				continue
			}
			for i := 1; i < len(row.Values); i++ {
				if of(e.Old, k.Sides[0]) && of(e.New, k.Sides[i]) {
					row.Values[i].Flames, k.Explained = e.Page, true
				}
			}
		}
	}
}

// spaced is a number without its fraction, its digits in groups of three.
func spaced(v float64) string {
	whole := fmt.Sprintf("%.0f", v)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "\u202f" + whole[i:]
	}
	return whole
}

// class is how a verdict is coloured.
func class(v compare.Verdict) string {
	return map[compare.Verdict]string{compare.Slower: "bad", compare.Broken: "bad", compare.Faster: "good", compare.CantTell: "warning", compare.Unjudged: "warning", compare.Lost: "warning"}[v]
}

// Size of a small chart, in pixels.
const (
	sparkWidth, sparkHeight = 160, 44
	sparkMargin             = 7
)

// mark is a kernel's place in a small chart.
type mark struct {
	X, Y    float64
	Stepped bool
}

// Marks are the row's ratios over kernels, to the first that has a number, all charts of
// a page on one scale.
func (r KernelRow) Marks() (out []mark) {
	for i, v := range r.Values {
		if v.ratio > 0 {
			x := float64(sparkMargin) + float64(sparkWidth-2*sparkMargin)*float64(i)/float64(max(1, len(r.Values)-1))
			out = append(out, mark{math.Round(x), r.page.height(v.ratio), v.Step != ""})
		}
	}
	return out
}

// Line is the marks as the points of a polyline.
func (r KernelRow) Line() string {
	var b strings.Builder
	for _, m := range r.Marks() {
		fmt.Fprintf(&b, "%g,%g ", m.X, m.Y)
	}
	return strings.TrimSpace(b.String())
}

// Base is the height of the first value.
func (r KernelRow) Base() float64 { return r.page.height(1) }

// Box is the size of a small chart, as the viewBox of SVG.
func (r KernelRow) Box() string { return fmt.Sprintf("0 0 %d %d", sparkWidth, sparkHeight) }

// Told is what the chart shows, for a reader that does not see it.
func (r KernelRow) Told() string {
	var parts []string
	for i, v := range r.Values {
		parts = append(parts, r.page.Sides[i].Label+" "+v.Number)
	}
	return r.Name + ": " + strings.Join(parts, ", ")
}

func (k *Kernels) height(ratio float64) float64 {
	span := max(math.Log(k.most)-math.Log(k.least), 0.02)
	share := (math.Log(ratio) - math.Log(k.least)) / span
	return math.Round(10*(sparkHeight-sparkMargin-share*(sparkHeight-2*sparkMargin))) / 10
}

// Title names the kernels.
func (k *Kernels) Title() string {
	var labels []string
	for _, s := range k.Sides {
		labels = append(labels, s.Label)
	}
	return strings.Join(labels, ", ")
}

var kernelsPage = sync.OnceValue(func() *template.Template {
	return template.Must(template.ParseFS(files, "page/kernels.html.tmpl"))
})

// WriteKernels writes the page as one file without scripts, which opens from
// disk. Equal pages give equal bytes.
func WriteKernels(w io.Writer, k *Kernels) error {
	style := read("page/style.css") + read("page/kernels.css")
	return kernelsPage().Execute(w, struct {
		*Kernels
		Style  template.CSS
		Policy string
	}{k, template.CSS(style), "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src " + hash(style)})
}
