package plots

import (
	"math"
	"strconv"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"
)

// newPanel makes of a drawable chart what gonum draws: axes and marks.
func newPanel(c *Chart) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	x, y := c.ranges()
	dress(&p.X, &c.X, x)
	dress(&p.Y, &c.Y, y)
	grid := plotter.NewGrid()
	grid.Vertical = draw.LineStyle{Color: faint, Width: 0.6}
	grid.Horizontal = grid.Vertical
	p.Add(grid)
	for _, a := range []struct {
		axis *Axis
		line func(v float64) plotter.XYs
	}{
		{&c.X, func(v float64) plotter.XYs { return plotter.XYs{{X: v, Y: y.lo}, {X: v, Y: y.hi}} }},
		{&c.Y, func(v float64) plotter.XYs { return plotter.XYs{{X: x.lo, Y: v}, {X: x.hi, Y: v}} }},
	} {
		if a.axis.Unit == Times { // 1 is no change
			p.Add(&plotter.Line{XYs: a.line(1), LineStyle: draw.LineStyle{Color: grey, Width: 1}})
		}
	}
	if c.Kind == Dots {
		p.Add(c.dots()...)
	} else {
		p.Y.Padding = 8
		p.Add(c.lines()...)
		p.Add(c.endLabels())
	}
	// Marks do not widen the axes: these are as wide as they should be.
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = x.lo, x.hi, y.lo, y.hi
	return p
}

// dress gives an axis of the panel its scale, ticks and looks.
func dress(to *plot.Axis, a *Axis, r span) {
	to.Min, to.Max = r.lo, r.hi
	to.Tick.Marker = quoted{ticks(*a)}
	if a.Log {
		to.Scale = plot.LogScale{}
	}
	to.LineStyle.Width = 0
	to.Tick.LineStyle.Width = 0
	to.Tick.Length = 0
	x, y := to.Tick.Label.XAlign, to.Tick.Label.YAlign
	to.Tick.Label = textStyle(9.5, ink, font.WeightNormal)
	to.Tick.Label.XAlign, to.Tick.Label.YAlign = x, y
	to.Label.Text = label(a.Label)
	x, y = to.Label.TextStyle.XAlign, to.Label.TextStyle.YAlign
	to.Label.TextStyle = textStyle(10, grey, font.WeightNormal)
	to.Label.TextStyle.XAlign, to.Label.TextStyle.YAlign = x, y
	to.Label.Padding = 4
}

// quoted makes the labels of ticks harmless.
type quoted struct{ plot.Ticker }

func (q quoted) Ticks(lo, hi float64) []plot.Tick {
	out := q.Ticker.Ticks(lo, hi)
	for i := range out {
		out[i].Label = label(out[i].Label)
	}
	return out
}

// span is what an axis shows.
type span struct{ lo, hi float64 }

func (s *span) add(values ...float64) {
	for _, v := range values {
		s.lo, s.hi = math.Min(s.lo, v), math.Max(s.hi, v)
	}
}

// ranges are as wide as the points and their intervals, and a little more.
func (c *Chart) ranges() (x, y span) {
	x, y = span{math.Inf(1), math.Inf(-1)}, span{math.Inf(1), math.Inf(-1)}
	for _, l := range c.Lines {
		for _, p := range l.Points {
			x.add(p.X)
			y.add(p.Y)
			if c.Kind == Dots {
				x.add(p.Lo, p.Hi)
			} else {
				y.add(p.Lo, p.Hi)
			}
		}
	}
	if c.X.Unit == Times {
		x.add(1)
	}
	if c.Y.Unit == Times {
		y.add(1)
	}
	if !c.X.Log && c.Kind == Dots {
		x.add(0)
	}
	if c.Kind == Dots {
		return x.widened(c.X.Log, 0.04), span{-float64(len(c.Y.Categories)) + 0.5, 0.5}
	}
	if c.Kind == Marks {
		return x.widened(c.X.Log, 0.06), y.widened(c.Y.Log, 0.06)
	}
	return x.widened(c.X.Log, 0), y.widened(c.Y.Log, 0.06)
}

// widened adds a share at each end, in the scale of the axis; what has no
// width gets one.
func (s span) widened(log bool, share float64) span {
	if !log {
		d := share * (s.hi - s.lo)
		if d == 0 && s.lo == s.hi {
			d = math.Max(1, math.Abs(s.lo)) / 2
		}
		return span{s.lo - d, s.hi + d}
	}
	f := math.Pow(s.hi/s.lo, share)
	if s.lo == s.hi {
		f = 1.5
	}
	return span{s.lo / f, s.hi * f}
}

func glyph(l Look) draw.GlyphStyle {
	return draw.GlyphStyle{Color: colorOf(l.Color), Radius: 3.4, Shape: shapes[l.Shape%len(shapes)]}
}

// maxTicks is how many labels an axis has room for.
const maxTicks = 8

// ticks are where an axis has a label: at round values of its unit, as many as
// there is room for.
type ticks Axis

// Ticks is of plot.Ticker.
func (t ticks) Ticks(lo, hi float64) []plot.Tick {
	if t.Categories != nil {
		var out []plot.Tick
		for i, name := range t.Categories {
			out = append(out, plot.Tick{Value: -float64(i), Label: name})
		}
		return out
	}
	var values []float64
	for i, candidates := range t.rounds(lo, hi) {
		candidates = within(candidates, lo, hi)
		if len(candidates) <= maxTicks {
			values = candidates
		} else if i == 0 {
			values = thin(candidates)
		}
	}
	out := make([]plot.Tick, len(values))
	for i, v := range values {
		out[i] = plot.Tick{Value: v, Label: t.Unit.Format(v)}
	}
	return out
}

// rounds are sets of round values that cover lo to hi, the roundest first.
func (t ticks) rounds(lo, hi float64) (sets [][]float64) {
	switch {
	case t.Unit == Quantile:
		return [][]float64{append([]float64{1, 2}, powers(10, []float64{1}, 10, hi)...)}
	case t.Log && t.Unit == Bytes && hi >= 3*lo:
		for _, step := range []float64{16, 4, 2} {
			sets = append(sets, powers(step, []float64{1}, lo, hi))
		}
		return append(sets, powers(2, []float64{1, 1.5}, lo, hi))
	case t.Log && t.Unit == BytesPerSecond:
		sets = append(sets, powers(1024, []float64{1}, lo, hi), powers(1024, []float64{1, 10, 100}, lo, hi), powers(1024, []float64{1, 2, 5, 10, 20, 50, 100, 200, 500}, lo, hi))
	case t.Log:
		sets = append(sets, powers(10, []float64{1}, lo, hi), powers(10, []float64{1, 2, 5}, lo, hi))
	}
	if !t.Log || len(within(sets[len(sets)-1], lo, hi)) < 3 { // less than a decade: steps of 1, 2 or 5
		base, parts := 10.0, []float64{1, 2, 5}
		if t.Unit == Bytes {
			base, parts = 2, parts[:1]
		}
		unit := 1.0 // in which labels are written, so that they are round
		for t.Unit == BytesPerSecond && unit*1024 <= hi {
			unit *= 1024
		}
		for step := math.Pow(base, math.Ceil(math.Log((hi-lo)/unit)/math.Log(base))) * unit; len(sets) < 12; step /= base {
			for _, part := range parts {
				sets = append(sets, multiples(step/part, lo, hi))
			}
		}
	}
	return sets
}

// powers of base times each digit, ascending, from below lo to above hi.
func powers(base float64, digits []float64, lo, hi float64) (out []float64) {
	log := math.Log(base)
	for k := math.Floor(math.Log(lo) / log); k <= math.Ceil(math.Log(hi)/log); k++ {
		for _, d := range digits {
			out = append(out, d*math.Pow(base, k))
		}
	}
	return out
}

// multiples of step, ascending, from below lo to above hi.
func multiples(step, lo, hi float64) (out []float64) {
	for k := math.Floor(lo / step); k <= math.Ceil(hi/step); k++ {
		out = append(out, k*step)
	}
	return out
}

func within(values []float64, lo, hi float64) (out []float64) {
	for _, v := range values {
		if slack := 1e-9 * math.Abs(v); v >= lo-slack && v <= hi+slack {
			out = append(out, v)
		}
	}
	return out
}

// thin keeps every second, third … value, so that no more than maxTicks stay.
func thin(values []float64) (out []float64) {
	every := (len(values) + maxTicks - 1) / maxTicks
	for i := 0; i < len(values); i += every {
		out = append(out, values[i])
	}
	return out
}

// Format writes a value with its unit, to three digits: "64", "4KiB",
// "1.5GiB/s", "4.1µs", "99.9 %", "1.05×".
func (u Unit) Format(v float64) string {
	switch u {
	case Bytes:
		return scaled(v, 1024, "", "KiB", "MiB", "GiB", "TiB")
	case BytesPerSecond:
		return scaled(v, 1024, "B/s", "KiB/s", "MiB/s", "GiB/s", "TiB/s")
	case Nanoseconds:
		return scaled(v, 1000, "ns", "µs", "ms", "s")
	case Quantile:
		return strconv.FormatFloat(100*(1-1/v), 'g', 7, 64) + " %"
	case Times:
		return digits3(v) + "×"
	}
	return digits3(v)
}

func scaled(v, base float64, units ...string) string {
	i := 0
	for ; i < len(units)-1 && v >= base*0.9995; i++ {
		v /= base
	}
	return digits3(v) + units[i]
}

// digits3 writes three significant digits, and all of a whole number.
func digits3(v float64) string {
	if math.Abs(v) >= 100 {
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	}
	p, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64)
	return strconv.FormatFloat(p, 'f', -1, 64)
}
