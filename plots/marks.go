package plots

import (
	"cmp"
	"image/color"
	"math"
	"slices"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// lines draws the bands first, so that no band covers a line. A line is
// broken, and dotted, where a point is missing.
func (c *Chart) lines() (bands []plot.Plotter) {
	var lines, glyphs []plot.Plotter
	for _, l := range c.Lines {
		hue := colorOf(l.Color)
		if p := l.Points[0]; c.Kind == Marks && p.Lo < p.Hi {
			low, high := p, p
			low.Y, high.Y = p.Lo, p.Hi
			bands = append(bands, stroke(draw.LineStyle{Color: see(hue, 0.5), Width: 1.5}, low, high))
		}
		var before []Point
		for _, run := range c.runs(l) {
			if before != nil {
				lines = append(lines, stroke(draw.LineStyle{Color: hue, Width: 0.8, Dashes: dotted}, before[len(before)-1], run[0]))
			}
			before = run
			bands = append(bands, band(see(hue, 0.13), run))
			lines = append(lines, stroke(draw.LineStyle{Color: hue, Width: 1.8}, run...))
		}
		glyphs = append(glyphs, &plotter.Scatter{XYs: xys(l.Points), GlyphStyle: glyph(l.Look)})
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
		glyphs = append(glyphs, &plotter.Scatter{XYs: at, GlyphStyle: glyph(l.Look)})
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

// endLabels names the lines at the right edge, where they end.
type endLabels struct {
	lines []Line
	style text.Style
}

func (c *Chart) endLabels() endLabels {
	return endLabels{c.Lines, textStyle(10, ink, font.WeightNormal)}
}

const (
	leader   vg.Length = 16 // between the panel and a label's glyph
	glyphGap vg.Length = 8  // between glyph and text
)

// Plot is of plot.Plotter.
func (e endLabels) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	lines := slices.Clone(e.lines)
	end := func(l Line) Point { return l.Points[len(l.Points)-1] }
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Compare(end(a).Y, end(b).Y) })
	want := make([]float64, len(lines))
	for i, l := range lines {
		want[i] = float64(y(end(l).Y))
	}
	for i, at := range dodge(want, float64(e.style.Font.Size)*1.2, float64(c.Min.Y), float64(c.Max.Y)) {
		l, last := lines[i], end(lines[i])
		tip := vg.Point{X: c.Max.X + leader, Y: vg.Length(at)}
		c.StrokeLines(draw.LineStyle{Color: see(colorOf(l.Color), 0.6), Width: 0.8, Dashes: []vg.Length{1.5, 2}},
			[]vg.Point{{X: x(last.X), Y: y(last.Y)}, {X: c.Max.X, Y: y(last.Y)}, tip})
		c.DrawGlyphNoClip(glyph(l.Look), tip)
		drawName(c, e.style, tip.Add(vg.Point{X: glyphGap}), label(l.Name))
	}
}

// GlyphBoxes is of plot.GlyphBoxer: it keeps the right margin free.
func (e endLabels) GlyphBoxes(*plot.Plot) []plot.GlyphBox {
	var widest vg.Length
	for _, l := range e.lines {
		widest = max(widest, e.style.Width(label(l.Name)))
	}
	return []plot.GlyphBox{{X: 1, Y: 0.5, Rectangle: vg.Rectangle{Max: vg.Point{X: leader + glyphGap + widest, Y: 1}}}}
}

// dodge moves positions, which are ascending, apart so that they are gap from
// each other and within lo to hi, and as near to where they belong as that
// admits in the least squares.
func dodge(want []float64, gap, lo, hi float64) []float64 {
	type block struct{ sum, n float64 } // of positions less what stands below them
	var blocks []block
	for i, v := range want {
		blocks = append(blocks, block{v - gap*float64(i), 1})
		for k := len(blocks) - 1; k > 0 && blocks[k-1].sum/blocks[k-1].n >= blocks[k].sum/blocks[k].n; k-- {
			blocks[k-1] = block{blocks[k-1].sum + blocks[k].sum, blocks[k-1].n + blocks[k].n}
			blocks = blocks[:k]
		}
	}
	var out []float64
	top := hi - gap*float64(len(want)-1)
	for _, b := range blocks {
		for range int(b.n) {
			out = append(out, math.Max(lo, math.Min(top, b.sum/b.n))+gap*float64(len(out)))
		}
	}
	return out
}
