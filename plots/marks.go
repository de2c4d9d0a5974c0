package plots

import (
	"image/color"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// lines draws the bands first, so that no band covers a line. A line is
// broken, and dotted, where a point is missing.
func (c *Chart) lines() (bands []plot.Plotter) {
	var lines, glyphs []plot.Plotter
	for _, l := range c.Lines {
		hue := colorOf(l.Color)
		var before []Point
		for _, run := range c.runs(l) {
			if before != nil {
				lines = append(lines, stroke(draw.LineStyle{Color: hue, Width: 0.8, Dashes: dotted}, before[len(before)-1], run[0]))
			}
			before = run
			bands = append(bands, band(see(hue, 0.13), run))
			lines = append(lines, stroke(draw.LineStyle{Color: hue, Width: 1.8}, run...))
		}
		glyphs = append(glyphs, &plotter.Scatter{XYs: xys(l.Points), GlyphStyle: glyph(l.Color)})
	}
	return slices.Concat(bands, lines, glyphs)
}

var dotted = []vg.Length{1.5, 2}

// runs splits a line where one of its points is missing.
func (c *Chart) runs(l Line) (runs [][]Point) {
	for i, p := range l.Points {
		if i == 0 || slices.ContainsFunc(c.Missing, func(m Missing) bool {
			return m.Line == l.Name && m.X > l.Points[i-1].X && m.X < p.X
		}) {
			runs = append(runs, nil)
		}
		runs[len(runs)-1] = append(runs[len(runs)-1], p)
	}
	return runs
}

func xys(points []Point) (out plotter.XYs) {
	for _, p := range points {
		out = append(out, plotter.XY{X: p.X, Y: p.Y})
	}
	return out
}

func stroke(style draw.LineStyle, points ...Point) plot.Plotter {
	return &plotter.Line{XYs: xys(points), LineStyle: style}
}

// band is the area between the bounds of the intervals.
func band(fill color.Color, points []Point) plot.Plotter {
	var out plotter.XYs
	for _, p := range points {
		out = append(out, plotter.XY{X: p.X, Y: p.Hi})
	}
	for _, p := range slices.Backward(points) {
		out = append(out, plotter.XY{X: p.X, Y: p.Lo})
	}
	return &plotter.Polygon{XYs: []plotter.XYs{out}, Color: fill}
}

// dots draws each point in its row with its interval. Lines that share rows
// keep clear of each other.
func (c *Chart) dots() (intervals []plot.Plotter) {
	lane := c.lane()
	var glyphs []plot.Plotter
	for i, l := range c.Lines {
		off := lane * (float64(i) - float64(len(c.Lines)-1)/2)
		at := plotter.XYs{}
		for _, p := range l.Points {
			y := -p.Y - off
			at = append(at, plotter.XY{X: p.X, Y: y})
			if p.Lo < p.Hi {
				intervals = append(intervals, &plotter.Line{
					XYs:       plotter.XYs{{X: p.Lo, Y: y}, {X: p.Hi, Y: y}},
					LineStyle: draw.LineStyle{Color: see(colorOf(l.Color), 0.5), Width: 2},
				})
			}
		}
		glyphs = append(glyphs, &plotter.Scatter{XYs: at, GlyphStyle: glyph(l.Color)})
	}
	return append(intervals, glyphs...)
}

// lane is how far apart, in rows, the lines of a chart of dots are: 0 where
// no row has two points.
func (c *Chart) lane() float64 {
	rows := map[float64]bool{}
	for _, l := range c.Lines {
		for _, p := range l.Points {
			if rows[p.Y] {
				return min(0.26, 0.7/float64(len(c.Lines)))
			}
			rows[p.Y] = true
		}
	}
	return 0
}
