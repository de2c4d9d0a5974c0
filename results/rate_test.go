package results

import (
	"bytes"
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
	var table bytes.Buffer
	if err := WriteTable(&table, summaries); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"  20000   !9911  ", "!: saturated: less than 95 % of what was due came"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("%q is not in\n%s", want, table.String())
		}
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
		if first := a.Ranked[0]; first.Cell.Mechanism != "sysvmsg" || a.Ranked[1].Tied() || a.Verdict() != "faster" {
			t.Errorf("rate %d: %s is first, %s", a.Cell.Rate, first.Cell.Mechanism, a.Verdict())
		}
	}
	for _, s := range summaries {
		if s.Worth != nil {
			t.Errorf("%s is worth %v", s.Cell.Name(), s.Worth)
		}
	}
	var table bytes.Buffer
	if err := WriteTable(&table, summaries); err != nil {
		t.Fatal(err)
	}
	want := `OpenLoop, place same, latency from when a message was due
  mechanism  size    queue  due/s  came/s      p50      p99   ±    p99.9   CPU/op  in flight   n
  pipe         64  default   1000     991  10.00µs  40.00µs  0%  120.0µs  756.8µs         16  10
  sysvmsg      64  default   1000     991  7.500µs  30.00µs  0%  90.00µs  756.8µs         16  10
  pipe         64  default  20000   19822  10.00µs  40.00µs  0%  120.0µs  37.84µs         16  10
  sysvmsg      64  default  20000   19822  7.500µs  30.00µs  0%  90.00µs  37.84µs         16  10

`
	if got := table.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var report bytes.Buffer
	if err := WriteMarkdown(&report, &Set{Records: records}, nil); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Where messages are due at a rate it is the 99th percentile",
		"\n### OpenLoop, place same\n\n| size | queue | due/s | fastest |",
		"| 64 | default | 20000 | sysvmsg | 30.00µs ±0% | pipe | +33.3 % (",
	} {
		if !strings.Contains(report.String(), want) {
			t.Errorf("%q is not in\n%s", want, report.String())
		}
	}
	for _, c := range comparisons(summaries) {
		if args := strings.Join(c.args("x"), " "); !strings.Contains(args, ".unit:p99-ns ") || !strings.Contains(args, " /rate:") || strings.Contains(args, `/rate:""`) {
			t.Errorf("benchstat %s", args)
		}
	}
}
