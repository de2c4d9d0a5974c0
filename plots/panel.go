package plots

import (
	"math"

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

func glyph(i int) draw.GlyphStyle {
	return draw.GlyphStyle{Color: colorOf(i), Radius: 3.4, Shape: shapeOf(i)}
}
