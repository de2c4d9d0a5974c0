package plots

import (
	"cmp"
	"math"
	"slices"

	"golang.org/x/image/font"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

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
