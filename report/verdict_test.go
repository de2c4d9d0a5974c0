package report

import (
	"bytes"
	"strings"
	"testing"

	"ipcbench/compare"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// far is a set of two mechanisms with ten launches each: one of fifo's lies far
// off, and so many of sysvmsg's that nothing bounds its median.
func far() *results.Set {
	set := &results.Set{}
	add := func(mech string, ns ...float64) {
		for i, t := range ns {
			set.Records = append(set.Records, okRecord(with(pingPong, mech, 64), i+1, t))
		}
	}
	add("fifo", 5000, 5010, 5020, 5030, 5040, 5050, 5060, 5070, 5080, 5e6)
	add("sysvmsg", 6000, 6010, 6020, 6030, 6e5, 6e5)
	return set
}

// Launches that lie far off are stated with the numbers: how many were moved in,
// and where there is no interval for them.
func TestLaunchesFarOffAreStated(t *testing.T) {
	var table, markdown bytes.Buffer
	if err := WriteTable(&table, far().Summaries(), text.Screen{}); err != nil {
		t.Fatal(err)
	}
	if err := WriteMarkdown(&markdown, far()); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"capped for the interval, launches that lie far off: 1 of 10 in PingPong/mech=fifo/",
		"none: too many launches lie far off for an interval: 2 of 6 in PingPong/mech=sysvmsg/",
		" none ",
	} {
		for name, out := range map[string]*bytes.Buffer{"terminal": &table, "report.md": &markdown} {
			if words := strings.Join(strings.Fields(out.String()), " "); !strings.Contains(words, want) {
				t.Errorf("%s lacks %q:\n%s", name, want, out)
			}
		}
	}
	if strings.Contains(table.String(), "n < 6") {
		t.Errorf("the table has too few launches:\n%s", &table)
	}
	if want := "6.025µs no interval: 2 of 6 far off"; !strings.Contains(markdown.String(), want) {
		t.Errorf("report.md lacks %q:\n%s", want, &markdown)
	}
	for _, c := range NewPage(far()).Cells {
		if want := map[string]int{"fifo": 1, "sysvmsg": 2}[c.Mechanism]; c.Numbers["time"].Capped != want {
			t.Errorf("page: %s has %d launches capped, want %d", c.Mechanism, c.Numbers["time"].Capped, want)
		}
	}
}

// Where a percentage and the medians beside it lie the other way, the reason
// stands beneath.
func TestMediansTheOtherWay(t *testing.T) {
	set := &results.Set{}
	// Most launches of sysvmsg are a little quicker, and some much slower.
	for i, ns := range []float64{97, 98, 98.5, 99, 99.5, 99.8, 108, 110, 112, 114} {
		set.Records = append(set.Records, okRecord(with(pingPong, "fifo", 64), i+1, 100), okRecord(with(pingPong, "sysvmsg", 64), i+1, ns))
	}
	var b bytes.Buffer
	if err := WriteMarkdown(&b, set); err != nil {
		t.Fatal(err)
	}
	if a := results.Answers(set.Summaries())[0]; a.Ranked[1].NsPerOp.Center >= a.Ranked[0].NsPerOp.Center || a.Ranked[1].Ratio.Center <= 1 {
		t.Fatalf("medians %v and %v, ratio %v: the records do not try it", a.Ranked[0].NsPerOp.Center, a.Ranked[1].NsPerOp.Center, a.Ranked[1].Ratio.Center)
	}
	if !strings.Contains(b.String(), " ¹ | ") || !strings.Contains(b.String(), "\n¹ The medians lie the other way.") {
		t.Errorf("no reason beside them:\n%s", &b)
	}
}

// A row that is not decided has its bounds wherever its verdict is in words.
func TestJudgementHasBounds(t *testing.T) {
	for want, row := range map[string]compare.Row{
		"can't tell: between -3.0 and +9.0 % (n ≈ 40 would decide)": {Verdict: compare.CantTell, Ratio: results.Ratio{Center: 1.03, Lo: 0.97, Hi: 1.09}, Need: 40},
		"can't tell: between -3.0 and +9.0 % (about the threshold)": {Verdict: compare.CantTell, Ratio: results.Ratio{Center: 1.03, Lo: 0.97, Hi: 1.09}, Need: -1},
		"same":                    {Verdict: compare.Same, Ratio: results.Ratio{Center: 1, Lo: 0.99, Hi: 1.01}},
		"slower (threshold 10 %)": {Verdict: compare.Slower, Threshold: 0.1},
	} {
		if got := judgement(&row); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
