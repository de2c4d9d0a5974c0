package report

import (
	"bytes"
	"encoding/csv"
	"io"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"ipcbench/internal/need"
	"ipcbench/internal/sides"
	"ipcbench/kernels/profile"
)

// The page of a series can be read on a screen and on a telephone: no word is broken
// into letters, and nothing is beyond the window.
func TestKernelsInBrowser(t *testing.T) {
	need.Time(t)
	sets, all := booted(5)
	b := openWritten(t, func(w io.Writer) error {
		k := NewKernels(sets, againstFirst(all))
		k.Rows[0].Values[4].Flames = "profiles/ID/index.html"
		return WriteKernels(w, k)
	})
	for _, width := range []int64{1200, 400} {
		if err := chromedp.Do(b.ctx, chromedp.EmulateViewport(width, 900), chromedp.Navigate(b.url)); err != nil {
			t.Fatal(err)
		}
		is(b, true, `document.documentElement.scrollWidth <= document.documentElement.clientWidth`)
		is(b, true, `document.querySelector(".wide").scrollWidth <= document.querySelector(".wide").clientWidth`)
		is(b, 5, `document.querySelectorAll(".kernels tbody tr").length`)
		// A line of text is 22 px high; the name of a cell takes one, a value two.
		is(b, "", `[...document.querySelectorAll(".kernels tbody th")].filter(c => c.getBoundingClientRect().height > 60).map(c => c.innerText).join()`)
		is(b, "", `[...document.querySelectorAll(".kernels td b, .kernels td span")].filter(c => c.getClientRects().length > 1).map(c => c.innerText).join()`)
		is(b, "", `[...document.querySelectorAll(".kernels td:not(.chart) > *")].filter(c => c.scrollWidth > c.clientWidth && c.clientWidth > 0).map(c => c.innerText).join()`)
	}
	b.quiet()
}

// The page has each value, the steps, the verdicts, and what has no number.
func TestKernelsPage(t *testing.T) {
	sets, all := booted(5)
	var page bytes.Buffer
	if err := WriteKernels(&page, NewKernels(sets, againstFirst(all))); err != nil {
		t.Fatal(err)
	}
	got := strings.ReplaceAll(page.String(), "&#43;", "+")
	for _, want := range []string{
		"<th>cell <small>size=64/place=same</small></th>", "12\u202f678</b>", "▲ +20.7 %", "▼ -10.7 %", "+24.6 % slower", "-8.3 % faster",
		`<b class="bad">failed</b>`, "failed in 7.3</b>: the guest ended in this cell: Kernel panic - not syncing: Fatal exception", "skipped in 5.10</b>", "skipped everywhere</b>",
		"7.3: 1 cell was ok and is failed or skipped", "mitigations: 5.10: retpolines; 6.1, 6.12, 7.2, 7.3: retpolines, BHI",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	// One kernel has no steps and no verdicts.
	page.Reset()
	if err := WriteKernels(&page, NewKernels(sets[4:], nil)); err != nil {
		t.Fatal(err)
	}
	if got := page.String(); !strings.Contains(got, "15\u202f792</b>") || !strings.Contains(got, "failed</b>: the guest") || strings.Contains(got, "▲") || strings.Contains(got, "Gate") {
		t.Errorf("of one kernel:\n%s", got[strings.Index(got, "<main>"):])
	}
}

// summary.csv of a series has every kernel, with what it counted.
func TestCSVOfASeries(t *testing.T) {
	sets, all := booted(3)
	var csvFile File
	for _, f := range New(sets, all).Files() {
		if f.Name == CSVFile {
			csvFile = f
		}
	}
	var b bytes.Buffer
	if err := csvFile.Write(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	at := map[string]int{}
	for i, name := range rows[0] {
		at[name] = i
	}
	found := map[string]string{}
	for _, row := range rows[1:] {
		if row[at["mechanism"]] == "pipe" && row[at["workload"]] == "PingPong" {
			found[row[at["kernel"]]] = row[at["insns_per_op"]] + " " + row[at["context_switches_per_op"]]
		}
		if row[at["mechanism"]] == "vsock" && !strings.Contains(row[at["reasons"]], "CONFIG_VSOCKETS_LOOPBACK") {
			t.Errorf("%q has no reason", row)
		}
	}
	if len(found) != 3 || found["5.10"] != "12679 0.75" || found["6.12"] != "11629 0.75" {
		t.Errorf("%q", found)
	}
}

// A change whose profiles are kept has a link to their flame graphs, the last ones, and
// no other number has one.
func TestKernelsPageFlames(t *testing.T) {
	sets, all := booted(3)
	k := NewKernels(sets, againstFirst(all))
	of := func(side int, cell, qemu string) *profile.Profile {
		g := sets[side].Hosts()[0].Guest
		return &profile.Profile{Image: g.Image, Options: g.CommandLine, QEMU: qemu, Cell: cell}
	}
	pipe := sides.Cell("PingPong", "pipe", 64).Name()
	k.Explain([]Explained{
		{of(0, pipe, "7.2.22"), of(2, pipe, "7.2.22"), "../profiles/1/index.html"},
		{of(0, pipe, "7.2.22"), of(2, pipe, "7.2.22"), "../profiles/2/index.html"},
		{of(0, pipe, "10.0"), of(1, pipe, "10.0"), "of another QEMU"},
		{of(1, pipe, "7.2.22"), of(2, pipe, "7.2.22"), "of another base"},
	})
	var page bytes.Buffer
	if err := WriteKernels(&page, k); err != nil {
		t.Fatal(err)
	}
	if got := page.String(); strings.Count(got, `class="why"`) != 1 || !strings.Contains(got, `<td data-kernel="6.12">`) || !strings.Contains(got, ` <a class="why" href="../profiles/2/index.html">flame graph</a></td>`) {
		t.Errorf("%d links:\n%s", strings.Count(got, `class="why"`), got[strings.Index(got, "<main>"):])
	}
}
