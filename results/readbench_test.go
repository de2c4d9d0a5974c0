package results

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

// What the benchmark text holds comes back from it.
func TestBenchRoundTrip(t *testing.T) {
	records := testRecords()
	repeatedLaunch := notOKRecord(pingPong, 1, Untrusted, "stolen")
	records[0].Attempt = 2 // of launch 1
	var text bytes.Buffer
	if err := WriteBench(&text, append([]Record{repeatedLaunch}, records...)); err != nil {
		t.Fatal(err)
	}
	got := readString(t, text.String())
	if got.LeftOut != 0 || len(got.Records) != len(records) {
		t.Fatalf("%d records, %v; want %d", len(got.Records), got.Problems, len(records))
	}
	for i, r := range got.Records {
		want := records[i]
		want.Attempt = 1
		if r.Cell != want.Cell || r.Outcome != want.Outcome || r.Launch != want.Launch || r.Attempt != 1 ||
			r.Reason != want.Reason || r.Run != want.Run || r.Seed != want.Seed || r.Ops != want.Ops {
			t.Errorf("record %d: %+v, want %+v", i, r, want)
		}
		for _, m := range Metrics {
			a, aok := m.get(&r)
			b, bok := m.get(&want)
			if a != b || aok != bok {
				t.Errorf("record %d: %v %s, want %v", i, a, m.Unit, b)
			}
		}
		if r.Outcome == OK {
			h := *want.Host
			h.Sysctls = map[string]string{"kernel.msgmax": "8192", "kernel.sem": "32000 1024000000 500 32000"}
			if r.Isolation != want.Isolation || !reflect.DeepEqual(r.Host, &h) {
				t.Errorf("record %d: host %+v, want %+v", i, r.Host, h)
			}
		}
	}
	if a, b := Summarize(got.Records), Summarize(append([]Record{repeatedLaunch}, records...)); len(a) != len(b) {
		t.Errorf("%d cells, want %d", len(a), len(b))
	} else {
		for i := range a {
			if a[i].NsPerOp.Center != b[i].NsPerOp.Center || a[i].Outcome != b[i].Outcome {
				t.Errorf("%s: %v %v, want %v %v", a[i].Cell.Name(), a[i].Outcome, a[i].NsPerOp, b[i].Outcome, b[i].NsPerOp)
			}
		}
	}
}

// A time of 0 was not measured and is not written. A count of 0 was.
func TestBenchHasNoZeroTimes(t *testing.T) {
	r := okRecord(pingPong, 1, 5000)
	r.Latency.P50, r.BytesPerSec = 0, 0
	r.CPUNsPerOp, r.Given.InFlight = Known(0.0), Known(int64(0))
	var text bytes.Buffer
	if err := WriteBench(&text, []Record{r}); err != nil {
		t.Fatal(err)
	}
	line := text.String()[strings.LastIndex(text.String(), "BenchmarkPingPong/"):]
	for unit, written := range map[string]bool{"p50-ns": false, "B/s": false, "cpu-ns/op": true, "invol-switches/op": true, "inflight-msgs": true} {
		if strings.Contains(line, " 0 "+unit) != written || strings.Contains(line, unit) != written {
			t.Errorf("%s: want it written as 0: %v; got\n%s", unit, written, line)
		}
	}
}

// What go test prints, with comments where its output puts them.
func TestReadGoTest(t *testing.T) {
	s := readString(t, `goos: linux
goarch: amd64
pkg: ipcbench/bench
cpu: Example CPU
kernel: Linux 6.18
# seed: 7
BenchmarkPingPong
# skip PingPong/mech=sysvmsg/size=64KiB/queue=default/place=same: message size 65536 > 8192
BenchmarkPingPong/mech=pipe/size=64/queue=default/place=same
BenchmarkPingPong/mech=pipe/size=64/queue=default/place=same-2         	   20000	      5210 ns/op	  24.57 MB/s	      9100 p99-ns
BenchmarkPingPong/mech=pipe/size=64/queue=default/place=same-2         	   20000	      5310 ns/op	  24.57 MB/s	  1000 B/s
BenchmarkFanIn/mech=fifo/size=1KiB/queue=4KiB/place=cross/peers=4-2    	# failed FanIn/mech=fifo/size=1KiB/queue=4KiB/place=cross/peers=4: lost 1 message
--- FAIL: BenchmarkFanIn/mech=fifo
panic: not a setting that matters
FAIL	ipcbench/bench	1.2s
`)
	if s.LeftOut != 0 || len(s.Records) != 4 || len(s.Warnings) != 2 {
		t.Fatalf("%d records, %v, %v", len(s.Records), s.Problems, s.Warnings)
	}
	skip, one, two, fail := s.Records[0], s.Records[1], s.Records[2], s.Records[3]
	if skip.Outcome != Skipped || skip.Reason != "message size 65536 > 8192" || skip.Cell.Size != 65536 {
		t.Errorf("skipped: %+v", skip)
	}
	if one.Launch != 1 || one.NsPerOp != 5210 || one.BytesPerSec != 24.57e6 || one.Latency.P99 != 9100 || one.Seed != 7 {
		t.Errorf("first: %+v", one)
	}
	if two.Launch != 2 || two.BytesPerSec != 1000 || two.Latency != nil || two.Host != one.Host || two.Host.CPU != "Example CPU" {
		t.Errorf("second: %+v", two)
	}
	if fail.Outcome != Failed || fail.Reason != "lost 1 message" || fail.Cell.Peers != 4 || fail.Cell.Queue != 4096 {
		t.Errorf("failed: %+v", fail)
	}
}
