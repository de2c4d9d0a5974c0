package plots

import (
	"image/color"
	"strings"
	"unicode/utf8"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	plotfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"ipcbench/results"
)

// figure is a chart laid out: its panel, and the text above and below.
type figure struct {
	width, height vg.Length
	panel         *plot.Plot
	key           []entry // of what is not named in the panel
	head, foot    []textLine
}

type textLine struct {
	style text.Style
	text  string
}

// entry of a key: a shape and what it stands for.
type entry struct {
	look Look
	name string
}

func newFigure(c *Chart) (*figure, error) {
	c, err := c.drawable()
	if err != nil {
		return nil, err
	}
	f := &figure{width: pictureWidth, panel: newPanel(c)}
	f.head = append(f.head, wrap(textStyle(14, ink, font.WeightBold), c.Title, f.width-2*margin)...)
	f.head = append(f.head, wrap(textStyle(10, grey, font.WeightNormal), c.Note, f.width-2*margin)...)
	for _, m := range c.absences() {
		f.foot = append(f.foot, wrap(textStyle(8.5, grey, font.WeightNormal), m, f.width-2*margin)...)
	}
	f.foot = append(f.foot, wrap(textStyle(8.5, grey, font.WeightNormal), c.Source, f.width-2*margin)...)
	height := linesHeight
	if c.Kind == Dots {
		for _, l := range c.Lines {
			f.key = append(f.key, entry{l.Look, label(l.Name)})
		}
		height = c.rowHeight()*vg.Length(len(c.Y.Categories)) + 50
	}
	f.height = 2*margin + f.above() + height + heightOf(f.foot) + 8
	return f, nil
}

// rowHeight gives few rows more air than many.
func (c *Chart) rowHeight() vg.Length {
	if len(c.Y.Categories) <= 12 {
		return 2 * rowHeight
	}
	return rowHeight
}

// above is how high what stands above the panel is.
func (f *figure) above() vg.Length {
	h := heightOf(f.head) + 10
	if len(f.key) > 0 {
		h += keyHeight
	}
	return h
}

func (f *figure) draw(c draw.Canvas) {
	c.SetColor(paper)
	c.Fill(c.Rectangle.Path())
	c = draw.Crop(c, margin, -margin, margin, -margin)
	y := drawText(c, f.head, c.Max.Y)
	f.drawKey(c, y-6)
	bottom := heightOf(f.foot)
	drawText(c, f.foot, c.Min.Y+bottom)
	if bottom > 0 {
		bottom += 8
	}
	f.panel.Draw(draw.Crop(c, 0, 0, bottom, -f.above()))
}

const keyHeight vg.Length = 20

func (f *figure) drawKey(c draw.Canvas, top vg.Length) {
	style := textStyle(10, ink, font.WeightNormal)
	x, y := c.Min.X+4, top-keyHeight/2
	for _, e := range f.key {
		c.DrawGlyphNoClip(glyph(e.look), vg.Point{X: x, Y: y})
		drawName(c, style, vg.Point{X: x + 9, Y: y}, e.name)
		x += 9 + style.Width(e.name) + 20
	}
}

// maxLabel is how many characters of a name a picture has room for.
const maxLabel = 48

// label makes a name that comes from records harmless, and short enough.
func label(s string) string { return cut(results.Quote(s), maxLabel) }

// cut keeps at most n characters.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// drawName writes a name right of at, its small letters at the height of at.
func drawName(c draw.Canvas, style text.Style, at vg.Point, name string) {
	style.YAlign = text.YCenter
	c.FillText(style, at.Add(vg.Point{Y: style.Font.Size * 0.13}), name)
}

func textStyle(size vg.Length, c color.Color, weight font.Weight) text.Style {
	return text.Style{
		Color: c, Font: plotfont.Font{Typeface: "Liberation", Variant: "Sans", Weight: weight, Size: size},
		XAlign: text.XLeft, YAlign: text.YTop, Handler: plot.DefaultTextHandler,
	}
}

// wrap breaks text into lines that are at most width wide. What comes from
// records is made harmless here.
func wrap(style text.Style, s string, width vg.Length) (lines []textLine) {
	line := ""
	for _, word := range strings.Fields(results.Quote(s)) {
		longer := strings.TrimPrefix(line+" "+word, " ")
		if line != "" && style.Width(longer) > width {
			lines = append(lines, textLine{style, line})
			longer = word
		}
		for style.Width(longer) > width { // a word that no line has room for
			longer = cut(longer, utf8.RuneCountInString(longer)*9/10)
		}
		line = longer
	}
	if line != "" {
		lines = append(lines, textLine{style, line})
	}
	return lines
}

func (l *textLine) height() vg.Length { return l.style.Font.Size * 1.35 }

func heightOf(lines []textLine) (h vg.Length) {
	for i := range lines {
		h += lines[i].height()
	}
	return h
}

// drawText draws lines downwards from top, and returns where it stopped.
func drawText(c draw.Canvas, lines []textLine, top vg.Length) vg.Length {
	for i := range lines {
		c.FillText(lines[i].style, vg.Point{X: c.Min.X, Y: top}, lines[i].text)
		top -= lines[i].height()
	}
	return top
}
