package results

import (
	"fmt"
	"strings"
	"testing"
)

// line is a record as an earlier version wrote it, with more keys.
func line(outcome, more string) string {
	return fmt.Sprintf(`{"schema":1,"run":"r","time":"2026-11-22T23:59:00Z","cell":{"workload":"PingPong","mechanism":"pipe","size":64,"queue":0,"place":"same","peers":0},`+
		`"launch":1,"attempt":1,"outcome":%q,"seed":1%s}`+"\n", outcome, more)
}

// worker is what an earlier version wrote of one.
func worker(wait int, cpus string) string {
	return fmt.Sprintf(`{"role":"ping","pid":7,"cpus":%s,"user_ns":0,"system_ns":0,"voluntary":0,"involuntary":0,"eintr":0,"wait_ns":%d}`, cpus, wait)
}

const noise = `,"noise":{"steal_ns":0,"throttled_ns":0,"throttled":0,"stopped":false,"pressure_ns":0,"slowest_khz":0,"foreign_ns":0}`

func TestRecordsOfEarlierVersions(t *testing.T) {
	none, zero := Count{}, Known(int64(0))
	read := func(outcome, more string) Record {
		t.Helper()
		s := readString(t, line(outcome, more))
		if len(s.Records) != 1 || s.LeftOut != 0 {
			t.Fatalf("%d records, %v", len(s.Records), s.Problems)
		}
		return s.Records[0]
	}

	// It left out counts of 0, and getrusage(2) gave them all.
	r := read("ok", `,"ops":1000,"elapsed_ns":5000000,"ns_per_op":5000,"workers":[`+worker(0, "[0]")+`,`+worker(9, "[0]")+`],"rounds":[{"kind":"verify","ops":1,"elapsed_ns":9}]`+noise)
	if r.Voluntary != Known(0.0) || r.Involuntary != Known(0.0) || r.CPUNsPerOp != Known(0.0) || r.EINTR != zero {
		t.Errorf("counts %v, %v, %v, %v, want 0 of each", r.Voluntary, r.Involuntary, r.CPUNsPerOp, r.EINTR)
	}
	if w := r.Workers[0]; w.UserNs != zero || w.WaitNs != zero || r.Noise.ForeignNs != zero {
		t.Errorf("worker %+v, foreign %v: the kernel counts waits, so that 0 is 0", w, r.Noise.ForeignNs)
	}
	if r.Noise.PressureNs != none || r.Verified != zero {
		t.Errorf("pressure %v, want none: 0 also said that it is not kept; verified %v, want 0", r.Noise.PressureNs, r.Verified)
	}

	// It wrote 0 where a kernel counts no waits, or nothing is pinned.
	r = read("ok", `,"ops":1000,"ns_per_op":5000,"voluntary_per_op":2,"workers":[`+worker(0, "[0,1]")+`]`+noise)
	if w := r.Workers[0]; w.WaitNs != none || r.Noise.ForeignNs != none || r.Voluntary != Known(2.0) || r.Verified != none {
		t.Errorf("worker %+v, foreign %v, switches %v, verified %v", w, r.Noise.ForeignNs, r.Voluntary, r.Verified)
	}

	// Where instructions were counted it wrote 0 for every time.
	r = read("ok", `,"ops":1000,"insns_per_op":9000,"voluntary_per_op":2,"workers":[`+worker(0, "[0]")+`]`)
	if w := r.Workers[0]; w.UserNs != none || w.SystemNs != none || w.WaitNs != none || w.Voluntary != zero || r.CPUNsPerOp != (Amount{}) {
		t.Errorf("worker %+v, CPU time %v: want no time", w, r.CPUNsPerOp)
	}

	// It left in a failed launch what came before the failure.
	for _, outcome := range []string{"failed", "skipped"} {
		r = read(outcome, `,"reason":"lost 1 message","ops":1000,"ns_per_op":5000,"bytes_per_sec":9,"cpu_ns_per_op":1,"eintr":3,"workers":[`+worker(0, "[0]")+`]`)
		if r.measured() || r.Workers[0].PID != 7 || r.Measurements() != nil {
			t.Errorf("%s: %+v", outcome, r)
		}
	}

	// It named the largest of few operations a percentile.
	latency := func(n int) string {
		return fmt.Sprintf(`,"ops":1000,"ns_per_op":5000,"latency":{"count":%d,"p50_ns":6,"p90_ns":7,"p99_ns":8,"p999_ns":9,"max_ns":9,"clock_ns":1,"histogram":""}`, n)
	}
	for n, want := range map[int]string{1: "0 0 0 0", 2: "6 0 0 0", 9: "6 0 0 0", 10: "6 7 0 0", 99: "6 7 0 0", 100: "6 7 8 0", 999: "6 7 8 0", 1000: "6 7 8 9"} {
		l := read("ok", latency(n)).Latency
		if got := fmt.Sprint(l.P50, l.P90, l.P99, l.P999); got != want || l.Max != 9 {
			t.Errorf("%d operations: %s, max %d; want %s, max 9", n, got, l.Max, want)
		}
	}
}

// Benchmark text lacks the number of latencies: there are no more of them than
// operations. A count that it lacks is not 0: other tools drop units.
func TestTextOfEarlierVersions(t *testing.T) {
	const name = "BenchmarkPingPong/mech=pipe/size=16MiB/queue=default/place=same"
	s := readString(t, name+" 2 5000 ns/op 6 p50-ns 6 p90-ns 6 p99-ns 6 p999-ns 6 max-ns 2 vol-switches/op\n")
	if len(s.Records) != 1 {
		t.Fatalf("%d records, %v", len(s.Records), s.Problems)
	}
	r := s.Records[0]
	if l := r.Latency; l.P50 != 6 || l.P90+l.P99+l.P999 != 0 || l.Max != 6 {
		t.Errorf("latency %+v, want the median and the largest of 2 operations", l)
	}
	if !r.CPUNsPerOp.IsZero() || !r.Involuntary.IsZero() || r.Voluntary != Known(2.0) {
		t.Errorf("CPU time %v, switches %v and %v", r.CPUNsPerOp, r.Voluntary, r.Involuntary)
	}
	if s := Summarize(s.Records)[0]; s.Of("switches").Known() {
		t.Errorf("switches %v of one of two kinds", s.Of("switches"))
	}
}

// What few operations do not carry is in no output and ranks nothing.
func TestFewOperationsHaveNoPercentiles(t *testing.T) {
	large := with(pingPong, "pipe", 16<<20)
	late := Cell{Workload: "OpenLoop", Mechanism: "pipe", Size: 64, Place: "cross", Options: Options{Rate: 1000}}
	var records []Record
	for _, c := range []Cell{large, late, with(late, "fifo", 64)} {
		for _, r := range launches(c, 6, 1e6) {
			r.Latency = &Latency{Count: 1, Max: 777777, HDR: "x"}
			records = append(records, r)
		}
	}
	summaries := Summarize(records)
	for _, s := range summaries {
		if s.Of("p50").Known() || s.P99.Known() || s.Of("p999").Known() || s.P99s != nil || !s.NsPerOp.Known() || s.Timed != Known(int64(1)) {
			t.Errorf("%s: p50 %+v, p99 %+v, of %v", s.Cell.Name(), s.Of("p50"), s.P99, s.P99s)
		}
	}
	for _, a := range Answers(summaries) {
		if a.Cell.Rate > 0 {
			t.Errorf("%s is ranked by a percentile that it lacks", a.Cell.Name())
		}
	}
	var text strings.Builder
	if err := WriteBench(&text, records); err != nil {
		t.Fatal(err)
	}
	for _, unit := range []string{"777.8µs", " p50-ns 7", "777777 p"} {
		if strings.Contains(text.String(), unit) {
			t.Errorf("%q comes through", unit)
		}
	}
	r := records[0]
	r.Latency = &Latency{Count: 99, P99: 5}
	if err := r.check(); err == nil || !strings.Contains(err.Error(), "latency.p99_ns of 99 operations: want at least 100") {
		t.Errorf("a percentile beyond its sample: %v", err)
	}
}
