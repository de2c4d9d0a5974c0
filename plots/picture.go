package plots

import (
	"bytes"
	"cmp"
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"

	"ipcbench/results"
)

// WriteSVG draws a chart as SVG 1.1 whose text is text. Equal charts give
// equal bytes. A chart without a point that could be drawn is an error.
func WriteSVG(w io.Writer, c *Chart) error {
	f, err := newFigure(c)
	if err != nil {
		return err
	}
	canvas := vgsvg.NewWith(vgsvg.UseWH(f.width, f.height))
	f.draw(draw.New(canvas))
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return err
	}
	// Liberation Sans has the widths of Arial and Helvetica, which stand in for
	// it. Quotes in text are escaped, so that no text has what is replaced here.
	style := strings.NewReplacer(
		`style="font-family:Liberation Sans;font-variant:normal;`, `style="font-family:'Liberation Sans',Arial,Helvetica,sans-serif;`,
		`xlink">`, fmt.Sprintf(`xlink" role="img">`+"\n<title>%s</title>\n<desc>%s</desc>", plain(c.Title), plain(c.Note)),
	)
	_, err = style.WriteString(w, out.String())
	return err
}

// dpi of a PNG: twice that of a page, for dense screens.
const dpi = 144

// WritePNG draws a chart as a PNG. Equal charts give equal bytes. A chart
// without a point that could be drawn is an error.
func WritePNG(w io.Writer, c *Chart) error {
	f, err := newFigure(c)
	if err != nil {
		return err
	}
	canvas := vgimg.NewWith(vgimg.UseWH(f.width, f.height), vgimg.UseDPI(dpi))
	f.draw(draw.New(canvas))
	_, err = vgimg.PngCanvas{Canvas: canvas}.WriteTo(w)
	return err
}

// plain is text for XML.
func plain(s string) string { return html.EscapeString(results.Quote(s)) }

// drawable returns a copy of the chart without the points that its axes have
// no place for: they are missing, with the reason.
func (c *Chart) drawable() (*Chart, error) {
	out := *c
	out.Lines, out.Missing = nil, slices.Clone(c.Missing)
	for _, l := range c.Lines {
		points := l.Points
		l.Points = nil
		for _, p := range points {
			if why := cmp.Or(c.X.Refuses(p.X), c.Y.Refuses(p.Y)); why != "" {
				out.Missing = append(out.Missing, Missing{Line: l.Name, X: p.X, Reason: why, Cell: p.Cell})
				continue
			}
			l.Points = append(l.Points, c.bounded(p))
		}
		if len(l.Points) > 0 {
			out.Lines = append(out.Lines, l)
		}
	}
	if len(out.Lines) == 0 {
		return nil, fmt.Errorf("chart %s: none of its points can be drawn", results.Quote(c.ID))
	}
	if c.Kind == Dots {
		out.dropEmptyRows()
	}
	return &out, nil
}

// dropEmptyRows leaves out the rows of a chart of dots that have none: what is
// missing is said below.
func (c *Chart) dropEmptyRows() {
	var names []string
	at := map[float64]float64{}
	for i, name := range c.Y.Categories {
		if slices.ContainsFunc(c.Lines, func(l Line) bool {
			return slices.ContainsFunc(l.Points, func(p Point) bool { return p.Y == float64(i) })
		}) {
			at[float64(i)] = float64(len(names))
			names = append(names, name)
		}
	}
	c.Y.Categories = names
	for _, l := range c.Lines {
		for i := range l.Points {
			l.Points[i].Y = at[l.Points[i].Y]
		}
	}
}

func (a *Axis) Refuses(v float64) string {
	switch {
	case math.IsNaN(v), math.IsInf(v, 0):
		return "no finite number"
	case a.Log && v <= 0:
		return fmt.Sprintf("%g has no logarithm", v)
	}
	return ""
}

// bounded is the point without the bounds of an interval that its axis has no
// place for.
func (c *Chart) bounded(p Point) Point {
	axis, v := &c.Y, p.Y
	if c.Kind == Dots {
		axis, v = &c.X, p.X
	}
	if axis.Refuses(p.Lo) != "" || axis.Refuses(p.Hi) != "" {
		p.Lo, p.Hi = v, v
	}
	return p
}

// Sizes of a picture and what is in it.
const (
	pictureWidth vg.Length = 720
	linesHeight  vg.Length = 360 // of the panel of a chart of lines
	rowHeight    vg.Length = 14  // of a chart of dots, at least
	margin       vg.Length = 18
)
