package history

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"ipcbench/compare"
	"ipcbench/compare/steps"
	"ipcbench/results"
)

// Query says what of a series is looked at.
type Query struct {
	Cells     []string // patterns, see results.MatchCells; none: all
	Metric    string   // a unit; "": what the gate of a comparison judges
	Threshold float64  // a smaller change is no step for the table and the gate; 0: 2 % of instructions, 5 % of a time
	Newest    int      // so many builds of a class count as new, at least 1
}

// CountedThreshold is that of counted instructions where none is named.
const CountedThreshold = 0.02

// Metrics are the units that a Query may name.
func Metrics() []string { return slices.Concat(timed, counted) }

// Series is the builds of a series in their order, and its cells over them.
type Series struct {
	Name    string   `json:"series"`   // what it is called
	Order   string   `json:"order"`    // what gives builds their place: "version" or "date"
	Builds  []Entry  `json:"builds"`   // the oldest first
	Lines   []Line   `json:"cells"`    // by class, in the order of results.Summarize
	Steps   []Step   `json:"steps"`    // the newest first, and of one build the largest
	Smaller int      `json:"smaller"`  // steps within the threshold, which Steps has too
	New     []Change `json:"new"`      // cells that the newest build has, and none before it
	Missing []Change `json:"missing"`  // cells that the build before has, and the newest has not
	Broken  []Change `json:"broken"`   // cells that have no number in the newest builds, and had one before
	LeftOut []Odd    `json:"left_out"` // files that are no builds, and builds that have no place
	Gate    []string `json:"gate"`     // what fails the gate, a sentence each
}

// Entry is a build of a series.
type Entry struct {
	*Header
	ID string `json:"id"` // what its file is called, and what --after may name
}

// Line is a cell over the builds of a class.
type Line struct {
	Cell    string  `json:"cell"`    // its name
	Class   string  `json:"class"`   // of the hosts
	Metric  string  `json:"metric"`  // unit of the numbers
	Counted bool    `json:"counted"` // instructions: launches are seeds
	Points  []Point `json:"points"`  // of the builds that have the cell
	Steps   []Step  `json:"steps"`   // all, the oldest first

	Of results.Cell `json:"-"`
}

// Point is a cell in a build.
type Point struct {
	Build   int              `json:"build"` // place in Series.Builds, from 0
	Outcome results.Outcome  `json:"outcome"`
	Reason  string           `json:"reason,omitempty"` // why it is not ok
	Number  results.Estimate `json:"number,omitzero"`  // median over the launches; absent where it is not ok

	values  Launches // of the metric
	further Launches // of a counted cell, the instructions beside its path
}

// Measured reports whether the cell has a number in the build.
func (p *Point) Measured() bool { return p.Number.N > 0 }

// Step is a lasting change of a cell between two builds.
type Step struct {
	Cell    string        `json:"cell"`    // its name
	Class   string        `json:"class"`   // of the hosts
	Metric  string        `json:"metric"`  // unit of the numbers
	Before  string        `json:"before"`  // the last build without it
	First   string        `json:"first"`   // the first build that shows it
	At      int           `json:"at"`      // place of that in the builds of the series, from 0
	Change  results.Ratio `json:"change"`  // factor, with its interval at 95 %
	Seen    int           `json:"seen"`    // builds that show it
	Worse   bool          `json:"worse"`   // it takes longer
	Small   bool          `json:"small"`   // within the threshold
	New     bool          `json:"new"`     // first in one of the newest builds
	Held    bool          `json:"held"`    // no later step of the cell
	Program bool          `json:"program"` // it is also the first build that another version of ipcbench measured
	Explain string        `json:"explain"` // command that explains it
}

// A Change is a cell of which more or less is known than before.
type Change struct {
	Cell   string `json:"cell"`             // its name
	Class  string `json:"class"`            // of the hosts
	Build  string `json:"build"`            // in which it is so
	Reason string `json:"reason,omitempty"` // why it has no number
}

// Read reads a series. A file that is no build is left out, and named.
func Read(dir, series string, q Query) (*Series, error) {
	all, odd, err := headers(dir, series)
	if err != nil {
		return nil, err
	}
	s := &Series{Name: series, Order: "version", Builds: []Entry{}, Lines: []Line{}, Steps: []Step{}, New: []Change{}, Missing: []Change{}, Broken: []Change{}, LeftOut: odd, Gate: []string{}}
	left := func(h *Header, why error) {
		s.LeftOut = append(s.LeftOut, Odd{filepath.Join(dir, series, h.ID+Extension), results.Quote(why.Error())})
	}
	if byDate(all) {
		s.Order = "date"
	}
	all = order(all, left)
	builds := newGathering(q)
	root, err := os.OpenRoot(filepath.Join(dir, series))
	if err == nil {
		defer root.Close()
	} else if len(all) > 0 {
		return nil, err
	}
	var kept []*Header
	run := map[string]*Header{} // two branches may have added one under two names
	for i, h := range slices.Backward(all) {
		if builds.full() {
			for _, old := range all[:i+1] {
				left(old, fmt.Errorf("newer builds have %d values already: name fewer cells", int(maxValues)))
			}
			break
		}
		if first := run[h.Run]; first != nil {
			left(h, fmt.Errorf("its run %s is also build %s, %s", h.Run, first.Build, first.ID+Extension))
			continue
		}
		var read []gathered
		err := open(root, h.ID+Extension, func(r *reader) error {
			return r.rest(h.ID, func(c Cell, of results.Cell) error {
				if builds.takes(c.Name, of) {
					read = append(read, gathered{c, of})
				}
				return nil
			})
		})
		if err != nil {
			left(h, err)
			continue
		}
		builds.add(h, len(kept), read)
		run[h.Run] = h
		kept = append(kept, h)
	}
	slices.Reverse(kept)
	for _, h := range kept {
		s.Builds = append(s.Builds, Entry{h, h.ID})
	}
	s.Lines = builds.lines(len(kept))
	if s.LeftOut == nil {
		s.LeftOut = []Odd{}
	}
	s.find(q)
	return s, nil
}

// gathered is a cell of a build.
type gathered struct {
	Cell
	of results.Cell
}

// gathering collects the cells of builds, the newest first.
type gathering struct {
	query  Query
	by     map[[2]string]*Line // by class and name
	texts  map[string]string   // each reason once
	values int                 // that are held
}

func newGathering(q Query) *gathering {
	return &gathering{query: q, by: map[[2]string]*Line{}, texts: map[string]string{}}
}

func (g *gathering) full() bool { return g.values > maxValues }

func (g *gathering) takes(name string, of results.Cell) bool {
	return len(g.query.Cells) == 0 || slices.ContainsFunc(g.query.Cells, func(p string) bool {
		return results.MatchCells(p, name) || results.MatchCells(p, of.Short(name))
	})
}

// add takes the cells of a build, the n-th from the newest.
func (g *gathering) add(h *Header, n int, cells []gathered) {
	for _, c := range cells {
		key := [2]string{h.Class, c.Name}
		l := g.by[key]
		if l == nil {
			l = &Line{Cell: c.Name, Class: h.Class, Counted: h.Counted, Of: c.of, Steps: []Step{}}
			g.by[key] = l
		}
		if known, ok := g.texts[c.Reason]; ok {
			c.Reason = known
		} else {
			g.texts[c.Reason] = c.Reason
		}
		p := Point{Build: n, Outcome: c.Outcome, Reason: c.Reason}
		switch {
		case g.query.Metric != "":
			p.values = c.Values[g.query.Metric]
		case h.Counted:
			p.values, p.further = c.Values["path-insns/op"], c.Values["insns/op"]
		case c.of.Rate > 0:
			p.values = c.Values["p99-ns"]
		default:
			p.values = c.Values["ns/op"]
		}
		g.values += 16 + len(p.values) + len(p.further) // a Point takes as much as 16
		l.Points = append(l.Points, p)
	}
}

// lines are the cells over so many builds, the oldest first.
func (g *gathering) lines(builds int) []Line {
	all := make([]Line, 0, len(g.by))
	for _, l := range g.by {
		slices.Reverse(l.Points)
		l.Metric = g.metric(l)
		for i := range l.Points {
			p := &l.Points[i]
			p.Build = builds - 1 - p.Build
			if l.Metric == "insns/op" && g.query.Metric == "" {
				p.values = p.further
			}
			p.further = nil
			if v := p.values.measured(); len(v) > 0 {
				p.Number = results.MedianOf(v)
			}
		}
		all = append(all, *l)
	}
	slices.SortFunc(all, func(a, b Line) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), results.CompareCells(a.Of, b.Of), cmp.Compare(a.Cell, b.Cell))
	})
	return all
}

// metric is what a line is of: of instructions the path, where every build that has a
// number has it.
func (g *gathering) metric(l *Line) string {
	switch {
	case g.query.Metric != "":
		return g.query.Metric
	case !l.Counted && l.Of.Rate > 0:
		return "p99-ns"
	case !l.Counted:
		return "ns/op"
	case slices.ContainsFunc(l.Points, func(p Point) bool { return p.values.count() > 0 }) &&
		!slices.ContainsFunc(l.Points, func(p Point) bool { return p.values.count() == 0 && p.further.count() > 0 }):
		return "path-insns/op"
	}
	return "insns/op"
}

// find finds the steps, and what is new, missing and broken.
func (s *Series) find(q Query) {
	of := map[string][]int{} // the builds of a class
	for i, b := range s.Builds {
		of[b.Class] = append(of[b.Class], i)
	}
	var search steps.Search // false steps are bounded over all cells together
	for i := range s.Lines {
		if !s.Lines[i].Counted {
			search.Series++
		}
	}
	for i := range s.Lines {
		l := &s.Lines[i]
		l.Steps = s.steps(l, q, of[l.Class], search)
		s.Steps = append(s.Steps, l.Steps...)
		s.change(l, of[l.Class], q)
	}
	for _, step := range s.Steps {
		if step.Small {
			s.Smaller++
		}
	}
	slices.SortStableFunc(s.Steps, func(a, b Step) int {
		return cmp.Or(cmp.Compare(b.At, a.At), cmp.Compare(b.size(), a.size()), cmp.Compare(a.Cell, b.Cell))
	})
	for _, step := range s.Steps {
		if step.New && step.Held && step.Worse && !step.Small {
			s.Gate = append(s.Gate, fmt.Sprintf("%s takes %s since %s", step.Cell, results.Change(step.Change.Center), results.Quote(step.First)))
		}
	}
	for _, c := range s.Broken {
		s.Gate = append(s.Gate, fmt.Sprintf("%s has no number in %s: %s", c.Cell, results.Quote(c.Build), results.Quote(c.Reason)))
	}
}

// size is that of the change, on the scale of logarithms.
func (s *Step) size() float64 { return math.Abs(math.Log(float64(s.Change.Center))) }

// threshold is that of a query for a line.
func (q Query) threshold(counted bool) float64 {
	if counted {
		return cmp.Or(q.Threshold, CountedThreshold)
	}
	return cmp.Or(q.Threshold, compare.Defaults.Threshold)
}

// newest are the first of the builds of a class that count as new.
func (q Query) newest(builds []int) []int {
	return builds[max(0, len(builds)-max(1, q.Newest)):]
}

// steps are those of a line over the builds that measured it.
func (s *Series) steps(l *Line, q Query, builds []int, search steps.Search) []Step {
	var at []int
	var times []steps.Build
	var counts [][]float64
	for i := range l.Points {
		if p := &l.Points[i]; p.Measured() {
			at = append(at, p.Build)
			times, counts = append(times, p.values.measured()), append(counts, p.values)
		}
	}
	var found []steps.Step
	if l.Counted {
		found = steps.Counted(counts)
	} else {
		found = search.Timed(times)
	}
	all := []Step{}
	for i, f := range found {
		if f.At < 1 || f.At >= len(at) {
			continue
		}
		before, first := &s.Builds[at[f.At-1]], &s.Builds[at[f.At]]
		step := Step{
			Cell: l.Cell, Class: l.Class, Metric: l.Metric, Before: before.Name(), First: first.Name(), At: at[f.At], Seen: f.Seen,
			Change: results.Ratio{Center: results.Float(f.Ratio), Lo: results.Float(f.Low), Hi: results.Float(f.High)},
			Worse:  f.Ratio > 1, Program: before.Program != first.Program, New: slices.Contains(q.newest(builds), at[f.At]), Held: i == len(found)-1,
			Explain: explain(l, before.Header, first.Header),
		}
		step.Small = step.size() <= math.Log(1+q.threshold(l.Counted))
		all = append(all, step)
	}
	return all
}

// change notes whether a line is new, missing or broken in the newest builds of its
// class.
func (s *Series) change(l *Line, builds []int, q Query) {
	if len(builds) < 2 || len(l.Points) == 0 {
		return
	}
	last, before := builds[len(builds)-1], builds[len(builds)-2]
	newest := l.Points[len(l.Points)-1]
	change := Change{Cell: l.Cell, Class: l.Class, Build: s.Builds[last].Name()}
	switch {
	case newest.Build == last && len(l.Points) == 1:
		s.New = append(s.New, change)
	case newest.Build == before:
		s.Missing = append(s.Missing, change)
	case newest.Build == last && (newest.Outcome == results.Failed || newest.Outcome == results.Skipped):
		i := slices.IndexFunc(l.Points, func(p Point) bool { return p.Build == q.newest(builds)[0] })
		// Measured before the newest builds, or in one of them, and no more.
		if slices.ContainsFunc(l.Points[max(0, i-1):], func(p Point) bool { return p.Measured() }) {
			change.Reason = fmt.Sprintf("%s: %s", newest.Outcome, cmp.Or(newest.Reason, "no reason is stated"))
			s.Broken = append(s.Broken, change)
		}
	}
}
