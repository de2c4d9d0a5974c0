package report

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"ipcbench/internal/need"
	"ipcbench/plots"
	"ipcbench/results"
)

// many is a run of more mechanisms than a chart shows at first, in three places.
func many(t *testing.T) (all []results.Record) {
	t.Helper()
	mechs := []string{"dgram", "fifo", "packetpipe", "pipe", "seqpacket", "socketpair", "sysvmsg", "sysvshm", "tcp", "udp", "posixmq", "shmspin", "unixsock", "carrierpigeon"}
	for p, place := range []string{"same", "cross", "free"} {
		for m, mech := range mechs {
			for _, size := range []int{64, 4 << 10} {
				base := (2000 + 300*float64((m*5)%13) + float64(size)/4) * (1 + 4*float64(p))
				all = append(all, cellRecords(t, results.Cell{Workload: "PingPong", Mechanism: mech, Size: size, Place: place}, base, 7)...)
			}
		}
	}
	return all
}

// The page begins with the answer and the map; unpinned, as most programs run, is
// the first place of both.
func TestPageBeginsWithTheAnswer(t *testing.T) {
	need.Time(t)
	p := NewPage(&results.Set{Records: many(t)})
	b := open(t, p)
	b.show(400, "dark", "")
	if bad := run[string](b, strings.Replace(untidy, "svgs.length < 10", "svgs.length < 5", 1)); bad != "" {
		t.Errorf("400 px:\n%s", bad)
	}
	is(b, true, `[...document.querySelectorAll("#numbers thead th, #numbers tbody tr:first-child td")].filter(c => c.offsetParent).every(c => c.getBoundingClientRect().right <= innerWidth)`)
	is(b, "mechanism,size,time/op,workload,place", `[...document.querySelectorAll("#numbers th")].filter(h => h.offsetParent).map(h => h.innerText.trim()).join()`)
	b.show(1400, "light", "")
	is(b, "answer,map,fastest", `[...document.querySelectorAll("main > section")].filter(s => !s.hidden).slice(0, 3).map(s => s.id).join()`)
	is(b, strings.ReplaceAll(front(p.Advice), "`", ""), `document.getElementById("front").textContent`)
	is(b, "unpinned,same CPU,different CPUs", `[...document.querySelectorAll("#advice h3")].map(h => h.textContent).join()`)
	is(b, "unpinned,same CPU,different CPUs", `[...document.querySelectorAll("#map .places button")].map(h => h.textContent).join()`)
	is(b, "tradeoff-pingpong-free-default-64", `document.querySelector("#map figure").id`)

	// A chart shows eight mechanisms until all are asked for.
	marks := `document.querySelectorAll("#map g[aria-label=dot] :is(path, circle)").length`
	is(b, 8, marks)
	is(b, true, `document.querySelector("#map .few").textContent.includes("8 of 14 mechanisms: the fastest and the core mechanisms")`)
	run[chromedp.Void](b, `window.scrollTo(0, 0), document.querySelector("#map .few button").click()`)
	is(b, 14, marks)
	is(b, "#all=1", `location.hash`)
	run[chromedp.Void](b, `document.getElementById("latency").scrollIntoView()`)
	is(b, 14, `document.querySelectorAll("#latency figure:first-child g[aria-label=text] text").length`)

	// The map follows the question, until it is asked one of its own.
	b.show(1400, "light", "#for=4096&map.place=same")
	is(b, "tradeoff-pingpong-same-default-4kib", `document.querySelector("#map figure").id`)
	b.show(1400, "light", "#for=4096&map.size=64")
	is(b, "tradeoff-pingpong-free-default-64", `document.querySelector("#map figure").id`)

	// A mechanism has its look by its name, as pictures have.
	for _, m := range []string{"pipe", "posixmq", "carrierpigeon"} {
		l := plots.LookOf(m)
		is(b, true, fmt.Sprintf(`window.look(%q).color === "var(--c%[2]d)" && window.look(%[1]q).symbol === shapes[%[3]d]`, m, l.Color, l.Shape))
	}
	is(b, true, `document.querySelectorAll("dfn[title]").length > 5 && [...document.querySelectorAll("dfn")].every(d => d.title.length > 10)`)
	b.quiet()
}

// A click pins what a point says, with each launch; Escape and a click elsewhere
// take the pin out.
func TestPointIsPinned(t *testing.T) {
	need.Time(t)
	b := open(t, NewPage(&results.Set{Records: many(t)}))
	b.show(1400, "light", "")
	const chart = "tradeoff-pingpong-free-default-64"
	tip := `document.getElementById("tip").hidden`
	press := func() {
		t.Helper()
		x, y := point(b, chart, 0)
		if err := chromedp.Do(b.ctx, chromedp.MouseEvent(chromedp.MouseMoved, x, y), chromedp.MouseClickXY(x, y)); err != nil {
			t.Fatal(err)
		}
		is(b, true, `document.getElementById("tip").classList.contains("pinned")`)
		if err := chromedp.Do(b.ctx, chromedp.MouseEvent(chromedp.MouseMoved, 5, 5)); err != nil {
			t.Fatal(err)
		}
		is(b, false, tip)
		is(b, 7, `document.getElementById("tip").innerText.split("launches: ")[1].split("\n")[0].split(", ").length`)
		is(b, "", `location.hash`)
	}
	press()
	if err := chromedp.Do(b.ctx, chromedp.KeyEvent("\u001b")); err != nil {
		t.Fatal(err)
	}
	is(b, true, tip)
	press()
	run[chromedp.Void](b, `document.querySelector("h1").click()`)
	is(b, true, tip)
	b.quiet()
}

// Data are parsed as they are looked at: what is far from the window is not.
func TestBlocksAreReadAsTheyAreLookedAt(t *testing.T) {
	need.Time(t)
	b := open(t, NewPage(&results.Set{Records: sample(t, defaultSizes, 7)}))
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(1400, 900), chromedp.Navigate(b.url), chromedp.WaitReady("html[data-ready]")); err != nil {
		t.Fatal(err)
	}
	all := run[int](b, `document.querySelectorAll('script[type="application/json"]').length`)
	if n := run[int](b, `blocks.size`); n == 0 || n > all/4 {
		t.Errorf("%d of %d blocks are read before anything is looked at", n, all)
	}
	run[chromedp.Void](b, `document.getElementById("numbers").scrollIntoView()`)
	is(b, true, `page.cells.every(c => blocks.has("cells " + c.workload + " " + c.size))`)
	b.quiet()
}
