package report

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"ipcbench/internal/need"
	"ipcbench/results"
)

// chromium is Debian's, or what others call theirs. Without it the test is
// skipped, unless IPCBENCH_REQUIRE names it.
func chromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	need.Missing(t, "chromium", "chromium is not installed; on Debian: apt-get install chromium")
	return ""
}

// chrome is the Chromium of all tests: each has a window and a profile of its own. To
// start one takes some seconds of a CPU.
var chrome struct {
	start sync.Once
	err   error
	ctx   context.Context
	end   func()
}

func TestMain(m *testing.M) {
	status := m.Run()
	if chrome.end != nil {
		chrome.end()
	}
	os.Exit(status)
}

// startChrome starts it. What it leaves in its temporary directory goes when it ends.
func startChrome(path string) error {
	base := os.TempDir()
	if len(base) > 30 { // of the 107 bytes that the path of its socket may have
		base = "/tmp"
	}
	dir, err := os.MkdirTemp(base, "ipcbench-chromium-")
	if err != nil {
		return err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.DisableGPU, chromedp.Env("TMPDIR="+dir))
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses root with one
	}
	ctx, cancelAll := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(ctx)
	chrome.ctx, chrome.end = ctx, func() {
		cancel()
		cancelAll()
		os.RemoveAll(dir)
	}
	return chromedp.Do(ctx) // a window of a context that holds one shares it
}

// browser is a window that shows one page, and what it complained about.
type browser struct {
	*testing.T
	ctx context.Context
	url string

	mu        sync.Mutex
	complaint []string
}

// open writes the page to a file and opens a window, which closes with the test.
func open(t *testing.T, p *Page) *browser {
	t.Helper()
	return openWritten(t, func(w io.Writer) error { return WriteHTML(w, p) })
}

// openWritten is open of a page that write writes.
func openWritten(t *testing.T, write func(io.Writer) error) *browser {
	t.Helper()
	file := filepath.Join(t.TempDir(), "index.html")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := write(f); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return openFile(t, file)
}

// openFile is open of a page that is there.
func openFile(t *testing.T, file string) *browser {
	t.Helper()
	chrome.start.Do(func() { chrome.err = startChrome(chromium(t)) })
	if chrome.err != nil {
		t.Fatal(chrome.err)
	}
	ctx, cancel := chromedp.NewContext(chrome.ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 3*time.Minute)
	t.Cleanup(cancel)
	b := &browser{T: t, ctx: ctx, url: "file://" + file}
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, struct{}{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	return b
}

// hear notes whatever a page that is right never does.
func (b *browser) hear(event any) {
	var what string
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		for _, own := range []string{"file:", "data:", "blob:", "about:"} {
			if strings.HasPrefix(e.Request.URL, own) {
				return
			}
		}
		what = "a request leaves the page: " + e.Request.URL
	case *log.EventEntryAdded:
		what = fmt.Sprintf("log: %v: %s", e.Entry.Level, e.Entry.Text)
	case *runtime.EventConsoleAPICalled:
		what = fmt.Sprintf("console: %v", e.Type)
	case *runtime.EventExceptionThrown:
		what = "exception: " + e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			what += " " + e.ExceptionDetails.Exception.Description
		}
	default:
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.complaint = append(b.complaint, what)
}

// show opens the page anew in a window, with a fragment, and draws all of it.
func (b *browser) show(width int64, scheme, fragment string) {
	b.Helper()
	feature := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
	if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: feature}); err != nil {
		b.Fatal(err)
	}
	// From a blank page: a change of the fragment alone loads nothing.
	if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate("about:blank"),
		chromedp.Navigate(b.url+fragment), chromedp.WaitReady("html[data-ready]")); err != nil {
		b.Fatal(err)
	}
	run[bool](b, `(async () => {
		for (const s of document.querySelectorAll("section[data-families], #map, #heat, #numbers")) {
			s.scrollIntoView();
			while (!s.hidden && !s.querySelector(".charts > *, .heats > *, .scroll > *")) await new Promise(requestAnimationFrame);
		}
		return true;
	})()`)
}

// run evaluates an expression, or waits for its promise.
func run[T any](b *browser, expression string) T {
	b.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return v
}

// is fails where an expression has another value, and after ten seconds still:
// the page draws what is near the window in frames to come.
func is[T comparable](b *browser, want T, expression string) {
	b.Helper()
	wanted, err := json.Marshal(want)
	if err != nil {
		b.Fatal(err)
	}
	got := run[T](b, fmt.Sprintf(`new Promise(done => {
		const end = performance.now() + 10000, look = () => { const v = %s; if (v === %s || performance.now() > end) done(v); else requestAnimationFrame(look); };
		look();
	})`, expression, wanted))
	if got != want {
		b.Errorf("%s is %v, want %v", expression, got, want)
	}
}

// quiet fails where the page complained.
func (b *browser) quiet() {
	b.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.complaint {
		b.Error(c)
	}
}

// untidy lists the texts of charts that touch each other or leave the window,
// the charts with nothing in them, and what makes the page wider than the
// window.
const untidy = `(() => {
	const bad = [], svgs = [...document.querySelectorAll(".charts figure > svg")];
	if (svgs.length < 10) bad.push("only " + svgs.length + " charts");
	for (const svg of svgs) {
		const name = svg.getAttribute("aria-label").slice(0, 70);
		const boxes = [...svg.querySelectorAll("text")].filter(t => t.textContent.trim()).map(t => [t.textContent, t.getBoundingClientRect()]);
		if (boxes.length < 3) bad.push(name + ": has " + boxes.length + " texts");
		if (!svg.querySelector("g[aria-label=dot] path, g[aria-label=dot] circle")) bad.push(name + ": has no point");
		for (const [i, [s, a]] of boxes.entries()) {
			if (a.left < 0 || a.right > document.documentElement.clientWidth) bad.push(name + ": " + s + " is cut");
			for (const [t, b] of boxes.slice(i + 1))
				if (Math.min(a.right, b.right) - Math.max(a.left, b.left) > 0.5 && Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 2.5) bad.push(name + ": " + s + " overlaps " + t);
		}
	}
	if (document.querySelector(".charts p.empty")) bad.push("a chart is empty");
	if (document.documentElement.scrollWidth > document.documentElement.clientWidth) bad.push("the page is wider than the window");
	return bad.join("\n");
})()`

func TestPageInBrowser(t *testing.T) {
	need.Time(t)
	b := open(t, NewPage(&results.Set{Records: sample(t, defaultSizes, 7)}))
	for _, width := range []int64{1400, 400} {
		for _, scheme := range []string{"light", "dark"} {
			b.show(width, scheme, "")
			if bad := run[string](b, untidy); bad != "" {
				t.Errorf("%d px, %s:\n%s", width, scheme, bad)
			}
		}
	}
	is(b, "rgb(17, 21, 26)", `getComputedStyle(document.body).backgroundColor`)
	b.quiet()
}

// point is a place in the window over the i-th point of a chart.
func point(b *browser, chart string, i int) (x, y float64) {
	b.Helper()
	at := run[[]float64](b, fmt.Sprintf(`(() => {
		const svg = document.querySelector("#%s svg.plot");
		svg.scrollIntoView({block: "center"});
		const r = svg.querySelectorAll("g[aria-label=dot] path, g[aria-label=dot] circle")[%d].getBoundingClientRect();
		return [r.x + r.width / 2, r.y + r.height / 2];
	})()`, chart, i))
	return at[0], at[1]
}

func TestPageTellsAPoint(t *testing.T) {
	need.Time(t)
	b := open(t, NewPage(&results.Set{Records: sample(t, defaultSizes, 7)}))
	b.show(1400, "light", "")
	const chart = "latency-pingpong-same-default"
	x, y := point(b, chart, 0) // the last drawn is on top, the first is dgram's at 64 B
	if err := chromedp.Do(b.ctx, chromedp.MouseEvent(chromedp.MouseMoved, x, y)); err != nil {
		t.Fatal(err)
	}
	is(b, false, `document.getElementById("tip").hidden`)
	text := run[string](b, `document.getElementById("tip").innerText`)
	for _, want := range []string{"dgram", "message size 64", "2.0", " to ", "n = 7 launches", "PingPong, 64 B, same CPU"} {
		if !strings.Contains(text, want) {
			t.Errorf("the tip lacks %q: %q", want, text)
		}
	}
	is(b, 7, `document.querySelectorAll("#tip svg.strip g[aria-label=tick] line").length`)
	is(b, 2, `document.querySelectorAll("#tip svg.strip text").length`) // the least and the greatest

	// The keyboard gets there too.
	focus := fmt.Sprintf(`document.querySelector("#%s svg.plot").focus()`, chart)
	run[chromedp.Void](b, focus)
	if err := chromedp.Do(b.ctx, chromedp.KeyEvent("\u0303"), chromedp.KeyEvent("\u0303")); err != nil { // arrow right
		t.Fatal(err)
	}
	if text := run[string](b, `document.getElementById("tip").innerText`); !strings.Contains(text, "message size") {
		t.Errorf("after two arrow keys the tip says %q", text)
	}
	b.quiet()
}

func TestPageFollowsItsReader(t *testing.T) {
	need.Time(t)
	b := open(t, NewPage(&results.Set{Records: sample(t, defaultSizes, 7)}))
	b.show(1400, "light", "")
	click := func(selector string) {
		t.Helper()
		run[chromedp.Void](b, fmt.Sprintf(`document.querySelector(%q).scrollIntoView({block: "center"})`, selector))
		if err := chromedp.Do(b.ctx, chromedp.Click(chromedp.CSS(selector))); err != nil {
			t.Fatal(err)
		}
	}
	ends := `[...document.querySelectorAll("#latency-pingpong-same-default svg.plot text")].map(t => t.textContent).filter(t => page.mechanisms.includes(t)).join()`
	choose := func(label, value string) {
		t.Helper()
		run[chromedp.Void](b, fmt.Sprintf(`(() => { const s = document.querySelector('#bar select[aria-label=%s]'); s.value = %q; s.dispatchEvent(new Event("change")); })()`, label, value))
	}

	click(`#bar button[aria-label="isolate pipe"]`)
	is(b, "#only=pipe", `location.hash`)
	is(b, "true", `document.querySelector('#bar button[aria-label="isolate pipe"]').getAttribute("aria-pressed")`)
	click(`#latency h2`)
	is(b, "pipe", ends)
	is(b, true, `[...document.querySelectorAll("#numbers tbody tr")].every(r => r.cells[0].innerText.trim() === "pipe")`)
	click(`#bar button[aria-label="isolate pipe"]`)
	is(b, "", `location.hash.slice(1)`)
	click(`#bar input[aria-label="show fifo"]`)
	is(b, "#hide=fifo", `location.hash`)
	click(`#latency h2`)
	is(b, "dgram,packetpipe,pipe,seqpacket,socketpair,sysvmsg,sysvshm", ends+`.split(",").sort().join()`)

	choose("workload", "PingPong")
	choose("place", "cross")
	run[chromedp.Void](b, `document.getElementById("numbers").scrollIntoView()`)
	is(b, true, `[...document.querySelectorAll("#numbers tbody tr")].every(r => r.cells[3].innerText === "PingPong" && r.cells[4].innerText === "cross")`)
	is(b, 1, `[...document.querySelectorAll(".boards .board")].filter(b => !b.hidden && b.offsetParent).length`)
	click(`#latency h2`)
	is(b, 1, `document.querySelectorAll("#latency figure").length`)

	click(`#numbers th:nth-child(3) button`)
	is(b, "ascending", `document.querySelectorAll("#numbers th")[2].getAttribute("aria-sort")`)
	sorted := `(() => { const v = [...document.querySelectorAll("#numbers tbody tr")].map(r => cellNamed.get("PingPong/mech=" + r.cells[0].innerText.trim() + "/size=" + r.cells[1].innerText + "/queue=default/place=cross").time?.median ?? Infinity);
		return v.length > 5 && v.every((x, i) => i === 0 || x >= v[i - 1]); })()`
	is(b, true, sorted)
	run[chromedp.Void](b, `document.querySelectorAll("#numbers th button")[2].focus()`)
	if err := chromedp.Do(b.ctx, chromedp.KeyEvent("\r")); err != nil {
		t.Fatal(err)
	}
	is(b, "descending", `document.querySelectorAll("#numbers th")[2].getAttribute("aria-sort")`)
	is(b, 2, `[...document.querySelectorAll("#numbers th button")].indexOf(document.activeElement)`)

	// The link shows the same to another reader.
	hash := run[string](b, `location.hash`)
	b.show(1400, "light", hash)
	is(b, "PingPong", `document.querySelector('#bar select[aria-label=workload]').value`)
	is(b, false, `document.querySelector('#bar input[aria-label="show fifo"]').checked`)
	is(b, "descending", `document.querySelectorAll("#numbers th")[2].getAttribute("aria-sort")`)
	is(b, 1, `document.querySelectorAll("#latency figure").length`)

	// What the page does not have is passed over.
	b.show(1400, "light", `#workload=nobody&only=%3Cscript%3E&hide=x,,&cells.sort=99&latency=none&metric=%22`)
	is(b, "", `document.querySelector('#bar select[aria-label=workload]').value`)
	is(b, 2, `document.querySelectorAll("#latency figure").length`)
	b.quiet()
}
