package report

import (
	"fmt"
	"strings"
	"testing"

	"ipcbench/choose"
	"ipcbench/compare"
	"ipcbench/internal/need"
	"ipcbench/results"
)

// The page that compares two runs shows what became slower, and draws it.
func TestComparisonInBrowser(t *testing.T) {
	need.Time(t)
	old, new := sample(t, defaultSizes, 7), sample(t, defaultSizes, 7)
	for i := range new {
		if r := &new[i]; r.Cell.Mechanism == "fifo" {
			r.NsPerOp, r.BytesPerSec = 1.3*r.NsPerOp, r.BytesPerSec/1.3
		}
	}
	p := NewPage(&results.Set{Records: new})
	p.Compare(compare.Compare(compare.Records("old", old, compare.DefaultMetrics), compare.Records("new", new, compare.DefaultMetrics), compare.Defaults))
	b := open(t, p)
	for _, width := range []int64{1400, 400} {
		b.show(width, "light", "")
		if bad := run[string](b, untidy); bad != "" {
			t.Errorf("%d px:\n%s", width, bad)
		}
	}
	is(b, false, `document.getElementById("comparison").hidden`)
	is(b, "slower", `document.querySelector("#comparison tbody tr td").innerText`)
	is(b, true, `[...document.querySelectorAll("#comparison tbody tr")].filter(r => r.cells[0].innerText === "slower").every(r => r.cells[1].innerText.includes("mech=fifo"))`)
	is(b, true, `document.querySelectorAll('figure svg[aria-label^="Change of every cell"]').length > 0`)
	b.quiet()
}

// The form gives the advice that the page was made with.
func TestAdviceInBrowser(t *testing.T) {
	need.Time(t)
	p := NewPage(&results.Set{Records: sample(t, defaultSizes, 7)})
	b := open(t, p)
	b.show(1400, "light", "")
	first := `document.querySelector("#advice .ranked tbody td").innerText.trim()`
	checked, needs := 0, map[string]int{}
	for _, a := range p.Advice {
		if checked == 8 && !need.Long() {
			break // a second each
		}
		if a.Place != "same" || a.Size != 4096 || len(a.Ranked) == 0 {
			continue
		}
		asked, boxes := fmt.Sprintf("#pattern=%s&for=%d", a.Pattern, a.Size), ""
		for _, n := range choose.Needs {
			if n.Has(a.Question) {
				asked, boxes = asked+"&"+n.Key+"=1", boxes+" "+n.Text
				needs[n.Key]++
			}
		}
		b.show(1400, "light", asked)
		is(b, boxes, `[...document.querySelectorAll("#advice input:checked")].map(i => i.parentElement.innerText).join("")`)
		is(b, a.Ranked[0].Mechanism, first)
		if text := run[string](b, `document.getElementById("advice").innerText`); !strings.Contains(text, a.Verdict) {
			t.Errorf("%s, %d bytes: the page does not say %q", a.Pattern, a.Size, a.Verdict)
		}
		checked++
	}
	if checked < 8 {
		t.Errorf("only %d questions were asked", checked)
	}
	for _, n := range choose.Needs {
		if needs[n.Key] == 0 {
			t.Errorf("no question needs %s", n.Key)
		}
	}
	b.quiet()
}
