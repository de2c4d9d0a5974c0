package report

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"strings"

	"ipcbench/internal/text"
	"ipcbench/kernels/profile"
	"ipcbench/results"
)

// WhyFormats are those of a comparison of profiles.
var WhyFormats = []string{"text", "markdown", "json", "folded"}

// Lines of the tables of a comparison of profiles, at most.
const (
	whyFunctions = 20
	whyPaths     = 30
	leastInsns   = 0.05 // a smaller change of a function is printed as none
)

// WriteWhy writes profiles in one of WhyFormats: the new one, and its comparison with
// the old one where there is one.
func WriteWhy(w io.Writer, format string, s text.Screen, old, new *profile.Profile) error {
	if format == "folded" {
		return profile.WriteFolded(w, old, new)
	}
	c, err := whyOf(old, new)
	if err != nil {
		return err
	}
	if format == "json" {
		return text.WriteJSON(w, c)
	}
	out := why{Comparison: c, screen: s, f: text.Form{Writer: bufio.NewWriter(w), Markdown: format == "markdown", Columns: s.Width()}}
	return out.write()
}

// whyOf compares the profiles, of which the old one may be nil.
func whyOf(old, new *profile.Profile) (*profile.Comparison, error) {
	if old == nil {
		return profile.One(new), nil
	}
	return profile.Compare(old, new)
}

// why is a comparison of profiles that is being written.
type why struct {
	*profile.Comparison
	screen text.Screen
	f      text.Form
	err    error
}

func (y *why) write() error {
	y.f.Paragraph("", results.Quote(y.Cell)+": "+whyTitle(y.Comparison))
	y.totals()
	y.functions()
	y.paths()
	return cmp.Or(y.err, y.f.Flush())
}

// whyTitle is what was profiled, and how.
func whyTitle(c *profile.Comparison) string {
	what := "where the instructions go in " + results.Quote(c.New.Kernel)
	if c.Old != nil {
		what = fmt.Sprintf("why %s differs from %s", results.Quote(c.New.Kernel), results.Quote(c.Old.Kernel))
	}
	return fmt.Sprintf("%s, in insns/op (%s, seed %d, QEMU %s)", what, results.Plural(c.New.Ops, "operation"), c.New.Seed, results.Quote(c.QEMU))
}

// table writes rows whose first column is a name, and whose others are numbers of the
// kernels and their change, with further columns behind.
func (y *why) table(name string, further []text.Column, rows [][]string) {
	all := append(append([]text.Column{{Head: name, Least: 16}}, y.numbers()...), further...)
	if y.f.Markdown {
		head := make([]string, len(all))
		for i, c := range all {
			head[i] = cmp.Or(y.f.Escape(c.Head), " ")
		}
		y.f.Table("", "lr", append([][]string{head}, rows...))
		return
	}
	y.f.Printf("\n")
	dropped, err := y.screen.Table(y.f, "", all, rows)
	y.err = cmp.Or(y.err, err)
	if note := text.Dropped(dropped, "--format json"); note != "" {
		y.f.Paragraph("", note)
	}
}

// numbers are the columns of a Change.
func (y *why) numbers() []text.Column {
	label := func(s profile.Side) string {
		if l := results.Quote(s.Kernel); y.screen.Columns == 0 {
			return l
		} else {
			return text.Shorten(l, 14)
		}
	}
	if y.Old == nil {
		return []text.Column{{Head: label(y.New), Right: true}, {Head: "share", Right: true}}
	}
	return []text.Column{{Head: label(*y.Old), Right: true}, {Head: label(y.New), Right: true}, {Head: "change", Right: true}}
}

// cells are a Change in those columns.
func (y *why) cells(n profile.Change) []string {
	if y.Old == nil {
		return []string{insns(n.New), share(n.New / y.Total.New)}
	}
	return []string{insns(n.Old), insns(n.New), insnsMore(n.By())}
}

func insns(v float64) string     { return fmt.Sprintf("%.1f", v) }
func insnsMore(v float64) string { return strings.Replace(fmt.Sprintf("%+.1f", v), "-0.0", "+0.0", 1) }

func share(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }

// totals are what the round took in all, and what it took unprofiled.
func (y *why) totals() {
	counted := profile.Change{New: y.New.Counted}
	known := y.New.Counted > 0
	if y.Old != nil {
		counted.Old, known = y.Old.Counted, known && y.Old.Counted > 0
	}
	rows := [][]string{append([]string{"profiled round"}, y.cells(y.Total)...)}
	if known {
		row := y.cells(counted)
		if y.Old == nil {
			row[1] = ""
		}
		rows = append(rows, append([]string{"the same round, not profiled"}, row...))
	}
	var further []text.Column
	if y.Old != nil {
		further = []text.Column{{Right: true}}
		for i, n := range []profile.Change{y.Total, counted}[:len(rows)] {
			rows[i] = append(rows[i], results.Change(results.Float(n.New/n.Old)))
		}
	}
	y.table("", further, rows)
}

// functions are the functions that changed most, and what the others come to.
func (y *why) functions() {
	further := []text.Column{{Head: "with callees", Right: true, Drop: 1}}
	var rows [][]string
	shown := y.Functions[:min(whyFunctions, len(y.Functions))]
	for len(shown) > 1 && math.Abs(shown[len(shown)-1].Own.By()) < leastInsns {
		shown = shown[:len(shown)-1]
	}
	var grouped []string
	for _, r := range shown {
		all := insns(r.All.New)
		if y.Old != nil {
			all = insnsMore(r.All.By())
		}
		name := functionName(r.Function)
		if r.Group != nil {
			name += fmt.Sprintf(" and %d more", len(r.Group)-1)
			grouped = append(grouped, results.Quote(r.Why))
		}
		rows = append(rows, append(append([]string{name}, y.cells(r.Own)...), all))
	}
	if others := y.Functions[len(shown):]; len(others) > 0 {
		var sum profile.Change
		for _, r := range others {
			sum.Old, sum.New = sum.Old+r.Own.Old, sum.New+r.Own.New
		}
		rows = append(rows, append(append([]string{results.Plural(len(others), "other function")}, y.cells(sum)...), ""))
	}
	y.table("function", further, rows)
	if grouped != nil {
		y.f.Printf("\n")
		y.f.Paragraph("", "Functions that only one kernel has stand with what took their place, where the counts show it:")
		if y.f.Markdown {
			y.f.Printf("\n")
		}
		for _, g := range grouped {
			y.f.Item(g)
		}
	}
}

// paths are the call paths that carry the change.
func (y *why) paths() {
	var rows [][]string
	for _, chain := range y.Carrying(whyPaths) {
		var names []string
		for _, call := range chain.Calls {
			names = append(names, callName(call))
		}
		indent := "  "
		if y.f.Markdown {
			indent = "\u2003" // which Markdown leaves
		}
		rows = append(rows, append([]string{strings.Repeat(indent, chain.Depth) + strings.Join(names, " → ")}, y.cells(chain.All)...))
	}
	y.table("call path, with what it calls", nil, rows)
}

// functionName marks functions of the program.
func functionName(f profile.Function) string {
	if f.User {
		return callName(f) + " (program)"
	}
	return callName(f)
}

// callName is the name of a function where its callers show what it is of. Of a Go
// function the last part of its package's path is enough.
func callName(f profile.Function) string {
	if f.User {
		return results.Quote(f.Name[strings.LastIndexByte(f.Name, '/')+1:])
	}
	return results.Quote(f.Name)
}
