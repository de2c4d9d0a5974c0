package report

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"ipcbench/history"
	"ipcbench/internal/need"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// mixedHistory has a series of 40 builds by date, whose pipe becomes slower twice and faster once,
// and a series of five kernels with long names, of which the last lacks a cell, and one
// is broken.
func mixedHistory(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	add := func(b *history.Build) {
		if _, err := history.Add(dir, b); err != nil {
			t.Fatal(err)
		}
	}
	random := rand.New(rand.NewPCG(3, 4))
	name := func(workload, mech string) string {
		return results.Cell{Workload: workload, Mechanism: mech, Size: 4096, Place: "same"}.Name()
	}
	values := func(level, cv float64, n int) (all history.Launches) {
		for range n {
			all = append(all, level*math.Exp(cv*random.NormFloat64()))
		}
		return all
	}
	for i := range 40 {
		b := &history.Build{Header: history.Header{Series: "nightly", Run: fmt.Sprintf("run-%d", i), Plan: "0123456789ab", Class: "amd64, Example CPU @ 2.50GHz, 2 CPUs, launches of 60ms", Program: "v0.1.0", System: "Linux 6.18.44"}}
		if err := b.Place(fmt.Sprintf("2026-10-%02dT0%d:00:00Z", 1+i/2, i%2), nil); err != nil {
			t.Fatal(err)
		}
		level := 14000.0
		for _, step := range []struct {
			at int
			by float64
		}{{12, 1.15}, {25, 0.9}, {36, 1.2}} {
			if i >= step.at {
				level *= step.by
			}
		}
		for _, mech := range []string{"pipe", "socketpair", "shmfutex"} {
			ns := map[string]float64{"pipe": level, "socketpair": 16000, "shmfutex": 9000}[mech] * math.Exp(0.003*random.NormFloat64())
			b.Of = append(b.Of, history.Cell{Name: name("PingPong", mech), Outcome: results.OK, Values: map[string]history.Launches{"ns/op": values(ns, 0.01, 8), "p99-ns": values(2*ns, 0.05, 8)}})
		}
		add(b)
	}
	for i, label := range []string{"5.10.0-46-cloud-amd64", "6.1.0-57-cloud-amd64", "6.12.117-deb13-cloud-amd64", "7.2.13-deb14-cloud-amd64", "7.3-cloud-amd64"} {
		b := &history.Build{Header: history.Header{Series: "kernels", Run: "run-" + label, Label: label, Plan: "0123456789ab", Class: "amd64, instructions counted, QEMU 7.2.22, max", Counted: true, Image: "/home/me/.cache/ipcbench/kernels/" + label + "/vmlinuz-" + label, Sum: "00"}}
		if err := b.Place(label, nil); err != nil {
			t.Fatal(err)
		}
		for k, mech := range []string{"pipe", "fifo", "packetpipe", "socketpair", "sysvmsg"} {
			c := history.Cell{Name: name("Stream", mech), Outcome: results.OK}
			c.Values = map[string]history.Launches{"insns/op": values(13000, 0.01, 6), "path-insns/op": {}}
			for seed := range 6 {
				insns := []float64{12606, 12990, 11626, 14030, 15790}[i] * (1 + 0.1*float64(k))
				c.Values["path-insns/op"] = append(c.Values["path-insns/op"], insns+float64(seed))
			}
			switch {
			case i == 4 && mech == "sysvmsg":
				continue
			case i == 4 && mech == "fifo":
				c = history.Cell{Name: c.Name, Outcome: results.Failed, Reason: "the guest ended in this cell: Kernel panic - not syncing: Fatal exception <b>&"}
			}
			b.Of = append(b.Of, c)
		}
		add(b)
	}
	return dir
}

// readHistory reads all series of a directory.
func readHistory(t testing.TB, dir string, q history.Query) *History {
	t.Helper()
	names, err := history.All(dir)
	if err != nil {
		t.Fatal(err)
	}
	h := &History{Directory: dir}
	for _, name := range names {
		s, err := history.Read(dir, name, q)
		if err != nil {
			t.Fatal(err)
		}
		h.Series = append(h.Series, s)
	}
	return h
}

// site writes the files of a site, and returns them by name.
func site(t testing.TB, h *History, dir string, q history.Query) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, f := range h.Site(q) {
		var b bytes.Buffer
		if err := f.Write(&b); err != nil {
			t.Fatal(err)
		}
		if all[f.Name] != nil {
			t.Errorf("%s is written twice", f.Name)
		}
		all[f.Name] = b.Bytes()
		path := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// Equal histories give equal sites, in which every address leads to a file, and each
// page has the mark without which it is not written over.
func TestSite(t *testing.T) {
	dir, q := mixedHistory(t), history.Query{Newest: 5}
	h := readHistory(t, dir, q)
	h.Series[1].LeftOut = append(h.Series[1].LeftOut, history.Odd{File: "h/<x>", Why: "it is <damaged>"})
	files := site(t, h, t.TempDir(), q)
	for name, again := range site(t, h, t.TempDir(), q) {
		if !bytes.Equal(files[name], again) {
			t.Errorf("%s differs when it is written again", name)
		}
	}
	address := regexp.MustCompile(`(?:href|src)="([^"]+)"`)
	pages := 0
	for name, content := range files {
		if !strings.HasSuffix(name, ".html") {
			continue
		}
		pages++
		if !bytes.Contains(content, []byte(SiteMark)) {
			t.Errorf("%s has no mark", name)
		}
		for _, m := range address.FindAllSubmatch(content, -1) {
			to := string(m[1])
			if to == "data:," {
				continue
			}
			if at := filepath.Join(filepath.Dir(name), to); files[at] == nil {
				t.Errorf("%s leads to %s, which is not there", name, to)
			}
		}
	}
	if want := 1 + 2 + 3 + 5 + 40 + 5; pages != want {
		t.Errorf("%d pages, want %d", pages, want)
	}
	for name, wants := range map[string][]string{
		"series/nightly/index.html": {"40 builds by date", "▲ +19.6 %", "file left out", "it is &lt;damaged&gt;"},
		"series/kernels/index.html": {"▲ &#43;12.5 %", "No number any more", "Fatal exception &lt;b&gt;&amp;", "1 cell missing in the newest build", "Stream/pipe/size=4KiB"},
		"index.html":                {`<td class="bad">`, "5 builds"[:1]},
	} {
		for _, want := range wants {
			if !strings.Contains(strings.ReplaceAll(string(files[name]), "&#43;", "+"), strings.ReplaceAll(want, "&#43;", "+")) {
				t.Errorf("%s lacks %q", name, want)
			}
		}
	}
}

// The terminal and Markdown have each step, and what is new, missing and broken.
func TestHistoryText(t *testing.T) {
	q := history.Query{Newest: 3}
	h := readHistory(t, mixedHistory(t), q)
	for _, format := range []string{"text", "markdown"} {
		var b bytes.Buffer
		if err := h.Write(&b, format, text.Screen{}, q, false); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(strings.Fields(strings.NewReplacer(`\`, "", "&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(b.String())), " ")
		for _, want := range []string{
			"kernels: 5 builds by version, 5.10.0-46-cloud-amd64 to 7.3-cloud-amd64", "3 slower, 0 faster; 1 without a number any more, 1 missing, 0 new", "+12.5 %",
			"7.3-cloud-amd64, after 7.2.13-deb14-cloud-amd64: ", "ipcbench kernels why /home/me/", "no number any more in 7.3-cloud-amd64: Stream/mech=fifo/", "missing, and in the build before in 7.3-cloud-amd64: Stream/mech=sysvmsg/",
			"nightly: 40 builds by date", "ipcbench compare run-35 run-36 --filter",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("%s lacks %q:\n%s", format, want, got)
			}
		}
	}
}

// Every kind of page can be read on a screen and on a telephone, light and dark: nothing
// is beyond the window, charts are drawn, and no script or style is refused.
func TestSiteInBrowser(t *testing.T) {
	need.Time(t)
	dir, q := t.TempDir(), history.Query{Newest: 5}
	files := site(t, readHistory(t, mixedHistory(t), q), dir, q)
	b := openFile(t, filepath.Join(dir, "index.html"))
	var names []string
	for _, pattern := range []string{`^index.html$`, `^series/nightly/index.html$`, `^series/kernels/index.html$`, `^series/nightly/cells/PingPong_mech_pipe_.*`, `^series/kernels/cells/Stream_mech_fifo_.*`, `^series/kernels/builds/.*`} {
		var fit []string
		for name := range files {
			if regexp.MustCompile(pattern).MatchString(name) {
				fit = append(fit, name)
			}
		}
		slices.Sort(fit)
		names = append(names, fit[0])
	}
	grounds := map[string]string{"light": "rgb(255, 255, 255)", "dark": "rgb(17, 21, 26)"}
	for _, w := range []struct {
		width  int64
		scheme string
	}{{1200, "light"}, {400, "dark"}} {
		{
			width, scheme, ground := w.width, w.scheme, grounds[w.scheme]
			feature := []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}
			if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: feature}); err != nil {
				t.Fatal(err)
			}
			for i, name := range names {
				if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate("file://"+filepath.Join(dir, name))); err != nil {
					t.Fatal(err)
				}
				is(b, ground, `getComputedStyle(document.body).backgroundColor`)
				is(b, true, `document.documentElement.scrollWidth <= document.documentElement.clientWidth`)
				if !strings.Contains(name, "/cells/") {
					continue
				}
				is(b, "", `document.documentElement.dataset.ready`)
				is(b, "", `[...document.querySelectorAll("#chart svg text")].filter(t => { const r = t.getBoundingClientRect(); return r.left < 0 || r.right > document.documentElement.clientWidth; }).map(t => t.textContent).join()`)
				if i == 3 {
					is(b, 40, `document.querySelectorAll("#chart g[aria-label=dot] circle").length`)
					is(b, 3, `document.querySelectorAll("#chart g[aria-label=rule]")[0].querySelectorAll("line").length`)
				}
			}
		}
	}
	b.quiet()
}
