package plots

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"golang.org/x/perf/benchmath"

	"ipcbench/results"
)

// family is a recipe for charts that differ only in their setting.
type family struct {
	name  string
	title string // before the setting
	note  string
	kind  Kind
	takes func(results.Cell) bool // which cells it shows
	spans func(*Setting)          // clears what the chart itself spans
	least int                     // different positions on X (rows of dots: lines) below which there is nothing to see
	x, y  Axis
	line  func(results.Cell) string // which line a cell is on
	at    func(*results.Summary) float64
	value func(*results.Summary) results.Estimate
	none  string // why a cell that is ok has no value; "": it was not measured
}

func mechanism(c results.Cell) string { return c.Mechanism }

func only(workload string) func(results.Cell) bool {
	return func(c results.Cell) bool { return c.Workload == workload }
}

func throughputOnly(c results.Cell) bool {
	return c.Workload != "PingPong" && measured(c)
}

// measured are the cells whose time says what a mechanism takes: of floors and of
// messages at a rate it says something else.
func measured(c results.Cell) bool { return c.Workload != results.FloorWorkload && c.Rate == 0 }

func paced(c results.Cell) bool { return c.Rate > 0 }

// byRate clears the rate, which the chart spans.
func byRate(s *Setting) {
	s.Options, _, _ = strings.Cut(s.Options, "rate=") // the last of them
	s.Options = strings.TrimSpace(s.Options)
}

var rateAxis = Axis{Label: "messages due a second", Unit: Count, Log: true}

func rate(s *results.Summary) float64 { return float64(s.Cell.Rate) }

func bySize(s *results.Summary) float64 { return float64(s.Cell.Size) }

var sizeAxis = Axis{Label: "message size", Unit: Bytes, Log: true}

// families, in the order of the page. The distribution is made apart: a cell
// is a line there, not a point.
var families = []family{
	{
		name: "throughput", title: "throughput",
		note: "Payload delivered per second. Bands are 95 % intervals of the median.",
		kind: Lines, takes: throughputOnly, spans: func(s *Setting) { s.Size = 0 }, least: 2,
		x: sizeAxis, y: Axis{Label: "payload per second", Unit: BytesPerSecond, Log: true},
		line: mechanism, at: bySize, value: func(s *results.Summary) results.Estimate { return s.BytesPerSec },
	},
	{
		name: "latency", title: "round trip",
		note: "There and back between two processes. Bands are 95 % intervals of the median.",
		kind: Lines, takes: only("PingPong"), spans: func(s *Setting) { s.Size = 0 }, least: 2,
		x: sizeAxis, y: Axis{Label: "time of a round trip", Unit: Nanoseconds, Log: true},
		line: mechanism, at: bySize, value: func(s *results.Summary) results.Estimate { return s.NsPerOp },
	},
	{
		name: "tailatrate", title: "latency against rate, 99th percentile",
		note: "Messages at a fixed rate; latency counts from when each was due to be sent, so that waiting counts. Bands are 95 % intervals of the median.",
		kind: Lines, takes: paced, spans: byRate, least: 2,
		x: rateAxis, y: Axis{Label: "99th percentile of latency", Unit: Nanoseconds, Log: true},
		line: mechanism, at: rate, value: func(s *results.Summary) results.Estimate { return s.P99 },
		none: fmt.Sprintf("too few messages for a 99th percentile, which needs %d in a launch", results.TailP99),
	},
	{
		name: "medianatrate", title: "latency against rate, median",
		kind: Lines, takes: paced, spans: byRate, least: 2,
		x: rateAxis, y: Axis{Label: "median of latency", Unit: Nanoseconds, Log: true},
		line: mechanism, at: rate, value: func(s *results.Summary) results.Estimate { return s.P50 },
		none: fmt.Sprintf("too few messages for a median, which needs %d in a launch", results.TailP50),
	},
	{
		name: "wakeups", title: "in wake-ups",
		note: "A round trip against one wake-up of its place, one way.",
		kind: Lines, takes: worthIn(results.WakeUps), spans: func(s *Setting) { s.Size = 0 }, least: 2,
		x: sizeAxis, y: Axis{Label: "wake-ups' worth", Unit: Times, Log: true},
		line: mechanism, at: bySize, value: worth,
	},
	{
		name: "copies", title: "in copies",
		note: "A message against one copy of it within one process. Bands are 95 % intervals of the ratio.",
		kind: Lines, takes: worthIn(results.Copies), spans: func(s *Setting) { s.Size = 0 }, least: 2,
		x: sizeAxis, y: Axis{Label: "copies' worth", Unit: Times, Log: true},
		line: mechanism, at: bySize, value: worth,
	},
	{
		name: "capacity", title: "throughput against capacity",
		note: "What F_SETPIPE_SZ buys: the capacity is what the kernel gave.",
		kind: Lines, takes: throughputOnly, spans: func(s *Setting) { s.Queue = "" }, least: 2,
		x: Axis{Label: "capacity given", Unit: Bytes, Log: true}, y: Axis{Label: "payload per second", Unit: BytesPerSecond, Log: true},
		line: mechanism, at: func(s *results.Summary) float64 { return float64(s.Queue) },
		value: func(s *results.Summary) results.Estimate { return s.BytesPerSec },
	},
	{
		name: "inflight", title: "messages in flight against capacity",
		note: "Messages that the link held before its sender had to wait, found by filling it.",
		kind: Lines, takes: throughputOnly, spans: func(s *Setting) { s.Queue = "" }, least: 2,
		x: Axis{Label: "capacity given", Unit: Bytes, Log: true}, y: Axis{Label: "messages in flight", Unit: Count, Log: true},
		line: mechanism, at: func(s *results.Summary) float64 { return float64(s.Queue) },
		value: func(s *results.Summary) results.Estimate {
			n, ok := s.InFlight.Get()
			if !ok {
				return results.Estimate{}
			}
			v := float64(n)
			return results.Estimate{Summary: benchmath.Summary{Center: v, Lo: v, Hi: v}, N: s.N}
		},
	},
	{
		name: "place", title: "by place",
		note: "The same cell with its processes on one CPU and on two.",
		kind: Dots, takes: measured, spans: func(s *Setting) { s.Place = "" }, least: 2,
		x:    Axis{Label: "time of an operation", Unit: Nanoseconds, Log: true},
		line: func(c results.Cell) string { return c.Place }, value: func(s *results.Summary) results.Estimate { return s.NsPerOp },
	},
	{
		name: "options", title: "by option",
		note: "The same cell with an option at one value and at others: how ends wait, how much a call hands over, who copies, what backs the memory.",
		kind: Dots, takes: func(c results.Cell) bool { return measured(c) && c.Rate == 0 }, spans: func(s *Setting) { s.Options = "" }, least: 2,
		x:    Axis{Label: "time of an operation", Unit: Nanoseconds, Log: true},
		line: func(c results.Cell) string { return cmp.Or(c.Options.String(), "usual") }, value: func(s *results.Summary) results.Estimate { return s.NsPerOp },
	},
	{
		name: "cpu", title: "CPU time",
		note: "User and system time of all processes, per operation.",
		kind: Dots, takes: measured, spans: func(s *Setting) { s.Place = "" }, least: 1,
		x:    Axis{Label: "CPU time of an operation", Unit: Nanoseconds, Log: true},
		line: func(c results.Cell) string { return c.Place }, value: func(s *results.Summary) results.Estimate { return s.CPUNsPerOp },
	},
	{
		name: "switches", title: "context switches",
		note: "Voluntary and involuntary, of all processes, per operation.",
		kind: Dots, takes: measured, spans: func(s *Setting) { s.Place = "" }, least: 1,
		x:    Axis{Label: "context switches of an operation", Unit: Count},
		line: func(c results.Cell) string { return c.Place }, value: func(s *results.Summary) results.Estimate { return s.Switches },
	},
}

// Charts draws everything that the summaries, which are those of one run,
// have to show: of each family a chart for each setting that occurs.
func Charts(summaries []results.Summary) []Chart {
	var charts []Chart
	for _, f := range families {
		charts = append(charts, f.charts(summaries)...)
	}
	return charts
}

func (f *family) charts(summaries []results.Summary) []Chart {
	var order []Setting
	cells := map[Setting][]*results.Summary{}
	for i := range summaries {
		s := &summaries[i]
		if !f.takes(s.Cell) {
			continue
		}
		set := settingOf(s.Cell)
		f.spans(&set)
		if cells[set] == nil {
			order = append(order, set)
		}
		cells[set] = append(cells[set], s)
	}
	var charts []Chart
	for _, set := range order {
		if c := f.chart(set, cells[set]); c.worth(f.least) {
			charts = append(charts, c)
		}
	}
	return charts
}

func (f *family) chart(set Setting, cells []*results.Summary) Chart {
	c := Chart{ID: set.id(f.name), Family: f.name, Title: set.title(f.title), Note: f.note, Kind: f.kind, Set: set, X: f.x, Y: f.y}
	if f.kind == Dots {
		for _, s := range cells {
			if !slices.Contains(c.Y.Categories, s.Cell.Mechanism) {
				c.Y.Categories = append(c.Y.Categories, s.Cell.Mechanism)
			}
		}
	}
	for _, s := range cells {
		line, v := f.line(s.Cell), f.value(s)
		p := Point{Y: v.Center, Lo: v.Lo, Hi: v.Hi, Cell: s.Cell.Name()}
		if f.kind == Dots {
			p.X, p.Y = v.Center, float64(slices.Index(c.Y.Categories, s.Cell.Mechanism))
		} else {
			p.X = f.at(s)
		}
		if math.IsInf(p.Lo, 0) || math.IsInf(p.Hi, 0) {
			p.Lo, p.Hi = v.Center, v.Center
		}
		switch {
		case s.Outcome != results.OK:
			c.Missing = append(c.Missing, Missing{line, p.X, string(s.Outcome) + ": " + results.Quote(strings.Join(s.Reasons, "; ")), p.Cell})
		case !v.Known():
			c.Missing = append(c.Missing, Missing{line, p.X, cmp.Or(f.none, "not measured"), p.Cell})
		case v.Center == 0 && (c.X.Log && f.kind == Dots || c.Y.Log && f.kind == Lines):
			c.Missing = append(c.Missing, Missing{line, p.X, "0 has no logarithm", p.Cell})
		case c.X.Log && p.X <= 0:
			c.Missing = append(c.Missing, Missing{line, p.X, "where it belongs on the axis is not known", p.Cell})
		default:
			c.add(line, p)
		}
	}
	for i := range c.Lines {
		slices.SortStableFunc(c.Lines[i].Points, func(a, b Point) int { return cmp.Compare(a.X, b.X) })
	}
	slices.SortFunc(c.Lines, func(a, b Line) int { return cmp.Compare(a.Name, b.Name) })
	c.noteIntervals()
	return c
}

// noteIntervals says so where a note speaks of intervals and no point has one.
func (c *Chart) noteIntervals() {
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

func (c *Chart) add(line string, p Point) {
	i := slices.IndexFunc(c.Lines, func(l Line) bool { return l.Name == line })
	if i < 0 {
		i = len(c.Lines)
		c.Lines = append(c.Lines, Line{Name: line})
	}
	c.Lines[i].Points = append(c.Lines[i].Points, p)
}

// worth tells whether any line has as many points at different places, or, in
// a chart of dots, whether there are as many lines.
func (c *Chart) worth(least int) bool {
	if c.Kind == Dots {
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

// id names a chart: "throughput-stream-same-default".
func (s Setting) id(family string) string {
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

// title says what is shown: "Stream throughput, place same, queue 1MiB".
func (s Setting) title(what string) string {
	t := s.Workload + " " + what
	if s.Size > 0 {
		t += ", messages of " + results.FormatBytes(s.Size)
		if s.Size < 1<<10 {
			t += " B"
		}
	}
	if s.Place != "" {
		t += ", place " + s.Place
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
