package main

import (
	"fmt"
	"strings"
)

// curve is the power of the gate at one number of launches.
type curve struct {
	n     int
	power []float64 // at each of the panel's changes
}

// panel is one picture of the row: curves at one noise.
type panel struct {
	title   string
	changes []float64
	curves  []curve
}

// Size of a panel and its margins, in pixels.
const (
	panelWidth, panelHeight = 300, 260
	left, right, top, foot  = 46, 14, 34, 44
	legend                  = 216
)

// colors distinguish the numbers of launches, also without colour vision (Okabe
// and Ito).
var colors = []string{"#0072b2", "#d55e00", "#009e73"}

// picture draws the panels side by side.
func picture(panels []panel) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", panelWidth*len(panels), panelHeight)
	fmt.Fprintln(&b, `<title>Share of true changes that the gate detects</title>`)
	fmt.Fprintln(&b, `<rect width="100%" height="100%" fill="white"/>`)
	for i, p := range panels {
		fmt.Fprintf(&b, `<g transform="translate(%d,0)">`+"\n", i*panelWidth)
		p.draw(&b)
		fmt.Fprintln(&b, `</g>`)
	}
	fmt.Fprintln(&b, `</svg>`)
	return b.String()
}

func (p panel) draw(b *strings.Builder) {
	first, last := p.changes[0], p.changes[len(p.changes)-1]
	x := func(change float64) float64 {
		return left + (change-first)/(last-first)*(panelWidth-left-right)
	}
	y := func(power float64) float64 { return panelHeight - foot - power*(panelHeight-top-foot) }
	text := func(x, y float64, anchor, s string) {
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`+"\n", x, y, anchor, s)
	}
	for _, tick := range []float64{0, 0.25, 0.5, 0.75, 1} {
		fmt.Fprintf(b, `<path d="M%d %.1fH%d" stroke="#ddd"/>`+"\n", left, y(tick), panelWidth-right)
		text(left-6, y(tick)+4, "end", fmt.Sprint(tick))
	}
	for _, tick := range []float64{0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3} {
		text(x(tick), panelHeight-foot+16, "middle", fmt.Sprintf("%.0f", 100*tick))
	}
	fmt.Fprintf(b, `<path d="M%.1f %dV%d" stroke="#888" stroke-dasharray="4 3"/>`+"\n", x(threshold), top, panelHeight-foot)
	text((left+panelWidth-right)/2, 18, "middle", p.title)
	text((left+panelWidth-right)/2, panelHeight-8, "middle", "true change, %")
	for k, c := range p.curves {
		fmt.Fprintf(b, `<path fill="none" stroke="%s" stroke-width="2" d="`, colors[k])
		for j, power := range c.power {
			fmt.Fprintf(b, "%c%.1f %.1f", "ML"[min(j, 1)], x(p.changes[j]), y(power))
		}
		fmt.Fprintln(b, `"/>`)
		// Below the curves' right ends, which are high.
		at := y(0.25) + float64(15*k)
		fmt.Fprintf(b, `<path d="M%d %.1fh18" stroke="%s" stroke-width="2"/>`+"\n", legend, at, colors[k])
		text(legend+22, at+4, "start", fmt.Sprintf("n = %d", c.n))
	}
}
