package plots

import (
	"hash/fnv"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"ipcbench/mechanisms"
)

// Look is how a mechanism is drawn in every page and picture: its family's hue,
// and a shape of its own within the family.
type Look struct {
	Color int `json:"color"` // of Palette
	Shape int `json:"shape"` // of shapes, which the page has in the same order
}

// hues of the families, and where the shapes of each begin: they count on from there,
// so that the core mechanisms differ in shape as well as in hue. A reader who sees no
// colour tells them apart.
var hues = map[mechanisms.Family]Look{
	mechanisms.Pipes: {5, 0}, mechanisms.UnixSockets: {1, 3}, mechanisms.NetworkSockets: {6, 8}, mechanisms.SystemV: {3, 6},
	mechanisms.PosixQueues: {7, 9}, mechanisms.Rings: {0, 1}, mechanisms.Notifications: {2, 5},
}

// unknownColor is the hue of mechanisms without a family.
const unknownColor = 4

// LookOf returns the look of a mechanism, the same wherever it stands. One that
// has no family here has a shape by the hash of its name.
func LookOf(mechanism string) Look {
	if m := mechanisms.Lookup(mechanism); m != nil {
		if look, ok := hues[m.Family]; ok {
			return Look{look.Color, (look.Shape + slices.Index(m.Family.Mechanisms(), m)) % len(shapes)}
		}
	}
	h := fnv.New32a()
	h.Write([]byte(mechanism))
	return Look{unknownColor, int(h.Sum32() % uint32(len(shapes)))}
}

// others are the hues of lines that are no mechanism, as a place or an option.
var others = []int{5, 6, 3, 7, 1, 2, 4, 0}

// OtherLook is that of the i-th of such lines.
func OtherLook(i int) Look { return Look{others[i%len(others)], i % len(shapes)} }

// Palette is the colours of Okabe and Ito, which people with any kind of
// colour vision tell apart (Color Universal Design, 2008,
// https://jfly.uni-koeln.de/color/); the yellow is as dark as paper needs it.
// The page has the same order.
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
	arms(3, 1.35, 0.75, math.Pi),   // a Y
	arms(4, 1.3, 0.75, 0),          // a cross
	polygon(6, 1.15, 0),            // a hexagon
	polygon(3, 1.4, math.Pi),       // a triangle that stands on its tip
	arms(4, 1.45, 0.75, math.Pi/4), // an X
}

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
