package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/HdrHistogram/hdrhistogram-go"

	"ipcbench/plots"
	"ipcbench/results"
)

// family is a recipe for charts that differ only in their setting.
type family struct {
	name  string
	title string // before the setting
	note  string
	kind  plots.Kind
	takes func(results.Cell) bool // which cells it shows
	spans func(*plots.Setting)    // clears what the chart itself spans
	least int                     // different positions on X (rows of dots: lines) below which there is nothing to see
	x, y  plots.Axis
	line  func(results.Cell) string // which line a cell is on
	at    func(*results.Summary) float64
	value func(*results.Summary) results.Estimate
	none  string // why a cell that is ok has no value; "": it was not measured
}

// Families that are not like the others.
const (
	tradeOff     = "tradeoff"     // of the map: what a mechanism's speed costs
	distribution = "distribution" // a cell is a line, not a point
)

func mechanism(c results.Cell) string { return c.Mechanism }

func twoWay(c results.Cell) bool { return results.WorkloadOf(c).TwoWay }

func throughputOnly(c results.Cell) bool { return !twoWay(c) && measured(c) }

// measured are the cells whose time says what a mechanism takes: of floors and of
// messages at a rate it says something else.
func measured(c results.Cell) bool { return c.Workload != results.FloorWorkload && c.Rate == 0 }

func paced(c results.Cell) bool { return c.Rate > 0 }

// byRate clears the rate, which the chart spans.
func byRate(s *plots.Setting) {
	s.Options, _, _ = strings.Cut(s.Options, "rate=") // the last of them
	s.Options = strings.TrimSpace(s.Options)
}

var rateAxis = plots.Axis{Label: "messages due a second", Unit: plots.Count, Log: true}

func rate(s *results.Summary) float64 { return float64(s.Cell.Rate) }

func bySize(s *results.Summary) float64 { return float64(s.Cell.Size) }

var sizeAxis = plots.Axis{Label: "message size", Unit: plots.Bytes, Log: true}

// families, in the order of the page. The distribution is made apart: a cell
// is a line there, not a point.
var families = []family{
	{
		name: tradeOff, title: "time against CPU time",
		note: "Down is faster, left is cheaper: the CPU time is that of all processes together.",
		kind: plots.Marks, takes: func(c results.Cell) bool { return measured(c) && c.Queue == 0 && c.Options == (results.Options{}) }, spans: func(*plots.Setting) {}, least: 1,
		x: plots.Axis{Label: "CPU time of an operation", Unit: plots.Nanoseconds, Log: true}, y: plots.Axis{Label: "time of an operation", Unit: plots.Nanoseconds, Log: true},
		line: mechanism, at: func(s *results.Summary) float64 { return float64(s.Of("cpu").Center) },
		value: func(s *results.Summary) results.Estimate { return s.NsPerOp },
	},
	{
		name: "throughput", title: "throughput",
		note: "Payload delivered per second. Bands are 95 % intervals of the median.",
		kind: plots.Lines, takes: throughputOnly, spans: func(s *plots.Setting) { s.Size = 0 }, least: 2,
		x: sizeAxis, y: plots.Axis{Label: "payload per second", Unit: plots.BytesPerSecond, Log: true},
		line: mechanism, at: bySize, value: func(s *results.Summary) results.Estimate { return s.BytesPerSec },
	},
	{
		name: "latency", title: "round trip",
		note: "There and back between two processes. Bands are 95 % intervals of the median.",
		kind: plots.Lines, takes: twoWay, spans: func(s *plots.Setting) { s.Size = 0 }, least: 2,
		x: sizeAxis, y: plots.Axis{Label: "time of a round trip", Unit: plots.Nanoseconds, Log: true},
		line: mechanism, at: bySize, value: func(s *results.Summary) results.Estimate { return s.NsPerOp },
	},
	{
		name: "tailatrate", title: "latency against rate, 99th percentile",
		note: "Messages at a fixed rate; latency counts from when each was due to be sent, so that waiting counts. Bands are 95 % intervals of the median.",
		kind: plots.Lines, takes: paced, spans: byRate, least: 2,
		x: rateAxis, y: plots.Axis{Label: "99th percentile of latency", Unit: plots.Nanoseconds, Log: true},
		line: mechanism, at: rate, value: func(s *results.Summary) results.Estimate { return s.P99 },
		none: fmt.Sprintf("too few messages for a 99th percentile, which needs %d in a launch", results.TailP99),
	},
	{
		name: "medianatrate", title: "latency against rate, median",
		kind: plots.Lines, takes: paced, spans: byRate, least: 2,
		x: rateAxis, y: plots.Axis{Label: "median of latency", Unit: plots.Nanoseconds, Log: true},
		line: mechanism, at: rate, value: func(s *results.Summary) results.Estimate { return s.Of("p50") },
		none: fmt.Sprintf("too few messages for a median, which needs %d in a launch", results.TailP50),
	},
	{
		name: "wakeups", title: "in wake-ups",
		note: "A round trip against one wake-up of its place, one way.",
		kind: plots.Lines, takes: relatedIn(results.WakeUps), spans: func(s *plots.Setting) { s.Size = 0 }, least: 2,
		x: sizeAxis, y: plots.Axis{Label: "multiple of a wake-up", Unit: plots.Times, Log: true},
		line: mechanism, at: bySize, value: relativeCost,
	},
	{
		name: "copies", title: "in copies",
		note: "A message against one copy of it within one process. Bands are 95 % intervals of the ratio.",
		kind: plots.Lines, takes: relatedIn(results.Copies), spans: func(s *plots.Setting) { s.Size = 0 }, least: 2,
		x: sizeAxis, y: plots.Axis{Label: "multiple of a copy", Unit: plots.Times, Log: true},
		line: mechanism, at: bySize, value: relativeCost,
	},
	{
		name: "capacity", title: "throughput against capacity",
		note: "What F_SETPIPE_SZ buys: the capacity is what the kernel gave.",
		kind: plots.Lines, takes: throughputOnly, spans: func(s *plots.Setting) { s.Queue = "" }, least: 2,
		x: plots.Axis{Label: "capacity given", Unit: plots.Bytes, Log: true}, y: plots.Axis{Label: "payload per second", Unit: plots.BytesPerSecond, Log: true},
		line: mechanism, at: func(s *results.Summary) float64 { return float64(s.Queue) },
		value: func(s *results.Summary) results.Estimate { return s.BytesPerSec },
	},
	{
		name: "inflight", title: "queued messages against capacity",
		note: "Queued messages: how many the link holds before its sender blocks, found by filling it.",
		kind: plots.Lines, takes: throughputOnly, spans: func(s *plots.Setting) { s.Queue = "" }, least: 2,
		x: plots.Axis{Label: "capacity given", Unit: plots.Bytes, Log: true}, y: plots.Axis{Label: "queued messages", Unit: plots.Count, Log: true},
		line: mechanism, at: func(s *results.Summary) float64 { return float64(s.Queue) },
		value: func(s *results.Summary) results.Estimate {
			n, ok := s.InFlight.Get()
			if !ok {
				return results.Estimate{}
			}
			v := results.Float(n)
			return results.Estimate{Center: v, Lo: v, Hi: v, N: s.N}
		},
	},
	{
		name: "place", title: "by place",
		note: "The same cell with its processes unpinned, on the same CPU and on different CPUs.",
		kind: plots.Dots, takes: measured, spans: func(s *plots.Setting) { s.Place = "" }, least: 2,
		x:    plots.Axis{Label: "time of an operation", Unit: plots.Nanoseconds, Log: true},
		line: func(c results.Cell) string { return c.Place }, value: func(s *results.Summary) results.Estimate { return s.NsPerOp },
	},
	{
		name: "options", title: "by option",
		note: "The same cell with an option at one value and at others: how ends wait, how much a call hands over, which process copies, what backs the memory.",
		kind: plots.Dots, takes: func(c results.Cell) bool { return measured(c) && c.Rate == 0 }, spans: func(s *plots.Setting) { s.Options = "" }, least: 2,
		x:    plots.Axis{Label: "time of an operation", Unit: plots.Nanoseconds, Log: true},
		line: func(c results.Cell) string { return cmp.Or(c.Options.String(), "usual") }, value: func(s *results.Summary) results.Estimate { return s.NsPerOp },
	},
	{
		name: "cpu", title: "CPU time",
		note: "User and system time of all processes, per operation.",
		kind: plots.Dots, takes: measured, spans: func(s *plots.Setting) { s.Place = "" }, least: 1,
		x:    plots.Axis{Label: "CPU time of an operation", Unit: plots.Nanoseconds, Log: true},
		line: func(c results.Cell) string { return c.Place }, value: func(s *results.Summary) results.Estimate { return s.Of("cpu") },
	},
	{
		name: "switches", title: "context switches",
		note: "Voluntary and involuntary, of all processes, per operation.",
		kind: plots.Dots, takes: measured, spans: func(s *plots.Setting) { s.Place = "" }, least: 1,
		x:    plots.Axis{Label: "context switches of an operation", Unit: plots.Count},
		line: func(c results.Cell) string { return c.Place }, value: func(s *results.Summary) results.Estimate { return s.Of("switches") },
	},
}

// Charts draws everything that the summaries, which are those of one run,
// have to show: of each family a chart for each setting that occurs.
func Charts(summaries []results.Summary) []plots.Chart {
	var charts []plots.Chart
	for _, f := range families {
		charts = append(charts, f.charts(summaries)...)
	}
	return charts
}

func (f *family) charts(summaries []results.Summary) []plots.Chart {
	var order []plots.Setting
	cells := map[plots.Setting][]*results.Summary{}
	for i := range summaries {
		s := &summaries[i]
		if !f.takes(s.Cell) {
			continue
		}
		set := plots.SettingOf(s.Cell)
		f.spans(&set)
		if cells[set] == nil {
			order = append(order, set)
		}
		cells[set] = append(cells[set], s)
	}
	var charts []plots.Chart
	for _, set := range order {
		if c := f.chart(set, cells[set]); c.Spans(f.least) {
			charts = append(charts, c)
		}
	}
	return charts
}

func (f *family) chart(set plots.Setting, cells []*results.Summary) plots.Chart {
	c := plots.Chart{ID: set.ID(f.name), Family: f.name, Title: set.Title(f.title), Note: f.note, Kind: f.kind, Set: set, X: f.x, Y: f.y}
	if f.kind == plots.Dots {
		for _, s := range cells {
			if !slices.Contains(c.Y.Categories, s.Cell.Mechanism) {
				c.Y.Categories = append(c.Y.Categories, s.Cell.Mechanism)
			}
		}
	}
	for _, s := range cells {
		line, v := f.line(s.Cell), f.value(s)
		center := float64(v.Center)
		p := plots.Point{Y: digits(center), Lo: digits(float64(v.Lo)), Hi: digits(float64(v.Hi)), Cell: s.Cell.Name()}
		if f.kind == plots.Dots {
			p.X, p.Y = digits(center), float64(slices.Index(c.Y.Categories, s.Cell.Mechanism))
		} else {
			p.X = f.at(s)
		}
		if f.kind == plots.Marks {
			p.X = digits(p.X)
		}
		if !v.Bounded() {
			p.Lo, p.Hi = digits(center), digits(center)
		}
		switch {
		case s.Outcome != results.OK:
			c.Missing = append(c.Missing, plots.Missing{Line: line, X: p.X, Reason: string(s.Outcome) + ": " + results.Quote(strings.Join(s.Reasons, "; ")), Cell: p.Cell})
		case !v.Known():
			c.Missing = append(c.Missing, plots.Missing{Line: line, X: p.X, Reason: cmp.Or(f.none, "not measured"), Cell: p.Cell})
		case v.Center == 0 && (c.X.Log && f.kind == plots.Dots || c.Y.Log && f.kind != plots.Dots):
			c.Missing = append(c.Missing, plots.Missing{Line: line, X: p.X, Reason: "0 has no logarithm", Cell: p.Cell})
		case c.X.Log && p.X <= 0:
			c.Missing = append(c.Missing, plots.Missing{Line: line, X: p.X, Reason: "where it belongs on the axis is not known", Cell: p.Cell})
		default:
			c.Add(line, p)
		}
	}
	for i := range c.Lines {
		slices.SortStableFunc(c.Lines[i].Points, func(a, b plots.Point) int { return cmp.Compare(a.X, b.X) })
	}
	slices.SortFunc(c.Lines, func(a, b plots.Line) int { return cmp.Compare(a.Name, b.Name) })
	c.NoteIntervals()
	return c
}

// quantiles of a distribution, on the scale of its tail: 1/(1-q).
var tails = []float64{1, 4.0 / 3, 2, 4, 10, 20, 40, 100, 200, 400, 1e3, 2e3, 4e3, 1e4, 2e4, 4e4, 1e5, 2e5, 4e5, 1e6}

// Distributions charts how the times of single round trips lie: for each
// setting a line a mechanism, of all launches that count.
func Distributions(summaries []results.Summary) []plots.Chart {
	f := family{name: distribution, title: "round trip, distribution"}
	var charts []plots.Chart
	at := map[plots.Setting]int{}
	for _, s := range summaries {
		if s.RoundTrips == nil && s.Damaged == nil {
			continue
		}
		set := plots.SettingOf(s.Cell)
		i, known := at[set]
		if !known {
			i = len(charts)
			at[set] = i
			charts = append(charts, plots.Chart{
				ID: set.ID(f.name), Family: f.name, Title: set.Title(f.title), Kind: plots.Lines, Set: set,
				Note: "Single round trips of all launches together; the scale stretches the tail, as HdrHistogram's.",
				X:    plots.Axis{Label: "percentile", Unit: plots.Quantile, Log: true},
				Y:    plots.Axis{Label: "time of a round trip", Unit: plots.Nanoseconds, Log: true},
			})
		}
		c := &charts[i]
		if s.Damaged != nil {
			c.Missing = append(c.Missing, plots.Missing{Line: s.Cell.Mechanism, X: 0, Reason: s.Damaged.Error(), Cell: s.Cell.Name()})
			continue
		}
		c.Lines = append(c.Lines, plots.Line{Name: s.Cell.Mechanism, Points: tail(s.RoundTrips, s.Cell.Name())})
	}
	charts = slices.DeleteFunc(charts, func(c plots.Chart) bool { return len(c.Lines) == 0 })
	for i := range charts {
		slices.SortFunc(charts[i].Lines, func(a, b plots.Line) int { return cmp.Compare(a.Name, b.Name) })
	}
	return charts
}

// tail reads off the quantiles that all launches together carry: of a hundred
// values the 99th percentile is the last.
func tail(h *hdrhistogram.PackedHistogram, cell string) (points []plots.Point) {
	for _, x := range tails {
		if !results.Carries(h.TotalCount(), x) {
			break
		}
		ns := float64(max(1, h.ValueAtPercentile(100*(1-1/x))))
		points = append(points, plots.Point{X: x, Y: ns, Lo: ns, Hi: ns, Cell: cell})
	}
	return points
}

// relativeCost is the factor as an estimate, absent where there is none. Bounds that
// too few launches give are infinite.
func relativeCost(s *results.Summary) results.Estimate {
	if s.RelativeCost == nil {
		return results.Estimate{}
	}
	e := s.RelativeCost.Estimate()
	if e.N = s.N; e.Lo == 0 {
		e.Lo = results.Float(math.Inf(-1))
	}
	return e
}

// relatedIn reports whether cells are held against a floor in that unit.
func relatedIn(unit string) func(results.Cell) bool {
	return func(c results.Cell) bool { _, in := results.FloorOf(c); return in == unit }
}
