package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"ipcbench/compare"
	"ipcbench/plots"
	"ipcbench/results"
)

// Comparison is what package compare found between two sides, as data. Its
// charts are among those of the page, families "change" and "forest".
type Comparison struct {
	Old       string                 `json:"old"` // name, cells, records, kernels
	New       string                 `json:"new"`
	Sentence  string                 `json:"sentence"`  // what it came to: see compare.Report
	Sum       string                 `json:"sum"`       // "1 slower, 30 same"
	Counts    []Tally                `json:"counts"`    // what matters first; none is 0
	Gate      string                 `json:"gate"`      // what was tested, how, and what size of change it can see
	Launches  string                 `json:"launches"`  // how they vary
	Threshold float64                `json:"threshold"` // change up to which nothing matters: 0.05 is 5 %
	Refused   bool                   `json:"refused"`   // the sides are not comparable: Warnings give the reasons
	Warnings  []compare.Warning      `json:"warnings,omitempty"`
	Rows      []ComparedRow          `json:"rows"`               // what matters first
	Outcomes  []compare.Change       `json:"outcomes,omitempty"` // cells whose outcome changed
	Means     []compare.Mean         `json:"means,omitempty"`
	Left      []compare.Incomparable `json:"incomparable,omitempty"` // rows that were left out for their warnings
	NotShown  []string               `json:"not_compared,omitempty"` // units and metrics that no row shows
	NeverOK   int                    `json:"never_ok"`               // cells that are not ok, with the same outcome on both sides
}

// Tally is how many rows and changed outcomes have a verdict.
type Tally struct {
	Verdict compare.Verdict `json:"verdict"`
	N       int             `json:"n"`
}

// ComparedRow is one cell and metric that is ok on both sides.
type ComparedRow struct {
	Cell     string           `json:"cell"` // the name
	Metric   string           `json:"metric"`
	Unit     string           `json:"unit"` // of old and new: "sec/op", "B/s"
	Better   string           `json:"better"`
	Old      results.Estimate `json:"old"`
	New      results.Estimate `json:"new"`
	Change   results.Ratio    `json:"change"` // of new to old; 1 is no change
	P        results.Float    `json:"p_gate"` // of being slower than the threshold, corrected; null: not judged
	OldN     int              `json:"old_n"`  // launches
	NewN     int              `json:"new_n"`
	Verdict  compare.Verdict  `json:"verdict"`
	Note     string           `json:"note"` // the verdict, with what would decide it where it is none
	Warnings []string         `json:"warnings,omitempty"`
}

// Compare adds a comparison to the page. Its new side should be the run that
// the page is of.
func (p *Page) Compare(r *compare.Report) {
	c := Comparison{
		Old: results.Quote(about(r.Old)), New: results.Quote(about(r.New)), Sentence: results.Quote(sentence(r)), Sum: counts(r), Gate: strings.Join([]string{change(r), scope(r)}, " "), Launches: results.Quote(variation(r)),
		Threshold: r.Threshold, Refused: r.Refused, Warnings: r.Warnings, Outcomes: r.Outcomes, Left: r.Incomparable, Means: r.Means, NotShown: r.NotCompared, NeverOK: r.NeverOK,
	}
	for _, v := range compare.Verdicts() {
		if n := r.Count(v); n > 0 {
			c.Counts = append(c.Counts, Tally{v, n})
		}
	}
	for i := range r.Rows {
		c.Rows = append(c.Rows, newComparedRow(&r.Rows[i]))
	}
	charts := changes(r)
	p.color(charts)
	brief(charts)
	charts = append(charts, forests(r)...)
	if n := len(p.Comparisons); n > 0 {
		for i := range charts { // an ID is unique
			charts[i].ID += "-" + string(rune('a'+n))
		}
	}
	p.Comparisons = append(p.Comparisons, c)
	p.Charts = append(charts, p.Charts...)
}

func newComparedRow(r *compare.Row) ComparedRow {
	return ComparedRow{
		Cell: r.Name, Metric: r.Metric, Unit: r.Unit, Better: r.Better, Old: rounded(r.Old.Estimate), New: rounded(r.New.Estimate),
		Change: roundedRatio(r.Ratio), P: digits(r.PGate), OldN: r.Old.N, NewN: r.New.N, Verdict: r.Verdict, Note: judgement(r), Warnings: r.Warnings,
	}
}

// compared is the metric that pictures of a comparison show: payload per
// second is its inverse.
const compared = "ns/op"

var timesAxis = plots.Axis{Label: "time of an operation, new to old", Unit: plots.Times, Log: true}

// changes charts the ratio against size, a line a mechanism, for each
// workload, place, number of peers and queue with two sizes or more.
func changes(r *compare.Report) (charts []plots.Chart) {
	f := family{name: "change", title: "change", least: 2}
	note := fmt.Sprintf("Below 1 the new side is faster. Bands are 95 %% intervals of the ratio; up to %s nothing matters.", results.Percent(r.Threshold))
	at := map[plots.Setting]int{}
	for i := range r.Rows {
		row := &r.Rows[i]
		if row.Metric != compared || row.Cell.Other != "" { // that has no size
			continue
		}
		set := plots.SettingOf(row.Cell)
		set.Size = 0
		k, known := at[set]
		if !known {
			k = len(charts)
			at[set] = k
			charts = append(charts, plots.Chart{ID: set.ID(f.name), Family: f.name, Title: set.Title(f.title), Note: note, Kind: plots.Lines, Set: set, X: sizeAxis, Y: timesAxis})
		}
		c := &charts[k]
		p := ratioPoint(row.Ratio)
		p.X, p.Y, p.Cell = float64(row.Cell.Size), float64(row.Ratio.Center), row.Name
		line := row.Cell.Mechanism + strings.TrimPrefix(row.Name, row.Cell.Name()) // its configuration, where a side has several
		if why := c.Y.Refuses(p.Y); why != "" {
			c.Missing = append(c.Missing, plots.Missing{Line: line, X: p.X, Reason: why, Cell: p.Cell})
			continue
		}
		c.Add(line, p)
	}
	charts = slices.DeleteFunc(charts, func(c plots.Chart) bool { return !c.Spans(f.least) })
	for i := range charts {
		charts[i].NoteIntervals()
		for k := range charts[i].Lines {
			slices.SortFunc(charts[i].Lines[k].Points, func(a, b plots.Point) int { return cmp.Compare(a.X, b.X) })
		}
		slices.SortFunc(charts[i].Lines, func(a, b plots.Line) int { return cmp.Compare(a.Name, b.Name) })
	}
	slices.SortFunc(charts, func(a, b plots.Chart) int { return cmp.Compare(a.ID, b.ID) })
	return charts
}

// ratioPoint is a point with the bounds of a ratio, or its center where there
// are too few launches for bounds.
func ratioPoint(r results.Ratio) plots.Point {
	if lo, hi := float64(r.Lo), float64(r.Hi); lo > 0 && !math.IsInf(hi, 0) {
		return plots.Point{Lo: lo, Hi: hi}
	}
	return plots.Point{Lo: float64(r.Center), Hi: float64(r.Center)}
}

// forestRows is how many rows a forest plot has room for.
const forestRows = 60

// verdictColor says a verdict in the palette.
var verdictColor = map[compare.Verdict]int{
	compare.Slower: 6, compare.Faster: 3, compare.Same: 5, compare.CantTell: 1, compare.Unjudged: 7,
}

// forests charts the ratios of all cells with their intervals, in the order
// of the report: what matters first, and of one verdict the largest change.
func forests(r *compare.Report) (charts []plots.Chart) {
	var rows []*compare.Row
	for i := range r.Rows {
		if row := &r.Rows[i]; row.Metric == compared && timesAxis.Refuses(float64(row.Ratio.Center)) == "" {
			rows = append(rows, row)
		}
	}
	of := (len(rows) + forestRows - 1) / forestRows
	for chunk := range slices.Chunk(rows, forestRows) {
		n := len(charts) + 1
		c := plots.Chart{ID: "forest", Family: "forest", Title: "Change of every cell", Kind: plots.Dots, X: timesAxis, Y: plots.Axis{},
			Note: "Below 1 the new side is faster. Lines are 95 % intervals of the ratio. What matters is first."}
		if of > 1 {
			c.ID, c.Title = fmt.Sprintf("forest-%d", n), fmt.Sprintf("%s, part %d of %d", c.Title, n, of)
		}
		for i, row := range chunk {
			p := ratioPoint(row.Ratio)
			p.X, p.Y, p.Cell = float64(row.Ratio.Center), float64(i), row.Name
			c.Y.Categories = append(c.Y.Categories, short(row))
			c.Add(string(row.Verdict), p)
		}
		for i := range c.Lines {
			c.Lines[i].Color = verdictColor[compare.Verdict(c.Lines[i].Name)]
		}
		c.NoteIntervals()
		charts = append(charts, c)
	}
	return charts
}

// short names a cell where there is little room: "Stream pipe 4KiB same".
func short(row *compare.Row) string {
	c := row.Cell
	if c.Other != "" {
		return row.Name
	}
	s := fmt.Sprintf("%s %s %s %s", c.Workload, c.Mechanism, results.FormatBytes(c.Size), c.Place)
	if c.Queue > 0 {
		s += " queue " + results.FormatQueue(c.Queue)
	}
	if c.Peers > 0 {
		s += fmt.Sprintf(" %d peers", c.Peers)
	}
	if o := c.Options.String(); o != "" {
		s += " " + o
	}
	return s + strings.TrimPrefix(row.Name, c.Name())
}
