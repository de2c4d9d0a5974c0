package results

import (
	"strings"
	"testing"
)

// due are launches at a rate whose 99th percentiles lie about p99, in ns.
func due(mech string, rate int, p99 int64) []Record {
	c := with(pingPong, mech, 64)
	c.Workload, c.Rate = "OpenLoop", rate
	all := launches(c, 10, 1e9/float64(rate))
	for i := range all {
		all[i].Op, all[i].Latency.P50, all[i].Latency.P99, all[i].Latency.P999 = "message", p99/4, p99+int64(i), 3*p99
	}
	return all
}

func TestSaturationNamesBothRates(t *testing.T) {
	c := due("pipe", 1000, 1)[0].Cell
	if why := Saturation(c, 1e9/951); why != "" {
		t.Error(why)
	}
	if why := Saturation(c, 1e9/937.); !strings.HasPrefix(why, "saturated: 1000 messages a second were due and 937 came") {
		t.Error(why)
	}
	if why := Saturation(pingPong, 1e9); why != "" {
		t.Error(why)
	}
}

// A cell says once that its launches were saturated, in its table with a mark.
func TestSaturationIsToldOnceOfACell(t *testing.T) {
	records := due("pipe", 20000, 40_000)
	for i := range records {
		r := &records[i]
		r.NsPerOp *= 2
		r.Warnings = []string{Saturation(r.Cell, r.NsPerOp), "another"}
	}
	summaries := Summarize(records)
	if w := summaries[0].Warnings; len(w) != 2 || w[0] != saturation || w[1] != "another" {
		t.Errorf("warnings %q", w)
	}
}

// Messages at a rate all take the time that was asked for: what ranks
// mechanisms is how late the late ones are.
func TestRatesAreRankedByTheirTail(t *testing.T) {
	var records []Record
	for _, rate := range []int{1000, 20000} {
		records = append(records, due("pipe", rate, 40_000)...)
		records = append(records, due("sysvmsg", rate, 30_000)...)
	}
	summaries := Summarize(records)
	answers := Answers(summaries)
	if len(answers) != 2 {
		t.Fatalf("%d answers, want one for each rate", len(answers))
	}
	for _, a := range answers {
		if first := a.Ranked[0]; first.Cell.Mechanism != "sysvmsg" || a.Ranked[1].Tied() || a.Verdict() != "fastest" {
			t.Errorf("rate %d: %s is first, %s", a.Cell.Rate, first.Cell.Mechanism, a.Verdict())
		}
	}
	for _, s := range summaries {
		if s.RelativeCost != nil {
			t.Errorf("%s costs %v relative to a floor", s.Cell.Name(), s.RelativeCost)
		}
	}
}
