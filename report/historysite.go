package report

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"
	"sync"

	"ipcbench/history"
	"ipcbench/results"
)

// SiteMark is in every page of the site, and in no other file that it writes over.
const SiteMark = `<meta name="generator" content="ipcbench history">`

// Bounds on a series' page, and on its small charts.
const (
	sparkedLines = 400 // with a chart; a chart takes some 700 bytes
	sparkPoints  = 80
)

// Site are the files of the history as a static site, by their paths with slashes: an
// index, a page for each series, and below it one for each cell and each build. Equal
// histories give equal bytes. It needs no network, and opens from disk.
func (h *History) Site(q history.Query) (all []File) {
	add := func(name, page string, data func() any) {
		up := strings.Repeat("../", strings.Count(name, "/"))
		all = append(all, File{name, func(w io.Writer) error {
			return sitePages().ExecuteTemplate(w, page, struct {
				Up     string
				Mark   template.HTML
				Policy string
				Of     any
			}{up, template.HTML(SiteMark), sitePolicy, data()})
		}})
	}
	asset := func(name, content string) {
		all = append(all, File{"assets/" + name, func(w io.Writer) error { _, err := io.WriteString(w, content); return err }})
	}
	asset("style.css", read("page/style.css")+read("page/kernels.css")+read("page/history.css"))
	asset("d3.min.js", read("thirdparty/d3.min.js"))
	asset("plot.min.js", read("thirdparty/plot.min.js"))
	asset("history.js", "\"use strict\";\n"+read("page/format.js")+read("page/history.js"))
	var views []*siteSeries
	for _, s := range h.Series {
		v := newSiteSeries(s, q)
		views = append(views, v)
		in := "series/" + s.Name + "/"
		add(in+PageFile, "series", func() any { return v })
		for i := range s.Lines {
			add(in+v.page[i], "cell", func() any { return v.cell(i) })
		}
		for i := range s.Builds {
			add(in+buildPage(s, i), "build", func() any { return v.build(i) })
		}
	}
	add(PageFile, "index", func() any { return views })
	return all
}

// sitePolicy lets scripts and styles in from the site alone. A page from disk has no
// origin that 'self' would name.
const sitePolicy = "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; style-src 'self' file:; script-src 'self' file:"

var sitePages = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("history").Funcs(template.FuncMap{"quote": results.Quote, "plural": results.Plural}).ParseFS(files, "page/history.html.tmpl"))
})

// siteSeries is the page of a series.
type siteSeries struct {
	*history.Series
	query history.Query
	page  []string         // of each line
	at    map[[2]int]int   // the place of a build's point in a line
	steps map[int][]siteAt // by build
}

type siteAt struct{ line, step int }

func newSiteSeries(s *history.Series, q history.Query) *siteSeries {
	v := &siteSeries{Series: s, query: q, at: map[[2]int]int{}, steps: map[int][]siteAt{}}
	for i := range s.Lines {
		l := &s.Lines[i]
		v.page = append(v.page, "cells/"+slug(l.Cell, l.Class, l.Metric)+".html")
		for k := range l.Points {
			v.at[[2]int{i, l.Points[k].Build}] = k
		}
		for k, step := range l.Steps {
			v.steps[step.At] = append(v.steps[step.At], siteAt{i, k})
		}
	}
	return v
}

// slug is a name as a file may have it, with what keeps different ones apart.
func slug(parts ...string) string {
	text := strings.Join(parts, "\n")
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-':
			return r
		}
		return '_'
	}, parts[0])
	sum := sha256.Sum256([]byte(text))
	return name[:min(len(name), 100)] + "-" + hex.EncodeToString(sum[:4])
}

func buildPage(s *history.Series, i int) string { return "builds/" + s.Builds[i].ID + ".html" }

// Span, Sentences and Threshold are what the series comes to, as the terminal has it.
func (v *siteSeries) Span() string { return span(v.Series) }

func (v *siteSeries) Sentences() (all []string) {
	for _, c := range historyClasses(v.Series) {
		all = append(all, c.sentence(v.Series))
	}
	return all
}

func (v *siteSeries) Threshold() string { return thresholds(v.query) }

func (v *siteSeries) Newest() string {
	if len(v.Builds) == 0 {
		return "–"
	}
	return v.Builds[len(v.Builds)-1].Name()
}

// Found is what the newest builds hold, in a few words.
func (v *siteSeries) Found() string {
	if len(v.Gate) == 0 {
		return "nothing slower"
	}
	return results.Plural(len(v.Gate), "cell") + " slower, or without a number"
}

// siteStep is a step as a page shows it.
type siteStep struct {
	history.Step
	Page, Build    string // addresses of its cell and its first build
	Short          string // the cell
	Text, Interval string
}

func (v *siteSeries) step(line int, step history.Step) siteStep {
	l := &v.Lines[line]
	return siteStep{step, v.page[line], buildPage(v.Series, step.At), l.Of.Short(l.Cell), results.Change(step.Change.Center), reach(step.Change)}
}

// Recent are the steps that are new, the newest first.
func (v *siteSeries) Recent() (all []siteStep) {
	for i := range v.Lines {
		for _, step := range v.Lines[i].Steps {
			if step.New && !step.Small {
				all = append(all, v.step(i, step))
			}
		}
	}
	slices.SortStableFunc(all, func(a, b siteStep) int {
		return cmp.Or(cmp.Compare(b.At, a.At), -cmp.Compare(math.Abs(math.Log(float64(a.Change.Center))), math.Abs(math.Log(float64(b.Change.Center)))))
	})
	return all
}

// siteRow is a cell in the table of a series.
type siteRow struct {
	Page, Short, Metric string
	Class               string // of the hosts, where the series has several
	Box, Line, Told     string // of the small chart
	Marks               []siteMark
	X, Y                float64 // of the newest number
	Number              string
	Total               string // change from the first number to the newest
	Worse               bool
	Last                *siteStep // its newest step beyond the threshold
	last                int
}

type siteMark struct {
	X     float64
	Worse bool
}

// Rows are the cells, those with the newest steps first.
func (v *siteSeries) Rows() (all []siteRow) {
	several := len(historyClasses(v.Series)) > 1
	for i := range v.Lines {
		l := &v.Lines[i]
		r := siteRow{Page: v.page[i], Short: l.Of.Short(l.Cell), Metric: l.Metric, last: -1, Number: "–"}
		if several {
			r.Class = l.Class
		}
		for _, step := range l.Steps {
			if !step.Small {
				s := v.step(i, step)
				r.Last, r.last = &s, step.At
			}
		}
		if n := len(l.Points); n > 0 {
			r.Number = pointNumber(l, &l.Points[n-1])
		}
		v.spark(l, &r)
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b siteRow) int { return cmp.Compare(b.last, a.last) })
	return all
}

// Charted and Listed are the rows with a chart, and those that are too many for one.
func (v *siteSeries) Charted() []siteRow { return v.Rows()[:min(sparkedLines, len(v.Lines))] }

func (v *siteSeries) Listed() []siteRow { return v.Rows()[min(sparkedLines, len(v.Lines)):] }

// spark draws a line in a small chart, on a scale of its own that shows at least 4 %.
func (v *siteSeries) spark(l *history.Line, r *siteRow) {
	var shown []*history.Point
	for i := range l.Points {
		if l.Points[i].Measured() {
			shown = append(shown, &l.Points[i])
		}
	}
	r.Box = fmt.Sprintf("0 0 %d %d", sparkWidth, sparkHeight)
	if len(shown) == 0 {
		return
	}
	least, most := math.Inf(1), math.Inf(-1)
	for _, p := range shown {
		y := math.Log(float64(p.Number.Center))
		least, most = min(least, y), max(most, y)
	}
	if short := 0.04 - (most - least); short > 0 {
		least, most = least-short/2, most+short/2
	}
	x := func(build float64) float64 {
		return tenth(sparkMargin + (sparkWidth-2*sparkMargin)*build/float64(max(1, len(v.Builds)-1)))
	}
	y := func(p *history.Point) float64 {
		share := (math.Log(float64(p.Number.Center)) - least) / (most - least)
		return tenth(sparkHeight - sparkMargin - share*(sparkHeight-2*sparkMargin))
	}
	var b strings.Builder
	every := (len(shown) + sparkPoints - 1) / sparkPoints
	for i, p := range shown {
		if i%every == 0 || i == len(shown)-1 {
			fmt.Fprintf(&b, "%g,%g ", x(float64(p.Build)), y(p))
		}
	}
	r.Line = strings.TrimSpace(b.String())
	for _, step := range l.Steps {
		if !step.Small {
			r.Marks = append(r.Marks, siteMark{x(float64(step.At) - 0.5), step.Worse})
		}
	}
	first, last := shown[0], shown[len(shown)-1]
	r.X, r.Y = x(float64(last.Build)), y(last)
	if len(shown) > 1 {
		ratio := last.Number.Center / first.Number.Center
		r.Total, r.Worse = results.Change(ratio), ratio > 1
	}
	r.Told = fmt.Sprintf("%s over %s: %s to %s, %s", r.Short, results.Plural(len(shown), "build"), pointNumber(l, first), pointNumber(l, last), results.Plural(len(r.Marks), "step"))
}

func tenth(v float64) float64 { return math.Round(10*v) / 10 }

// pointNumber is a number of a line in its unit, or why there is none.
func pointNumber(l *history.Line, p *history.Point) string {
	if !p.Measured() {
		return string(p.Outcome)
	}
	return siteNumber(l.Metric, float64(p.Number.Center))
}

func siteNumber(metric string, v float64) string {
	i := slices.IndexFunc(results.Metrics, func(m results.Metric) bool { return m.Unit == metric })
	if i < 0 || results.Metrics[i].Class == results.Number {
		return spaced(v)
	}
	return results.Metrics[i].Class.Format(v)
}

// siteCell is the page of a cell.
type siteCell struct {
	Series *siteSeries
	*history.Line
	Short  string
	Points []sitePoint
	Shown  []siteStep
	Data   template.JS
}

type sitePoint struct {
	Name, Page               string // of the build
	Number, Interval, Change string
	Worse                    bool
	Step                     string
	Outcome                  string // of a cell, as its colour has it
	Reason                   string
}

// historyChart is what the chart of a cell is drawn from.
type historyChart struct {
	Unit   results.Class `json:"unit"`
	Metric string        `json:"metric"`
	Builds []string      `json:"builds"`
	Points [][4]any      `json:"points"` // build, median, and its interval, null where too few launches bound it
	Steps  []chartStep   `json:"steps"`
	Levels [][3]float64  `json:"levels"` // from build, to build, median of the medians
}

type chartStep struct {
	At    int    `json:"at"`
	Text  string `json:"text"`
	Worse bool   `json:"worse"`
}

func (v *siteSeries) cell(i int) *siteCell {
	l := &v.Lines[i]
	c := &siteCell{Series: v, Line: l, Short: l.Of.Short(l.Cell)}
	for k := range l.Points {
		c.Points = append(c.Points, v.point(i, k))
	}
	slices.Reverse(c.Points)
	for _, step := range slices.Backward(l.Steps) {
		c.Shown = append(c.Shown, v.step(i, step))
	}
	data := historyChart{Unit: results.Number, Metric: l.Metric, Points: [][4]any{}, Steps: []chartStep{}, Levels: [][3]float64{}}
	for _, m := range results.Metrics {
		if m.Unit == l.Metric {
			data.Unit = m.Class
		}
	}
	for _, b := range v.Builds {
		data.Builds = append(data.Builds, b.Name())
	}
	var level []float64
	from, last := 0, 0
	end := func() {
		if len(level) > 0 {
			data.Levels = append(data.Levels, [3]float64{float64(from), float64(last), digits(float64(results.MedianOf(level).Center))})
		}
		level = nil
	}
	next := 0
	for k := range l.Points {
		p := &l.Points[k]
		if !p.Measured() {
			continue
		}
		if next < len(l.Steps) && p.Build >= l.Steps[next].At {
			end()
			next++
		}
		if level == nil {
			from = p.Build
		}
		level, last = append(level, float64(p.Number.Center)), p.Build
		data.Points = append(data.Points, [4]any{p.Build, digits(float64(p.Number.Center)), results.Float(digits(float64(p.Number.Lo))), results.Float(digits(float64(p.Number.Hi)))})
	}
	end()
	for _, step := range l.Steps {
		data.Steps = append(data.Steps, chartStep{step.At, results.Change(step.Change.Center), step.Worse})
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	if enc.Encode(data) == nil { // numbers and text alone, and no NaN
		c.Data = template.JS(bytes.TrimSpace(b.Bytes()))
	}
	return c
}

// point is a cell in a build, with the change from the last build before that has a
// number.
func (v *siteSeries) point(line, k int) sitePoint {
	l := &v.Lines[line]
	p := &l.Points[k]
	out := sitePoint{Name: v.Builds[p.Build].Name(), Page: buildPage(v.Series, p.Build), Number: pointNumber(l, p), Outcome: string(p.Outcome), Reason: p.Reason}
	if !p.Measured() {
		return out
	}
	if !math.IsInf(float64(p.Number.Hi), 0) {
		out.Interval = siteNumber(l.Metric, float64(p.Number.Lo)) + " to " + siteNumber(l.Metric, float64(p.Number.Hi))
	}
	for before := k - 1; before >= 0; before-- {
		if b := &l.Points[before]; b.Measured() {
			ratio := p.Number.Center / b.Number.Center
			out.Change, out.Worse = results.Change(ratio), ratio > 1
			break
		}
	}
	for _, step := range l.Steps {
		if step.At == p.Build {
			out.Step, out.Worse = results.Change(step.Change.Center), step.Worse
		}
	}
	return out
}

// siteBuild is the page of a build.
type siteBuild struct {
	Series *siteSeries
	history.Entry
	Facts []results.Setting
	Cells []siteBuildCell
	Steps []siteStep
}

type siteBuildCell struct {
	Cell, CellPage, Metric string
	sitePoint
}

func (v *siteSeries) build(i int) *siteBuild {
	b := &siteBuild{Series: v, Entry: v.Builds[i]}
	date := ""
	if !b.Date.IsZero() {
		date = b.Date.Format("2006-01-02 15:04:05 MST")
	}
	for _, f := range [][2]string{{"build", b.Build}, {"date", date}, {"after", b.After}, {"run", b.Run}, {"label", b.Label}, {"system", b.System}, {"kernel", b.Image}, {"its options", b.Options}, {"its SHA-256", b.Sum},
		{"class of hosts", b.Class}, {"ipcbench", b.Program}, {"plan", b.Plan}, {"file", b.ID + history.Extension}} {
		if f[1] != "" {
			b.Facts = append(b.Facts, results.Setting{Key: f[0], Value: results.Quote(f[1])})
		}
	}
	for _, at := range v.steps[i] {
		if step := v.Lines[at.line].Steps[at.step]; !step.Small {
			b.Steps = append(b.Steps, v.step(at.line, step))
		}
	}
	for line := range v.Lines {
		if k, ok := v.at[[2]int{line, i}]; ok {
			l := &v.Lines[line]
			b.Cells = append(b.Cells, siteBuildCell{l.Of.Short(l.Cell), v.page[line], l.Metric, v.point(line, k)})
		}
	}
	return b
}

// BuildList are the builds with the addresses of their pages, the newest first.
func (v *siteSeries) BuildList() (all []siteBuildLink) {
	for i, b := range slices.Backward(v.Builds) {
		n := 0
		for _, at := range v.steps[i] {
			if !v.Lines[at.line].Steps[at.step].Small {
				n++
			}
		}
		all = append(all, siteBuildLink{b.Name(), buildPage(v.Series, i), n, b.Cells})
	}
	return all
}

type siteBuildLink struct {
	Name, Page   string
	Steps, Cells int
}
