package plots

import (
	"image/color"
	"math"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Palette is the colours of Okabe and Ito, which people with any kind of
// colour vision tell apart (Color Universal Design, 2008). Line.Color counts
// in it, and begins anew after the last.
var Palette = []color.RGBA{
	{0x00, 0x72, 0xB2, 0xFF}, // blue
	{0xD5, 0x5E, 0x00, 0xFF}, // vermilion
	{0x00, 0x9E, 0x73, 0xFF}, // bluish green
	{0xCC, 0x79, 0xA7, 0xFF}, // reddish purple
	{0xE6, 0x9F, 0x00, 0xFF}, // orange
	{0x56, 0xB4, 0xE9, 0xFF}, // sky blue
	{0x00, 0x00, 0x00, 0xFF}, // black
	{0xF0, 0xE4, 0x42, 0xFF}, // yellow
}

// What else a picture is made of.
var (
	paper = color.RGBA{0xFF, 0xFF, 0xFF, 0xFF}
	ink   = color.RGBA{0x22, 0x22, 0x22, 0xFF}
	grey  = color.RGBA{0x66, 0x66, 0x66, 0xFF}
	faint = color.RGBA{0xE0, 0xE0, 0xE0, 0xFF}
)

func colorOf(i int) color.RGBA { return Palette[i%len(Palette)] }

// bright tells whether a colour is lost on paper without an outline.
func bright(c color.RGBA) bool {
	return 0.299*float64(c.R)+0.587*float64(c.G)+0.114*float64(c.B) > 190
}

// outlined is the colour, or grey for one that is lost on paper.
func outlined(c color.RGBA) color.RGBA {
	if bright(c) {
		return grey
	}
	return c
}

// see makes a colour transparent: alpha is in [0, 1].
func see(c color.RGBA, alpha float64) color.NRGBA {
	return color.NRGBA{c.R, c.G, c.B, uint8(math.Round(255 * alpha))}
}

// shape is a glyph as the corners of a polygon of radius 1.
type shape []vg.Point

// shapes are the second cue beside colour. They are one fewer than the
// colours, so that a colour that comes again has another shape.
var shapes = []shape{
	star(24, 1, 1, 0),             // a disc
	star(4, 1.2, 1.2, math.Pi/4),  // a square
	star(3, 1.4, 1.4, 0),          // a triangle
	star(4, 1.3, 1.3, 0),          // a diamond
	star(3, 1.4, 1.4, math.Pi),    // a triangle on its tip
	star(4, 1.4, 0.55, math.Pi/4), // a cross
	star(5, 1.5, 0.65, 0),         // a star
}

func shapeOf(i int) shape { return shapes[i%len(shapes)] }

// star has n tips at one radius and n corners between them at another; with
// both alike it is a polygon of n corners. It is turned by radians.
func star(n int, tip, between, turn float64) (s shape) {
	for i := range n {
		at := math.Pi/2 + turn + 2*math.Pi*float64(i)/float64(n)
		s = append(s, polar(tip, at))
		if between != tip {
			s = append(s, polar(between, at+math.Pi/float64(n)))
		}
	}
	return s
}

func polar(r, angle float64) vg.Point {
	sin, cos := math.Sincos(angle)
	return vg.Point{X: vg.Length(r * cos), Y: vg.Length(r * sin)}
}

// DrawGlyph draws the shape, outlined so that it stands out from lines of its
// own colour. It is a draw.GlyphDrawer.
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
	outline := paper
	if bright(color.RGBAModel.Convert(style.Color).(color.RGBA)) {
		outline = grey
	}
	c.SetLineStyle(draw.LineStyle{Color: outline, Width: 0.6})
	c.Stroke(path)
}
