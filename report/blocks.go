package report

import (
	"cmp"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"ipcbench/choose"
	"ipcbench/internal/words"
	"ipcbench/plots"
	"ipcbench/results"
)

// index is what the page's scripts read at once: what there is to look at. The
// rest lies beside it in blocks, each a script element, which are decompressed as they
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

// cellBlock is the cells of one workload and size: block "cells WORKLOAD SIZE". Cells
// have numbers, from 0 on, in the order of the blocks.
type cellBlock struct {
	Workload string `json:"workload"`
	Size     int    `json:"size"`
	From     int    `json:"from"` // the number of its first cell
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

// chartHead is a chart without its lines: its block has them by its ID.
type chartHead struct {
	plots.Chart
	Block   string    `json:"block"`
	Lines   *struct{} `json:"lines,omitempty"`
	Missing *struct{} `json:"missing,omitempty"`
	Points  int       `json:"points"`
	Of      int       `json:"mechanisms"` // how many it compares
}

// chartBlock is the charts of one family and workload, which have much in common:
// together they take half as much as each alone.
type chartBlock struct{ family, workload string }

func (b chartBlock) id() string { return strings.TrimSpace("charts " + b.family + " " + b.workload) }

// chartData is what a chart shows. A value that is a number of its point's cell is
// not written again: of a large run it would take as much as the cells do.
type chartData struct {
	X       string          `json:"x,omitempty"` // the key of the number that the points have in X; "": they have their own
	Y       string          `json:"y,omitempty"` // the same in Y
	Lines   []chartLine     `json:"lines"`
	Missing []plots.Missing `json:"missing,omitempty"`
}

// chartLine is a line as the page has it: what its points have in common once, and
// no interval that is none. A distribution has 20 points of one cell.
type chartLine struct {
	plots.Line
	Cell   any          `json:"cell,omitempty"` // of all points that name none: its number or, where the page lacks it, its name
	Points []chartPoint `json:"points"`
}

type chartPoint struct {
	X    *float64    `json:"x,omitempty"`
	Y    *float64    `json:"y,omitempty"`
	Span *[2]float64 `json:"span,omitempty"` // the interval
	Cell any         `json:"cell,omitempty"`
}

// cellsByName finds a cell of the page, and its number.
type cellsByName map[string]numbered

type numbered struct {
	n    int
	cell *Cell
}

// of is the number of a cell or, where the page lacks it, its name.
func (cells cellsByName) of(name string) any {
	if c, ok := cells[name]; ok {
		return c.n
	}
	if name == "" {
		return nil
	}
	return name
}

// key is that of the number which all points of a chart have in an axis, "" where
// there is none. The interval is that of the axis with the values.
func (cells cellsByName) key(c *plots.Chart, value func(plots.Point) float64, interval bool) string {
	for _, key := range append(numberKeys(), floorKey) {
		all := true
		for _, l := range c.Lines {
			for _, p := range l.Points {
				at := cells[p.Cell]
				if all = at.cell != nil && at.cell.shows(key, value(p), p, interval); !all {
					break
				}
			}
			if !all {
				break
			}
		}
		if all {
			return key
		}
	}
	return ""
}

// shows reports whether a point has that number of the cell.
func (c *Cell) shows(key string, value float64, p plots.Point, interval bool) bool {
	e, ok := c.Numbers[key]
	if !ok || float64(e.Center) != value {
		return false
	}
	bounds := e.Lo < e.Hi && !math.IsInf(float64(e.Lo), 0) && !math.IsInf(float64(e.Hi), 0)
	return !interval || bounds == (p.Lo < p.Hi) && (!bounds || float64(e.Lo) == p.Lo && float64(e.Hi) == p.Hi)
}

func numberKeys() (keys []string) {
	for _, m := range results.Metrics {
		keys = append(keys, m.Key)
	}
	return keys
}

// newChartData is what the page has of a chart.
func newChartData(c *plots.Chart, cells cellsByName) chartData {
	x, y := func(p plots.Point) float64 { return p.X }, func(p plots.Point) float64 { return p.Y }
	d := chartData{Lines: make([]chartLine, len(c.Lines)), Missing: c.Missing}
	spans := &d.Y
	switch c.Kind {
	case plots.Dots:
		d.X, spans = cells.key(c, x, true), &d.X
	case plots.Marks:
		d.X = cells.key(c, x, false)
		fallthrough
	default:
		d.Y = cells.key(c, y, true)
	}
	for i, l := range c.Lines {
		d.Lines[i] = chartLine{Line: l}
		n := len(l.Points)
		one := n > 1 && l.Points[0].Cell == l.Points[n-1].Cell
		if one {
			d.Lines[i].Cell = cells.of(l.Points[0].Cell)
		}
		for _, p := range l.Points {
			var q chartPoint
			if d.X == "" {
				q.X = &p.X
			}
			if d.Y == "" {
				q.Y = &p.Y
			}
			if *spans == "" && p.Lo < p.Hi {
				q.Span = &[2]float64{p.Lo, p.Hi}
			}
			if !one || p.Cell != l.Points[0].Cell {
				q.Cell = cells.of(p.Cell)
			}
			d.Lines[i].Points = append(d.Lines[i].Points, q)
		}
	}
	return d
}

// block is a part of the page's data, compressed with deflate, in base64.
type block struct {
	ID   string
	Data template.JS
}

func newBlock(id string, data any) (block, error) {
	text, err := json.Marshal(data)
	if err != nil {
		return block{}, err
	}
	var b strings.Builder
	b.WriteByte('"')
	letters := base64.NewEncoder(base64.StdEncoding, &b)
	packed, err := flate.NewWriter(letters, flate.BestCompression)
	if err != nil {
		return block{}, err
	}
	_, err = packed.Write(text)
	err = errors.Join(err, packed.Close(), letters.Close())
	b.WriteByte('"')
	return block{id, template.JS(b.String())}, err
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

// pageBytes is how many bytes of data a page has, at most: with its scripts and its
// text it then has 4 MB. A page of 12,000 cells with ten launches each is below that.
const pageBytes = 3 << 20

// fitted splits a page's data into blocks that fit into pageBytes. Of a larger run it
// leaves out what a reader misses least, and says so in the page: first the single
// launches, then the charts with the fewest points.
func fitted(p *Page, most int) (all []block, left []string, err error) {
	had := len(p.Charts)
	for {
		if all, err = blocks(p); err != nil || size(all) <= most {
			return all, left, err
		}
		q := *p
		launches := func(c Cell) bool { return c.Launches != nil }
		switch {
		case slices.ContainsFunc(p.Cells, launches):
			q.Cells = slices.Clone(p.Cells)
			for i := range q.Cells {
				q.Cells[i].Launches = nil
			}
			left = append(left, "the single launches of each cell")
		case len(p.Charts) > 0:
			byPoints := slices.Clone(p.Charts)
			slices.SortStableFunc(byPoints, func(a, b plots.Chart) int { return points(&b) - points(&a) })
			keep := map[string]bool{}
			for _, c := range byPoints[:len(byPoints)/2] {
				keep[c.ID] = true
			}
			q.Charts = slices.DeleteFunc(slices.Clone(p.Charts), func(c plots.Chart) bool { return !keep[c.ID] })
			left = append(left[:1:1], fmt.Sprintf("%s with the fewest points", results.Plural(had-len(q.Charts), "chart")))
		default:
			return all, left, nil
		}
		p = &q
	}
}

func size(all []block) (n int) {
	for _, b := range all {
		n += len(b.Data)
	}
	return n
}

// blocks splits a page's data. An error names a number that JSON cannot hold.
func blocks(p *Page) (all []block, err error) {
	at := index{Page: p, Axes: newAxes(p.Cells), Needs: choose.Needs, Words: map[string]string{}}
	add := func(data any, id ...any) {
		s := fmt.Sprintln(id...)
		b, failed := newBlock(s[:len(s)-1], data)
		if failed != nil && err == nil {
			err = failed
		}
		all = append(all, b)
	}
	cells := map[cellBlock][]Cell{}
	for _, c := range p.Cells {
		b := cellBlock{Workload: c.Workload, Size: c.Size}
		if cells[b] == nil {
			at.Cells = append(at.Cells, b)
		}
		cells[b] = append(cells[b], c)
		if c.has("time") && c.Workload != results.FloorWorkload {
			at.Tables = results.AddOnce(at.Tables, setting{c.Workload, c.Peers, c.Queue, c.Unusual})
		}
	}
	byName, n := cellsByName{}, 0
	for i, b := range at.Cells {
		at.Cells[i].From = n
		for k := range cells[b] {
			byName[cells[b][k].Name] = numbered{n + k, &cells[b][k]}
		}
		n += len(cells[b])
		add(cells[b], "cells", b.Workload, b.Size)
	}
	charts := map[chartBlock]map[string]chartData{}
	var order []chartBlock
	for i := range p.Charts {
		c := &p.Charts[i]
		b := chartBlock{c.Family, c.Set.Workload}
		if charts[b] == nil {
			charts[b], order = map[string]chartData{}, append(order, b)
		}
		charts[b][c.ID] = newChartData(c, byName)
		at.Charts = append(at.Charts, chartHead{Chart: *c, Block: b.id(), Points: points(c), Of: len(c.Mechanisms())})
	}
	for _, b := range order {
		add(charts[b], b.id())
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
	first, failed := newBlock("data", at)
	return append([]block{first}, all...), errors.Join(err, failed)
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
