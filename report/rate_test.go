package report

import (
	"testing"

	"ipcbench/results"
)

// due are launches of messages at rates: at the highest the link is saturated.
func due() (all []results.Record) {
	for m, mech := range []string{"fifo", "pipe"} {
		for i, rate := range []int{1_000, 10_000, 100_000} {
			for launch := range 6 {
				ns, wait := 1e9/float64(rate), int64(20_000+1000*m+10*launch)
				if i == 2 {
					ns, wait = 2*ns, wait*1000
				}
				all = append(all, results.Record{
					Schema: results.Schema, Launch: launch + 1, Attempt: 1, Outcome: results.OK,
					Cell: results.Cell{Workload: "OpenLoop", Mechanism: mech, Size: 64, Place: "cross",
						Options: results.Options{Wait: "poll", Rate: rate}},
					NsPerOp: ns, BytesPerSec: 64 / ns * 1e9, CPUNsPerOp: results.Known(ns), Voluntary: results.Known(2.0),
					Latency: &results.Latency{Count: 1000, P50: wait / 2, P99: wait, P999: 2 * wait},
				})
			}
		}
	}
	return all
}

func TestRatesAreAnAxis(t *testing.T) {
	charts := Charts(results.Summarize(due()))
	var ids []string
	for _, c := range charts {
		ids = append(ids, c.ID)
	}
	if len(charts) != 2 {
		t.Fatalf("charts %q, want latency against rate and nothing that is a rate anyway", ids)
	}
	c := charts[0]
	if c.ID != "tailatrate-openloop-cross-default-64-waitpoll" || c.Title != "OpenLoop latency against rate, 99th percentile, messages of 64 B, different CPUs, wait=poll" {
		t.Errorf("%s: %s", c.ID, c.Title)
	}
	if len(c.Lines) != 2 || len(c.Lines[1].Points) != 3 || c.Lines[1].Points[2].X != 100_000 || c.Lines[1].Points[2].Y != 21_025_000 {
		t.Errorf("lines %+v", c.Lines)
	}
	if s := sectionsOf(charts); len(s) != 1 || s[0].ID != "rate" || len(s[0].Families) != 2 {
		t.Errorf("sections %+v", s)
	}
	if p := Pictures(charts); len(p) != 1 || p[0].Family != "tailatrate" {
		t.Errorf("pictures %+v", p)
	}
}

func TestRatesAreRowsOfABoard(t *testing.T) {
	boards := newBoards(NewPage(&results.Set{Records: due()}))
	if len(boards) != 1 {
		t.Fatalf("%d boards, want one", len(boards))
	}
	b := boards[0]
	if !b.Rates || b.Options != "wait=poll" || len(b.Rows) != 3 || b.Means == "" {
		t.Fatalf("board %+v", b)
	}
	for i, rate := range []int{1_000, 10_000, 100_000} {
		r := b.Rows[i]
		if r.Rate != rate || len(r.Cells) != 1 || r.Cells[0].Use != "fifo" || r.Cells[0].Kind != "decided" {
			t.Errorf("row %+v", r)
		}
	}
	if v := b.Rows[0].Cells[0].Value; v != "20.03µs" {
		t.Errorf("99th percentile %q", v)
	}
}
