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
		c.DrawGlyphNoClip(glyph(l.Color), tip)
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

// Palette is the colours of Okabe and Ito, which people with any kind of
// colour vision tell apart (Color Universal Design, 2008); the yellow is as
// dark as paper needs it. Line.Color counts in it and, from eight on, begins
// anew. The page has the same order.
var Palette = []color.RGBA{
	{0x15, 0x19, 0x1D, 0xFF}, // black
	{0xE6, 0x9F, 0x00, 0xFF}, // orange
	{0x56, 0xB4, 0xE9, 0xFF}, // sky blue
	{0x00, 0x9E, 0x73, 0xFF}, // bluish green
	{0xA8, 0x9B, 0x00, 0xFF}, // yellow
	{0x00, 0x72, 0xB2, 0xFF}, // blue
	{0xD5, 0x5E, 0x00, 0xFF}, // vermilion
	{0xCC, 0x79, 0xA7, 0xFF}, // reddish purple
}

// What else a picture is made of.
var (
	paper = color.RGBA{0xFF, 0xFF, 0xFF, 0xFF}
	ink   = color.RGBA{0x22, 0x22, 0x22, 0xFF}
	grey  = color.RGBA{0x66, 0x66, 0x66, 0xFF}
	faint = color.RGBA{0xE0, 0xE0, 0xE0, 0xFF}
)

func colorOf(i int) color.RGBA { return Palette[i%len(Palette)] }

// see makes a colour transparent: alpha is in [0, 1].
func see(c color.RGBA, alpha float64) color.NRGBA {
	return color.NRGBA{c.R, c.G, c.B, uint8(math.Round(255 * alpha))}
}

// shape is a glyph as the corners of a polygon of radius 1.
type shape []vg.Point

// shapes are the second cue beside colour.
var shapes = []shape{
	polygon(24, 1, 0),           // a disc
	polygon(4, 1.25, math.Pi/4), // a square
	polygon(3, 1.4, 0),          // a triangle
	polygon(4, 1.35, 0),         // a diamond
	star(5, 1.5, 0.62),
	arms(3, 1.35, 0.75, math.Pi), // a Y
	arms(4, 1.3, 0.75, 0),        // a cross
	polygon(6, 1.15, 0),          // a hexagon
}

// shapeOf has another shape for a colour that comes again.
func shapeOf(i int) shape { return shapes[(i+3*(i/len(Palette)))%len(shapes)] }

// polygon has n corners, the first upwards unless it is turned by radians.
func polygon(n int, radius, turn float64) (s shape) {
	for i := range n {
		s = append(s, polar(radius, turn+2*math.Pi*float64(i)/float64(n)))
	}
	return s
}

// star has n tips at one radius and corners between them at another.
func star(n int, tip, between float64) (s shape) {
	for i := range n {
		at := 2 * math.Pi * float64(i) / float64(n)
		s = append(s, polar(tip, at), polar(between, at+math.Pi/float64(n)))
	}
	return s
}

// arms are n bars from the middle, the first upwards unless turned.
func arms(n int, length, width, turn float64) (s shape) {
	corner := width / 2 / math.Sin(math.Pi/float64(n)) // where two bars meet
	for i := range n {
		at := turn + 2*math.Pi*float64(i)/float64(n)
		tip, side := math.Hypot(length, width/2), math.Atan2(width/2, length)
		s = append(s, polar(tip, at-side), polar(tip, at+side), polar(corner, at+math.Pi/float64(n)))
	}
	return s
}

// polar is a point at an angle from upwards, against the clock.
func polar(r, angle float64) vg.Point {
	sin, cos := math.Sincos(angle)
	return vg.Point{X: vg.Length(-r * sin), Y: vg.Length(r * cos)}
}

// DrawGlyph draws the shape, outlined so that it stands out from lines of its
// own colour. It is of draw.GlyphDrawer.
func (s shape) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	var path vg.Path
	for i, p := range s {
		p = at.Add(p.Scale(style.Radius))
		if i == 0 {
			path.Move(p)
		} else {
			path.Line(p)
		}
	}
	path.Close()
	c.Fill(path)
	c.SetLineStyle(draw.LineStyle{Color: paper, Width: 0.6})
	c.Stroke(path)
}
