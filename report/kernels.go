package report

import (
	"cmp"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"
	"sync"

	"ipcbench/compare"
	"ipcbench/results"
)

// Kernels is the page of runs in guests: cells against kernels.
type Kernels struct {
	Unit     string // "insns/op", or "ns/op" where guests ran in real time
	Sides    []KernelSide
	Rows     []KernelRow // what moved most first
	Not      []KernelAbsence
	Gates    []string // of each comparison: what it came to, and what it can see
	Says     []string // what the scheduler changed
	Warnings []compare.Warning

	least, most float64 // of all ratios
}

// KernelSide is one kernel, in the order given: the first is the base.
type KernelSide struct {
	Label    string
	Kernel   string
	Settings []results.Setting
}

// KernelRow is one cell in each kernel.
type KernelRow struct {
	Name   string
	Values []KernelValue // one a side
	moved  float64
	page   *Kernels
}

// KernelValue is a cell in one kernel; a Median of 0 is none.
type KernelValue struct {
	Median  float64
	Ratio   float64 // to the first kernel; 0: not known
	Verdict compare.Verdict
	Note    string

	Switches string // of an operation; "": not known
}

// pathOf follows the name of a cell whose value is its path.
const pathOf = " path"

// KernelAbsence is a cell without a number, and why.
type KernelAbsence struct{ Name, Reason string }

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
	k := &Kernels{Unit: "ns/op", least: 1, most: 1}
	values := map[string][]KernelValue{}
	for i, set := range sets {
		h := set.Hosts()[0]
		if h.Guest.Accel == "icount" {
			k.Unit = "insns/op"
		}
		k.Sides = append(k.Sides, KernelSide{Label: results.Quote(h.Guest.Label), Kernel: results.Quote(h.Kernel), Settings: newHost(h).Settings})
		for _, s := range set.Summaries() {
			name := s.Cell.Name()
			e, switches := s.NsPerOp, ""
			if k.Unit == "insns/op" {
				e, switches = s.InsnsPerOp, results.Number.Format(float64(s.Of("switches").Center))
				if path := s.Of("path"); path.Known() {
					e, name = path, name+pathOf
				}
			}
			if !e.Known() {
				if a := (KernelAbsence{name, results.Quote(strings.Join(s.Reasons, "; "))}); !slices.Contains(k.Not, a) {
					k.Not = append(k.Not, a)
				}
				continue
			}
			if values[name] == nil {
				values[name] = make([]KernelValue, len(sets))
			}
			values[name][i].Median, values[name][i].Switches = float64(e.Center), switches
		}
	}
	for i, c := range comparisons {
		k.Gates = append(k.Gates, fmt.Sprintf("%s against %s: %s. %s", k.Sides[i+1].Label, k.Sides[0].Label, counts(c), scope(c)))
		k.Says = append(k.Says, says(c)...)
		for _, w := range c.Warnings {
			if !slices.ContainsFunc(k.Warnings, func(e compare.Warning) bool { return e.What == w.What }) {
				k.Warnings = append(k.Warnings, w)
			}
		}
		for r := range c.Rows {
			row := &c.Rows[r]
			name := row.Name
			if row.Metric == "path-insns/op" {
				name += pathOf
			}
			if v := values[name]; (row.Metric == k.Unit || name != row.Name) && v != nil {
				v[i+1].Verdict, v[i+1].Note = row.Verdict, judgement(row)
			}
		}
	}
	for name, v := range values {
		k.add(name, v)
	}
	slices.SortFunc(k.Rows, func(a, b KernelRow) int {
		return cmp.Or(-cmp.Compare(a.moved, b.moved), cmp.Compare(a.Name, b.Name))
	})
	return k
}

func (k *Kernels) add(name string, values []KernelValue) {
	row := KernelRow{Name: name, Values: values, page: k}
	for i := range values {
		if v := &values[i]; v.Median > 0 && values[0].Median > 0 {
			v.Ratio = v.Median / values[0].Median
			row.moved = max(row.moved, math.Abs(math.Log(v.Ratio)))
			k.least, k.most = min(k.least, v.Ratio), max(k.most, v.Ratio)
		}
	}
	k.Rows = append(k.Rows, row)
}

// Short is the cell's name without what all cells have in common.
func (r KernelRow) Short() string {
	s := strings.NewReplacer("/mech=", " ", "/size=", " ", "/queue=default", "", "/place=same", "").Replace(r.Name)
	return strings.TrimSuffix(s, " 1")
}

// Number is the median with three digits or all that it has before the point.
func (v KernelValue) Number() string {
	if v.Median == 0 {
		return "–"
	}
	whole := fmt.Sprintf("%.0f", v.Median)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "\u202f" + whole[i:]
	}
	return whole
}

// Change is against the first kernel.
func (v KernelValue) Change() string {
	if v.Ratio == 0 {
		return ""
	}
	return fmt.Sprintf("%+.1f\u202f%%", 100*(v.Ratio-1))
}

// Class is how a verdict is coloured.
func (v KernelValue) Class() string {
	return map[compare.Verdict]string{compare.Slower: "bad", compare.Broken: "bad", compare.Faster: "good", compare.CantTell: "warning", compare.Unjudged: "warning"}[v.Verdict]
}

// Size of a small chart, in pixels.
const (
	sparkWidth, sparkHeight = 230, 84
	sparkMargin             = 14
)

// mark is a kernel's place in a small chart.
type mark struct{ X, Y float64 }

// Marks are the cell's ratios over kernels, all charts of a page on one scale.
func (r KernelRow) Marks() (out []mark) {
	for i, v := range r.Values {
		if v.Ratio > 0 {
			x := float64(sparkMargin) + float64(sparkWidth-2*sparkMargin)*float64(i)/float64(max(1, len(r.Values)-1))
			out = append(out, mark{math.Round(x), r.page.height(v.Ratio)})
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

// Base is the height of the first kernel's value.
func (r KernelRow) Base() float64 { return r.page.height(1) }

// Last is the newest kernel's value.
func (r KernelRow) Last() KernelValue { return r.Values[len(r.Values)-1] }

func (k *Kernels) height(ratio float64) float64 {
	span := max(math.Log(k.most)-math.Log(k.least), 0.02)
	share := (math.Log(ratio) - math.Log(k.least)) / span
	return math.Round(10 * (sparkHeight - sparkMargin - share*(sparkHeight-2*sparkMargin)) / 10)
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
