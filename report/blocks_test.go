package report

import (
	"strings"
	"testing"

	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"ipcbench/internal/need"
	"ipcbench/plots"
	"ipcbench/results"
)

// A chart whose points refer to numbers of cells shows what it showed: each value and
// interval is found again.
func TestChartsReferToNumbers(t *testing.T) {
	p := NewPage(&results.Set{Records: sample(t, defaultSizes, 7)})
	cells := cellsByName{}
	for i := range p.Cells {
		cells[p.Cells[i].Name] = numbered{i, &p.Cells[i]}
	}
	referring := 0
	for i := range p.Charts {
		c := &p.Charts[i]
		d := newChartData(c, cells)
		spans := d.Y
		if c.Kind == plots.Dots {
			spans = d.X
		}
		if spans != "" {
			referring++
		}
		for l, line := range c.Lines {
			for k, point := range line.Points {
				q, e := d.Lines[l].Points[k], results.Estimate{}
				if at := cells[point.Cell].cell; at != nil {
					e = at.Numbers[spans]
				}
				x, y := float64(e.Center), float64(e.Center)
				if d.X == "" {
					x = *q.X
				} else if c.Kind == plots.Marks {
					x = float64(cells[point.Cell].cell.Numbers[d.X].Center)
				}
				if d.Y == "" {
					y = *q.Y
				}
				if x != point.X || y != point.Y {
					t.Fatalf("%s, %s: a point at %v, %v, want %v, %v", c.ID, line.Name, x, y, point.X, point.Y)
				}
				if spans != "" && point.Lo < point.Hi && (float64(e.Lo) != point.Lo || float64(e.Hi) != point.Hi) {
					t.Fatalf("%s, %s: from %v to %v, want %v to %v", c.ID, line.Name, e.Lo, e.Hi, point.Lo, point.Hi)
				}
			}
		}
	}
	if 2*referring < len(p.Charts) {
		t.Errorf("%d of %d charts refer to numbers of cells, want most", referring, len(p.Charts))
	}
}

// A page that is too large says what it leaves out: launches first, then charts.
func TestFittedLeavesOut(t *testing.T) {
	p := NewPage(&results.Set{Records: sample(t, defaultSizes, 7)})
	whole, left, err := fitted(p, pageBytes)
	if err != nil || left != nil {
		t.Fatalf("a small page leaves out %q, %v", left, err)
	}
	most := size(whole) * 3 / 4
	for _, want := range []string{"the single launches of each cell", "with the fewest points"} {
		all, left, err := fitted(p, most)
		if err != nil || size(all) > most || !strings.Contains(strings.Join(left, ", and "), want) {
			t.Errorf("%d bytes of at most %d, left out are %q, %v, want %q", size(all), most, left, err, want)
		}
		most = size(all) - 1
	}
	if p.Charts == nil || p.Cells[0].Launches == nil {
		t.Error("the page itself was changed")
	}
}

// A browser that cannot unpack the data shows why the charts are missing, and the text.
func TestPageWithoutDecompressionStream(t *testing.T) {
	need.Time(t)
	b := open(t, NewPage(&results.Set{Records: sample(t, defaultSizes, 7)}))
	if _, err := chromedp.Call(b.ctx, cdp.AddScriptToEvaluateOnNewDocument, cdp.AddScriptToEvaluateOnNewDocumentParams{Source: "delete globalThis.DecompressionStream"}); err != nil {
		t.Fatal(err)
	}
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(400, 900), chromedp.Navigate(b.url), chromedp.WaitReady("html[data-ready]")); err != nil {
		t.Fatal(err)
	}
	is(b, true, `document.querySelector("header").innerText.includes("with DecompressionStream; report.md")`)
	is(b, true, `document.querySelectorAll(".board").length > 0`)
	is(b, true, `document.documentElement.scrollWidth <= document.documentElement.clientWidth`)
	b.quiet()
}
