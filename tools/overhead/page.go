package main

import (
	_ "embed"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/template"

	"ipcbench/results"
)

//go:embed page.md.tmpl
var pageText string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"time":      func(ns results.Float) string { return results.FormatTime(float64(ns)) },
	"ratio":     bracketed,
	"bytes":     results.FormatBytes,
	"mechanism": func(c results.Cell) string { return "`" + c.Mechanism + "`" },
	"counters": func(all []Instructions) bool {
		for _, i := range all {
			if i.EngineKernel > 0 {
				return true
			}
		}
		return false
	},
}).Parse(pageText))

// render writes the page, which depends on what was measured alone.
func (f *Fidelity) render(w io.Writer) error { return pageTemplate.Execute(w, f) }

// More is how many launches the cells have that were measured anew.
func (f *Fidelity) More() int { return moreLaunches * f.Launches }

// bracketed is an estimate with its interval: "1.012 [1.003, 1.021]".
func bracketed(e results.Estimate) string {
	return fmt.Sprintf("%.3f [%.3f, %.3f]", e.Center, e.Lo, e.Hi)
}

// Bound is what the engine is held to, against plain C.
type Bound struct {
	Name  string
	Most  results.Float
	Ratio results.Estimate
	Cells []Pace // where each is held to it, and Ratio is the worst
}

// Verdict goes by the interval, not by its middle.
func (b Bound) Verdict() string {
	if b.Cells == nil {
		return verdict(b.Ratio, b.Most)
	}
	var missed []string
	count := map[string]int{}
	for _, p := range b.Cells {
		v := verdict(p.Ratio, b.Most)
		count[v]++
		if v == "not met" {
			missed = append(missed, fmt.Sprintf("`%s` %s %s", p.Cell.Mechanism, results.FormatBytes(p.Cell.Size), p.Cell.Place))
		}
	}
	text := fmt.Sprintf("of %d cells: %d met, %d undecided, %d not met", len(b.Cells), count["met"], count["undecided"], count["not met"])
	if len(missed) > 0 {
		text += ": " + strings.Join(missed, ", ")
	}
	return text
}

func verdict(ratio results.Estimate, most results.Float) string {
	switch {
	case ratio.Hi <= most:
		return "met"
	case ratio.Lo > most:
		return "not met"
	}
	return "undecided"
}

// Bounds are the suite's promises, with what was measured of them.
func (f *Fidelity) Bounds() []Bound {
	of := func(want func(results.Cell) bool) (cells []Pace) {
		for _, p := range f.Pace {
			if want(p.Cell) {
				cells = append(cells, p)
			}
		}
		return cells
	}
	mean := func(name string, most results.Float, cells []Pace) Bound {
		var launches [][]float64
		for _, p := range cells {
			launches = append(launches, p.Launches)
		}
		return Bound{Name: name, Most: most, Ratio: geometric(launches)}
	}
	worst := func(name string, most results.Float, cells []Pace) Bound {
		b := Bound{Name: name, Most: most, Cells: cells}
		for _, p := range cells {
			if p.Ratio.Hi > b.Ratio.Hi {
				b.Ratio = p.Ratio
			}
		}
		return b
	}
	pingpong := of(func(c results.Cell) bool { return c.Workload == "PingPong" })
	long := of(func(c results.Cell) bool { return c.Workload == "Stream" && c.Size >= 4<<10 })
	short := of(func(c results.Cell) bool { return c.Workload == "Stream" && c.Size < 4<<10 })
	copies := of(func(c results.Cell) bool {
		return (c.Mechanism == results.FloorCopy || c.Mechanism == results.FloorCopies) && c.Size >= 4<<10 || c.Mechanism == results.FloorBounce
	})
	return slices.DeleteFunc([]Bound{
		mean("PingPong, geometric mean of all cells", 1.03, pingpong),
		worst("PingPong, each cell", 1.08, pingpong),
		mean("Stream from 4 KiB up, geometric mean", 1.05, long),
		worst("Stream from 4 KiB up, each cell", 1.05, long),
		mean("Stream at 64 bytes, geometric mean", 1.15, short),
		worst("Stream at 64 bytes, each cell", 1.15, short),
		worst("floors in memory alone, from 4 KiB up, each", 1.15, copies),
	}, func(b Bound) bool { return b.Ratio.Center == 0 }) // nothing was measured of it
}
