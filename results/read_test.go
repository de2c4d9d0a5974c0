package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

func nan() float64 { return math.NaN() }

func readString(t testing.TB, text string) *Set {
	t.Helper()
	var s Set
	if err := s.read("f", strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return &s
}

func jsonLine(t testing.TB, r Record) string {
	t.Helper()
	line, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(line) + "\n"
}

// Each bad line is named with its place and its reason, and costs no other.
func TestReadNamesBadLines(t *testing.T) {
	good := jsonLine(t, okRecord(pingPong, 1, 5000))
	edit := func(old, new string) string { // of launch 2
		line := jsonLine(t, okRecord(pingPong, 2, 5000))
		if !strings.Contains(line, old) {
			t.Fatalf("no %s in %s", old, line)
		}
		return strings.Replace(line, old, new, 1)
	}
	bench := "BenchmarkPingPong/mech=pipe/size=64/queue=default/place=same 10 5000 ns/op\n"
	cases := []struct{ name, good, bad, reason string }{
		{"cut short", good, `{"schema":1` + "\n", "unexpected end"},
		{"not an object", good, "[1]\n", "cannot unmarshal"},
		{"binary", good, "\x00\xff\n", "invalid character"},
		{"duplicate", good, good, "launch 1, attempt 1 is on line 1 already"},
		{"other schema", good, edit(`"schema":1`, `"schema":2`), "another schema: 2"},
		{"no schema", good, edit(`"schema":1,`, ``), "another schema: 0"},
		{"unknown field", good, edit(`"seed"`, `"sead"`), `unknown field "sead"`},
		{"negative time", good, edit(`"ns_per_op":5000`, `"ns_per_op":-5000`), "ns_per_op is -5000"},
		{"infinite", good, edit(`"ns_per_op":5000`, `"ns_per_op":1e999`), "cannot unmarshal"},
		{"NaN", good, edit(`"ns_per_op":5000`, `"ns_per_op":NaN`), "invalid character 'N'"},
		{"no number", good, edit(`"ns_per_op":5000`, `"ns_per_op":0`), "ok without ns_per_op"},
		{"negative round", good, edit(`"elapsed_ns":100000000,`, `"elapsed_ns":-1,`), "elapsed_ns is -1"},
		{"outcome", good, edit(`"ok"`, `"fine"`), `unknown outcome "fine"`},
		{"no reason", good, edit(`"ok"`, `"failed"`), "failed without a reason"},
		{"cell", good, edit(`"PingPong"`, `"\u001b[2J"`), "is not a cell"},
		{"run", good, edit(`"run":"`, `"run":"../`), "does not match"},
		{"long line", good, strings.Repeat("x", maxLine+1) + "\n", "too long"},
		{"two values", good, strings.TrimSuffix(edit("x", "x"), "\n") + "{}\n", "invalid character"},
		{"bench: not a cell", bench, "BenchmarkOther-8 10 5 ns/op\n", "Other is not a cell"},
		{"bench: no number", bench, strings.Replace(bench, "5000", "5x", 1), "parsing measurement"},
		{"bench: infinite", bench, strings.Replace(bench, "5000", "+Inf", 1), "+Inf ns/op"},
		{"bench: NaN", bench, strings.Replace(bench, "5000", "NaN", 1), "NaN ns/op"},
		{"bench: negative", bench, strings.Replace(bench, "5000", "-1", 1), "-1 ns/op"},
		{"bench: zero", bench, strings.Replace(bench, "5000", "0", 1), "ok without ns_per_op"},
		{"bench: long line", bench, "Benchmark" + strings.Repeat("x", maxBenchLine) + " 1 5 ns/op\n", "too long"},
		{"bench: comment", bench, "# skip Ping\x1bPong: no\n", `Ping\x1bPong is not a cell`},
		{"bench: no reason", bench, "# failed PingPong/mech=pipe/size=64/queue=default/place=same: \n", "without a reason"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := readString(t, c.good+c.bad+"\n")
			if len(s.Records) != 1 || s.LeftOut != 1 || len(s.Problems) != 1 {
				t.Fatalf("%d records, %d left out: %v", len(s.Records), s.LeftOut, s.Problems)
			}
			if got := s.Problems[0].String(); !strings.HasPrefix(got, "f:2: ") || !strings.Contains(got, c.reason) {
				t.Errorf("problem %q, want f:2 and %q", got, c.reason)
			}
			if got := s.OtherSchema; (got == 1) != strings.Contains(c.reason, "schema") {
				t.Errorf("OtherSchema = %d", got)
			}
		})
	}
}

func TestReadBoundsProblems(t *testing.T) {
	s := readString(t, "{\n"+strings.Repeat("x\n", 500))
	if s.LeftOut != 501 || len(s.Problems) != maxProblems {
		t.Errorf("%d left out, %d named, want 501 and %d", s.LeftOut, len(s.Problems), maxProblems)
	}
}

// endless is a file that does not end.
type endless struct{ line string }

func (e endless) Read(p []byte) (int, error) {
	n := copy(p, e.line) // a short copy of a line is a line of another kind
	for n+len(e.line) <= len(p) {
		n += copy(p[n:], e.line)
	}
	return n, nil
}

func TestReadRefusesEndlessInput(t *testing.T) {
	for _, line := range []string{"x", "{" + strings.Repeat("x", 60000) + "\n", "Benchmark" + strings.Repeat("x", 60000) + " 1 1 ns/op\n"} {
		err := new(Set).read("f", endless{line})
		if err == nil || !strings.Contains(err.Error(), "more than 256MiB") {
			t.Errorf("endless %.20q: %v", line, err)
		}
	}
}

func TestReadMissing(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir(), "no"), t.TempDir()} {
		if _, err := Read(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("Read(%s): %v", path, err)
		}
	}
}

func TestReadDoubts(t *testing.T) {
	if s := readString(t, ""); len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "no records") {
		t.Errorf("an empty file: %v", s.Warnings)
	}
	a, b := okRecord(pingPong, 1, 5000), okRecord(pingPong, 2, 5000)
	b.Host.Kernel = "Linux 5.10"
	if s := readString(t, jsonLine(t, a)+jsonLine(t, b)); len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "2 different hosts") {
		t.Errorf("two hosts: %v", s.Warnings)
	}
}

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
		for _, m := range metrics {
			a, aok := m.get(&r)
			b, bok := m.get(&want)
			if a != b || aok != bok {
				t.Errorf("record %d: %v %s, want %v", i, a, m.unit, b)
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

func FuzzRead(f *testing.F) {
	var bench bytes.Buffer
	if err := WriteBench(&bench, testRecords()); err != nil {
		f.Fatal(err)
	}
	f.Add(bench.Bytes())
	f.Add([]byte(jsonLine(f, okRecord(pingPong, 1, 5000)) + jsonLine(f, notOKRecord(pingPong, 2, Failed, hostile))))
	f.Add([]byte("# run: x\nkernel: y\nBenchmarkA/mech=a/size=1/queue=1/place=a-8 1 1 ns/op 1 p50-ns 1e300 B/s\r\n\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		var s Set
		if err := s.read("f", bytes.NewReader(data)); err != nil {
			t.Fatal(err) // memory does not fail
		}
		var lines strings.Builder
		for i := range s.Records {
			if err := s.Records[i].check(); err != nil {
				t.Fatalf("record %d was taken: %v", i, err)
			}
			lines.WriteString(jsonLine(t, s.Records[i]))
		}
		back := readString(t, lines.String())
		if back.LeftOut != 0 || len(back.Records) != len(s.Records) {
			t.Fatalf("of %d records %d came back: %v", len(s.Records), len(back.Records), back.Problems)
		}
		for i := range back.Records {
			if a, b := jsonLine(t, s.Records[i]), jsonLine(t, back.Records[i]); a != b {
				t.Fatalf("%s came back as %s", a, b)
			}
		}
		var text bytes.Buffer
		if err := WriteBench(&text, s.Records); err != nil {
			t.Fatal(err)
		}
		if again := readString(t, text.String()); again.LeftOut != 0 {
			t.Fatalf("%v in\n%s", again.Problems, text.Bytes())
		}
		Answers(Summarize(s.Records))
	})
}

func FuzzParseCell(f *testing.F) {
	f.Add(pingPong.Name())
	f.Add("FanIn/mech=fifo/size=1KiB/queue=4KiB/place=cross/peers=4")
	f.Add("A/mech=a/size=0/queue=1GiB/place=a/peers=0/x")
	f.Fuzz(func(t *testing.T, name string) {
		c, err := ParseCell(name)
		if err != nil {
			if msg := err.Error(); Quote(msg) != msg {
				t.Fatalf("the error is not fit for a terminal: %q", msg)
			}
			return
		}
		if got, err := ParseCell(c.Name()); err != nil || got != c {
			t.Fatalf("%q is %+v, its name %q is %+v, %v", name, c, c.Name(), got, err)
		}
	})
}

func FuzzParseBytes(f *testing.F) {
	for _, s := range []string{"64", "4KiB", "16MiB", "1GiB", "2GiB", "", "KiB", "+1", "-1", "0", "1KB", "18446744073709551617"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := ParseBytes(s)
		if err != nil {
			return
		}
		if n < 1 || n > 1<<30 {
			t.Fatalf("ParseBytes(%q) = %d", s, n)
		}
		if got, err := ParseBytes(FormatBytes(n)); err != nil || got != n {
			t.Fatalf("%d is %s is %d, %v", n, FormatBytes(n), got, err)
		}
		if got, err := ParseBytes(strconv.Itoa(n)); err != nil || got != n {
			t.Fatalf("%d in digits is %d, %v", n, got, err)
		}
	})
}

func FuzzQuote(f *testing.F) {
	f.Add(hostile)
	f.Add("plain µ ± ∞")
	f.Fuzz(func(t *testing.T, s string) {
		q := Quote(s)
		if strings.ContainsFunc(q, func(r rune) bool { return !strconv.IsGraphic(r) }) {
			t.Fatalf("Quote(%q) = %q", s, q)
		}
		if len(q) > maxQuoted+16 || Quote(q) != q && len(q) < maxQuoted {
			t.Fatalf("Quote(%q) = %q, once more %q", s, q, Quote(q))
		}
	})
}
