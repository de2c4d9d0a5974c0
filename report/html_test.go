package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ipcbench/internal/pagetext"
	"ipcbench/plots"
	"ipcbench/results"
)

var defaultSizes = []int{64, 1 << 10, 4 << 10, 64 << 10, 1 << 20}

func render(t *testing.T, set *results.Set) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteHTML(&b, NewPage(set)); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// unpacked is what a block of the page holds.
func unpacked(t *testing.T, text string) []byte {
	t.Helper()
	data, err := pagetext.Block(strings.Trim(text, `"`))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// What comes from a file neither becomes markup nor steers a terminal that
// shows the source.
func TestHTMLHostile(t *testing.T) {
	const hostile = "<script>alert(1)</script><img src=x onerror=alert(2)> \"'` \x1b]52;c;aGk=\x07 \u202e]]> --> {{.}} \xff\u2028"
	all := records()
	for i := range all {
		all[i].Host = &results.Host{Kernel: hostile, CPU: hostile, Program: hostile, Warnings: []results.Warning{{What: hostile, Why: hostile}},
			Sysctls: map[string]string{hostile: hostile}}
		all[i].Warnings = []string{hostile}
	}
	for i, outcome := range []results.Outcome{results.Failed, results.Untrusted, results.Skipped} {
		r := all[i]
		r.Cell.Size, r.Outcome, r.Reason = 8+i, outcome, hostile
		all = append(all, r)
	}
	named := slices.Clone(all[:6])
	for i := range named {
		named[i].Cell.Mechanism, named[i].Cell.Place = "<script>m</script>\"", "<b>'place"
	}
	header := &results.Header{ID: hostile, Command: []string{"ipcbench", hostile}, Program: hostile, Started: time.Unix(0, 0), Seed: math.MaxUint64}
	out := render(t, &results.Set{Header: header, Records: append(all, named...), Warnings: []string{results.Quote(hostile)}})
	data := regexp.MustCompile(`<script type="application/json" id="([^"]+)">([^<]*)</script>`).FindAllStringSubmatch(out, -1)
	if got := strings.Count(out, "<script"); got != len(data)+3 { // the data; D3, Plot, ours
		t.Errorf("there are %d script elements, %d of them data, and want 3 more", got, len(data))
	}
	for _, bad := range []string{"<script>alert", "<script>m", "<img", "<b>'", "\x1b", "\x07", "\u202e", "\xff", "\u2028"} {
		if i := strings.Index(out, bad); i >= 0 {
			t.Errorf("the page has %q: %q", bad, out[max(0, i-80):i+80])
		}
	}
	cells, seeds := 0, []string{}
	for _, d := range data {
		var list []struct{ Name string }
		var first struct{ Again struct{ Seeds []string } }
		into := any(&list)
		switch d[1] {
		case "data":
			into = &first
		case "left":
			into = new([]string)
		}
		if err := json.Unmarshal(unpacked(t, d[2]), into); err != nil && !strings.HasPrefix(d[1], "charts ") {
			t.Errorf("block %s is damaged: %v", d[1], err)
		}
		if seeds = append(seeds, first.Again.Seeds...); strings.HasPrefix(d[1], "cells ") {
			cells += len(list)
		}
	}
	if cells != 12*2+3+1 || !slices.Equal(seeds, []string{"18446744073709551615"}) {
		t.Errorf("the embedded data are damaged: %d cells, seeds %q", cells, seeds)
	}
}

// Equal records give equal bytes, and a default run less than 2 MB.
func TestHTMLIsAFunctionOfRecords(t *testing.T) {
	all := sample(t, defaultSizes, 10)
	a, b := render(t, &results.Set{Records: all}), render(t, &results.Set{Records: slices.Clone(all)})
	if a != b {
		t.Error("two pages of the same records differ")
	}
	if len(a) >= 2<<20 {
		t.Errorf("the page of a default run has %d bytes, want less than 2 MB", len(a))
	}
}

func TestHTMLWithoutNumbers(t *testing.T) {
	r := records()[0]
	r.Outcome, r.Reason = results.Failed, "sender (pid 1): write: broken pipe"
	for name, set := range map[string]*results.Set{"no record": {}, "a failure": {Records: []results.Record{r}}} {
		if out := render(t, set); !strings.Contains(out, "No cell has a number.") {
			t.Errorf("%s: the page does not say that there is no number", name)
		}
	}
}

func TestHTMLReportsWriteErrors(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	if err := WriteHTML(full, NewPage(&results.Set{Records: records()})); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("on a full disk: %v, want %v", err, syscall.ENOSPC)
	}
}

// The boards name the winners that the records have, found here the long way.
func TestBoardsNameTheFastest(t *testing.T) {
	all := sample(t, defaultSizes, 7)
	type place struct {
		workload, place, queue string
		size, peers            int
	}
	least, winner := map[place]float64{}, map[place]string{}
	times := map[results.Cell][]float64{}
	spoiled := map[results.Cell]bool{}
	for _, r := range all {
		times[r.Cell] = append(times[r.Cell], r.NsPerOp)
		spoiled[r.Cell] = spoiled[r.Cell] || r.Outcome != results.OK
	}
	for c, ns := range times {
		at := place{c.Workload, c.Place, results.FormatQueue(c.Queue), c.Size, c.Peers}
		slices.Sort(ns)
		if middle := ns[len(ns)/2]; !spoiled[c] && (winner[at] == "" || middle < least[at]) {
			least[at], winner[at] = middle, c.Mechanism
		}
	}
	seen := 0
	for _, b := range newBoards(NewPage(&results.Set{Records: all})) {
		for _, row := range b.Rows {
			for i, v := range row.Cells {
				at := place{b.Workload, b.Places[i], b.Queue, row.Size, row.Peers}
				if v.Use != winner[at] {
					t.Errorf("%+v: %q wins, want %q", at, v.Use, winner[at])
				}
				if row.Size == 1<<20 && b.Queue == "default" && !slices.Equal(v.Unknown, []string{"dgram"}) {
					t.Errorf("%+v: not known are %q, want dgram, which is untrusted", at, v.Unknown)
				}
				seen++
			}
		}
	}
	if seen != len(winner) {
		t.Errorf("the boards have %d answers, want %d", seen, len(winner))
	}
}

// A family that has no section gets its own, in front.
func TestSectionsTakeEveryFamily(t *testing.T) {
	got := sectionsOf([]plots.Chart{{Family: "latency", Note: "A."}, {Family: "change", Note: "B."}})
	if len(got) != 3 || got[0].ID != "change" || got[0].Lede != "B." || got[1].ID != "latency" || !strings.HasPrefix(got[1].Lede, "A. ") || !got[2].Each {
		t.Errorf("sections %+v", got)
	}
}
