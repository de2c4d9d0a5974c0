package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"

	"ipcbench/choose"
	"ipcbench/internal/words"
	"ipcbench/plots"
	"ipcbench/results"
)

// index is what the page's scripts read at once: what there is to look at. The
// rest lies beside it in blocks, each a script element, which are read as they
// are looked at. Of 12,000 cells a reader sees some tens.
type index struct {
	*Page
	Axes   axes              `json:"axes"`
	Cells  []cellBlock       `json:"cells"`
	Charts []chartHead       `json:"charts"`
	Advice []adviceBlock     `json:"advice"`
	Tables []setting         `json:"tables"` // of the numbers by size
	Needs  []choose.Need     `json:"needs"`
	Words  map[string]string `json:"words"`
	Facts  *struct{}         `json:"facts,omitempty"` // a block
}

// axes are the values that occur.
type axes struct {
	Workload []string `json:"workload"`
	Place    []string `json:"place"` // unpinned first
	Queue    []int    `json:"queue"` // ascending, as Size
	Options  []string `json:"options"`
	Size     []int    `json:"size"`
	Peers    bool     `json:"peers"` // some cells have a number of them
	Time     bool     `json:"time"`  // some cells have one
}

// cellBlock is the cells of one workload and size: block "cells WORKLOAD SIZE".
type cellBlock struct {
	Workload string `json:"workload"`
	Size     int    `json:"size"`
}

// adviceBlock is the advice for one pattern and size: block "advice PATTERN SIZE".
type adviceBlock struct {
	Pattern  string `json:"pattern"`
	Size     int    `json:"size"`
	Workload string `json:"workload"` // that measures it
}

// setting is what the cells of a table have in common.
type setting struct {
	Workload string `json:"workload"`
	Peers    int    `json:"peers,omitempty"`
	Queue    int    `json:"queue,omitempty"`
	Options  string `json:"options,omitempty"`
}

// chartHead is a chart without its lines: block "chart ID" has them.
type chartHead struct {
	plots.Chart
	Lines   *struct{} `json:"lines,omitempty"`
	Missing *struct{} `json:"missing,omitempty"`
	Points  int       `json:"points"`
	Of      int       `json:"mechanisms"` // how many it compares
}

// chartLine is a line as the page has it: what its points have in common once, and
// no interval that is none. A distribution has 20 points of one cell.
type chartLine struct {
	plots.Line
	Cell   string       `json:"cell,omitempty"` // of all points that name none
	Points []chartPoint `json:"points"`
}

type chartPoint struct {
	X    float64     `json:"x"`
	Y    float64     `json:"y"`
	Span *[2]float64 `json:"span,omitempty"` // the interval
	Cell string      `json:"cell,omitempty"`
}

func chartLines(lines []plots.Line) []chartLine {
	out := make([]chartLine, len(lines))
	for i, l := range lines {
		out[i] = chartLine{Line: l}
		if n := len(l.Points); n > 1 && l.Points[0].Cell == l.Points[n-1].Cell {
			out[i].Cell = l.Points[0].Cell
		}
		for _, p := range l.Points {
			q := chartPoint{X: p.X, Y: p.Y, Cell: p.Cell}
			if p.Lo < p.Hi {
				q.Span = &[2]float64{p.Lo, p.Hi}
			}
			if q.Cell == out[i].Cell {
				q.Cell = ""
			}
			out[i].Points = append(out[i].Points, q)
		}
	}
	return out
}

// block is a part of the page's data.
type block struct {
	ID   string
	Data template.JS
}

// told is advice as the page has it: with the question in words, and what is left
// out as indices into the block "left", as most advice leaves out the same.
type told struct {
	choose.Advice
	Case    string `json:"case"`
	LeftOut []int  `json:"left_out"`
}

// front is the answer to the first question, with the question before it; "" where
// nothing was asked.
func front(advice []choose.Advice) string {
	if len(advice) == 0 {
		return ""
	}
	a := slices.MinFunc(advice, func(x, y choose.Advice) int {
		plain := func(a choose.Advice) int {
			return map[bool]int{false: 0, true: 1}[a.Pattern != advice[0].Pattern || a.Filtered()]
		}
		silent := func(a choose.Advice) int { return map[bool]int{false: 1, true: 0}[a.Answered()] }
		return cmp.Or(cmp.Compare(plain(x), plain(y)), cmp.Compare(x.Size, y.Size), cmp.Compare(silent(x), silent(y)), byPlace(x.Place, y.Place))
	})
	return a.Case() + ": " + a.Sentence
}

// plain are words that a page also uses in their plain sense.
var plain = []string{"same", "report", "core", "control", "broken", "run", "record", "axis"}

// listed is how many mechanisms an answer lists.
const listed = 8

// blocks splits a page's data. An error names a number that JSON cannot hold.
func blocks(p *Page) (at index, all []block, err error) {
	at = index{Page: p, Axes: newAxes(p.Cells), Needs: choose.Needs, Words: map[string]string{}}
	add := func(data any, id ...any) {
		text, failed := json.Marshal(data) // < > & come out as \u003c and so on: no text ends the element
		if failed != nil && err == nil {
			err = failed
		}
		s := fmt.Sprintln(id...)
		all = append(all, block{s[:len(s)-1], template.JS(text)})
	}
	cells := map[cellBlock][]Cell{}
	for _, c := range p.Cells {
		b := cellBlock{c.Workload, c.Size}
		if cells[b] == nil {
			at.Cells = append(at.Cells, b)
		}
		cells[b] = append(cells[b], c)
		if c.has("time") && c.Workload != results.FloorWorkload {
			at.Tables = results.AddOnce(at.Tables, setting{c.Workload, c.Peers, c.Queue, c.Unusual})
		}
	}
	for _, b := range at.Cells {
		add(cells[b], "cells", b.Workload, b.Size)
	}
	for _, c := range p.Charts {
		at.Charts = append(at.Charts, chartHead{Chart: c, Points: points(&c), Of: len(c.Mechanisms())})
		add(struct {
			Lines   []chartLine     `json:"lines"`
			Missing []plots.Missing `json:"missing,omitempty"`
		}{chartLines(c.Lines), c.Missing}, "chart", c.ID)
	}
	advice := map[adviceBlock][]told{}
	left := map[string]int{}
	var lefts []string
	for _, a := range p.Advice {
		pattern, _ := choose.LookupPattern(a.Pattern)
		b := adviceBlock{a.Pattern, a.Size, pattern.Workload}
		if advice[b] == nil {
			at.Advice = append(at.Advice, b)
		}
		a.Ranked = a.Ranked[:min(len(a.Ranked), listed)]
		t := told{Advice: a, Case: a.Case()}
		for _, l := range a.LeftOut {
			text := l.Mechanism + ": " + l.Why
			if _, known := left[text]; !known {
				left[text], lefts = len(lefts), append(lefts, text)
			}
			t.LeftOut = append(t.LeftOut, left[text])
		}
		advice[b] = append(advice[b], t)
	}
	for _, b := range at.Advice {
		slices.SortStableFunc(advice[b], func(x, y told) int { return byPlace(x.Place, y.Place) })
		add(advice[b], "advice", b.Pattern, b.Size)
	}
	add(lefts, "left")
	add(p.Facts, "facts")
	for _, t := range words.Topics {
		for _, w := range t.Words {
			if !slices.Contains(plain, w.Name) && t.Name != "In the code" {
				at.Words[w.Name] = w.Meaning
			}
		}
	}
	return at, all, err
}

func newAxes(cells []Cell) (a axes) {
	for _, c := range cells {
		a.Workload, a.Place = results.AddOnce(a.Workload, c.Workload), results.AddOnce(a.Place, c.Place)
		a.Queue, a.Size, a.Options = results.AddOnce(a.Queue, c.Queue), results.AddOnce(a.Size, c.Size), results.AddOnce(a.Options, c.Unusual)
		a.Peers = a.Peers || c.Peers > 0
		a.Time = a.Time || c.has("time")
	}
	slices.SortStableFunc(a.Place, byPlace)
	slices.Sort(a.Queue)
	slices.Sort(a.Size)
	slices.Sort(a.Options)
	return a
}
