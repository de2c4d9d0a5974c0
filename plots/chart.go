// Package plots draws charts as SVG and PNG. What a picture shows is a Chart,
// data that the page of a report and the static pictures share.
package plots

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"ipcbench/results"
)

// Chart is a picture as data. Amounts are nanoseconds, bytes, bytes per
// second and counts; the drawing scales them.
type Chart struct {
	ID     string  `json:"id"`     // unique, [a-z0-9-]+: the name of its file, and of its place on the page
	Family string  `json:"family"` // of charts that differ only in their setting: "throughput", "latency" …
	Title  string  `json:"title"`  // what, and in which setting: "Stream throughput, same CPU"
	Note   string  `json:"note"`   // how to read it, a sentence; may be ""
	Kind   Kind    `json:"kind"`
	Set    Setting `json:"setting"`
	X      Axis    `json:"x"`
	Y      Axis    `json:"y"`
	Lines  []Line  `json:"lines"` // by name; none is empty

	// Missing are the points that have no place in the picture, and why: a
	// cell that was skipped, a value that has no logarithm.
	Missing []Missing `json:"missing"`

	// Shown are the mechanisms that a reader sees at first; nil: all.
	Shown []string `json:"shown,omitempty"`

	// Source is where the numbers come from, a line below a picture: the host, its
	// kernel, the date, and how many launches. The page has it elsewhere.
	Source string `json:"-"`
}

// Kind is how a chart is drawn.
type Kind string

const (
	Lines Kind = "lines" // Y against X, a line a mechanism with its interval as a band and its name at the end
	Marks Kind = "marks" // Y against X, a point a mechanism
	Dots  Kind = "dots"  // a row for each of Y.Categories, X with its interval, a colour a line
)

// Setting is what all cells of a chart have in common; the other axes are in
// the chart. Zero values say that the chart spans them.
type Setting struct {
	Workload string `json:"workload"`
	Place    string `json:"place,omitempty"`
	Peers    int    `json:"peers,omitempty"`
	Queue    string `json:"queue,omitempty"`   // as results.FormatQueue has it
	Size     int    `json:"size,omitempty"`    // bytes
	Options  string `json:"options,omitempty"` // as results.Options has them: "wait=epoll"
}

// Axis is one direction of a chart.
type Axis struct {
	Label      string   `json:"label"` // with the unit in words where ticks do not carry it
	Unit       Unit     `json:"unit"`
	Log        bool     `json:"log"`                  // logarithmic: all values are above 0
	Categories []string `json:"categories,omitempty"` // names of the positions 0, 1, …; Unit is None
}

// Unit is how ticks and values are written.
type Unit string

const (
	Bytes          Unit = "B"    // 64, 4KiB, 1MiB
	BytesPerSecond Unit = "B/s"  // 1.2GiB/s
	Nanoseconds    Unit = "ns"   // 640ns, 4.1µs
	Count          Unit = "n"    // 3.2, 1024
	Quantile       Unit = "tail" // 1/(1-q): 1 is the least, 2 the median, 100 the 99th percentile
	Times          Unit = "×"    // a ratio, 1 is no change
	None           Unit = ""
)

// Line is the points of one mechanism, or of one side, in ascending X.
type Line struct {
	Name string `json:"name"`
	Look
	Points []Point `json:"points"`
}

// Point is one cell's value with its interval. Without one Lo and Hi are the
// value.
type Point struct {
	X    float64 `json:"x"`
	Y    float64 `json:"y"`
	Lo   float64 `json:"lo"` // of Y, or of X in a chart of dots
	Hi   float64 `json:"hi"`
	Cell string  `json:"cell"` // the name: see Page.Cells for n, launches, warnings
}

// Missing is a point without a place.
type Missing struct {
	Line   string  `json:"line"`
	X      float64 `json:"x"` // 0: not known
	Reason string  `json:"reason"`
	Cell   string  `json:"cell"` // its name
}

// SettingOf is the setting of a cell, all of it.
func SettingOf(c results.Cell) Setting {
	return Setting{c.Workload, c.Place, c.Peers, results.FormatQueue(c.Queue), c.Size, c.Options.String()}
}

// NoteIntervals says so where a note speaks of intervals and no point has one.
func (c *Chart) NoteIntervals() {
	if !strings.Contains(c.Note, "interval") {
		return
	}
	for _, l := range c.Lines {
		for _, p := range l.Points {
			if p.Lo < p.Hi {
				return
			}
		}
	}
	c.Note += " There are none here: they need six launches."
}

// Mechanisms are what the chart compares, its lines or the rows of a chart of dots.
func (c *Chart) Mechanisms() (names []string) {
	if c.Kind == Dots {
		return c.Y.Categories
	}
	for _, l := range c.Lines {
		names = append(names, l.Name)
	}
	return names
}

// Brief returns the chart with the mechanisms alone that are shown at first, and
// says so.
func (c Chart) Brief() Chart {
	n := len(c.Mechanisms())
	if c.Shown == nil {
		return c
	}
	if c.Kind != Dots {
		c.Lines = slices.DeleteFunc(slices.Clone(c.Lines), func(l Line) bool { return !slices.Contains(c.Shown, l.Name) })
	} else {
		c.Lines = slices.Clone(c.Lines)
		for i, l := range c.Lines {
			c.Lines[i].Points = slices.DeleteFunc(slices.Clone(l.Points), func(p Point) bool { return !slices.Contains(c.Shown, c.Y.Categories[int(p.Y)]) })
		}
		c.Lines = slices.DeleteFunc(c.Lines, func(l Line) bool { return len(l.Points) == 0 })
	}
	c.Missing = slices.DeleteFunc(slices.Clone(c.Missing), func(m Missing) bool { return !slices.Contains(c.Shown, cmp.Or(c.rowOf(m), m.Line)) })
	first := "the fastest"
	if c.Family == "change" {
		first = "those that changed most"
	}
	c.Note = strings.TrimSpace(fmt.Sprintf("%s %d of %d mechanisms: %s and the core mechanisms.", c.Note, len(c.Shown), n, first))
	return c
}

// Add puts a point on the line of that name, which it begins where there is none.
func (c *Chart) Add(line string, p Point) {
	i := slices.IndexFunc(c.Lines, func(l Line) bool { return l.Name == line })
	if i < 0 {
		i = len(c.Lines)
		c.Lines = append(c.Lines, Line{Name: line})
	}
	c.Lines[i].Points = append(c.Lines[i].Points, p)
}

// Spans reports whether any line has as many points at different places, or, in
// a chart of dots or marks, whether there are as many lines.
func (c *Chart) Spans(least int) bool {
	if c.Kind != Lines {
		return len(c.Lines) >= least
	}
	return slices.ContainsFunc(c.Lines, func(l Line) bool {
		places := map[float64]bool{}
		for _, p := range l.Points {
			places[p.X] = true
		}
		return len(places) >= least
	})
}

// ID names a chart: "throughput-stream-same-default".
func (s Setting) ID(family string) string {
	parts := []string{family, strings.ToLower(s.Workload)}
	if s.Place != "" {
		parts = append(parts, s.Place)
	}
	if s.Queue != "" {
		parts = append(parts, strings.ToLower(s.Queue))
	}
	if s.Size > 0 {
		parts = append(parts, strings.ToLower(results.FormatBytes(s.Size)))
	}
	if s.Peers > 0 {
		parts = append(parts, fmt.Sprintf("%dpeers", s.Peers))
	}
	if s.Options != "" {
		parts = append(parts, strings.NewReplacer("=", "", " ", "-").Replace(s.Options))
	}
	return strings.Join(parts, "-")
}

// Title says what is shown: "Stream throughput, same CPU, queue 1MiB".
func (s Setting) Title(what string) string {
	t := s.Workload + " " + what
	if s.Size > 0 {
		t += ", messages of " + results.FormatBytes(s.Size)
		if s.Size < 1<<10 {
			t += " B"
		}
	}
	if s.Place != "" {
		t += ", " + results.PlaceTitle(s.Place)
	}
	if s.Peers > 0 {
		t += fmt.Sprintf(", %d peers", s.Peers)
	}
	if s.Queue != "" && s.Queue != "default" {
		t += ", queue " + s.Queue
	}
	if s.Options != "" {
		t += ", " + s.Options
	}
	return t
}

// Of what has no place in a picture it says as much as small print can.
const (
	maxAbsences = 8   // lines
	maxAbsence  = 150 // characters of one
)

// absences says which points are missing and why: a sentence for those of a
// line that are missing for one kind of reason, which the first one gives.
func (c *Chart) absences() (out []string) {
	type group struct {
		line, kind, reason string
		at, rows           []string
	}
	var groups []*group
	for _, m := range c.Missing {
		mechanism := c.rowOf(m)
		kind, why, _ := strings.Cut(m.Reason, ": ")
		i := slices.IndexFunc(groups, func(g *group) bool { return g.line == m.Line && g.kind == kind })
		if i < 0 {
			i = len(groups)
			groups = append(groups, &group{m.Line, kind, strings.TrimPrefix(why, cmp.Or(mechanism, m.Line)+": "), nil, nil})
		}
		if g := groups[i]; mechanism != "" {
			g.rows = results.AddOnce(g.rows, mechanism)
		} else if m.X > 0 {
			g.at = results.AddOnce(g.at, c.X.Unit.Format(m.X))
		}
	}
	for i, g := range groups {
		if i == maxAbsences-1 && len(groups) > maxAbsences {
			return append(out, fmt.Sprintf("and %d more like these, which the report names", len(groups)-i))
		}
		s := g.line
		if g.rows != nil {
			s = fmt.Sprintf("%s (%s)", strings.Join(g.rows, ", "), g.line)
		}
		if len(g.at) > 0 {
			s += " at " + strings.Join(g.at, ", ")
		}
		s += ", " + g.kind
		if g.reason != "" {
			s += ": " + g.reason
		}
		out = append(out, "Not shown: "+cut(s, maxAbsence))
	}
	return out
}

// rowOf is the mechanism of a point that is missing from a chart of dots; in
// others it is the line, and this is "".
func (c *Chart) rowOf(m Missing) string {
	if c.Kind != Dots {
		return ""
	}
	cell, err := results.ParseCell(m.Cell)
	if err != nil {
		return results.Quote(m.Cell)
	}
	return cell.Mechanism
}
