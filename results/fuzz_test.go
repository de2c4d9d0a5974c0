package results

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

func FuzzRead(f *testing.F) {
	var bench bytes.Buffer
	short := []Record{okRecord(pingPong, 1, 5000), notOKRecord(pingPong, 2, Failed, hostile), notOKRecord(pingPong, 3, Skipped, "x")}
	if err := WriteBench(&bench, short); err != nil {
		f.Fatal(err)
	}
	f.Add(bench.Bytes())
	f.Add([]byte(jsonLine(f, okRecord(pingPong, 1, 5000)) + jsonLine(f, notOKRecord(pingPong, 2, Failed, hostile))))
	lines := linesOf(f, okRecord(pingPong, 1, 5000), notOKRecord(pingPong, 2, Failed, hostile))
	f.Add([]byte(lines))
	f.Add([]byte(jsonLine(f, okRecord(pingPong, 1, 5000)) + lines))
	for _, name := range []string{"schema1.jsonl", "schema2.jsonl"} {
		real, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(real)
	}
	f.Add([]byte("# run: x\nkernel: y\nBenchmarkA/mech=a/size=1/queue=1/place=a-8 1 1 ns/op 1 p50-ns 1e300 B/s\r\n\x00"))
	f.Add([]byte("pkg: p\nBenchmarkA-2 1 0 ns/op\n--- FAIL: BenchmarkA-2\n    a_test.go:1: no\nBenchmarkB-2 \tpanic: x\ngoos: y\nFAIL\nexit status 2\nFAIL\tp\t1s\n"))
	f.Add([]byte("cpu: a\nBenchmarkPingPong/mech=pipe/size=64/queue=default/place=same-2 1 0 ns/op 5 B/s\ncpu: b\n--- FAIL: BenchmarkPingPong/mech=pipe/size=64/queue=default/place=same\nBenchmark ipcbench-failed 1 1 ipcbench-failed\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		digest := Set{digest: true, tally: &Tally{Distributions: true}, keep: func(r *Record) {
			if err := r.checkFields(); err != nil {
				t.Fatalf("a record was handed on: %v", err)
			}
		}}
		if err := digest.read("f", bytes.NewReader(data)); err != nil {
			t.Fatal(err)
		}
		var s Set
		if err := s.read("f", bytes.NewReader(data)); err != nil {
			t.Fatal(err) // memory does not fail
		}
		if digest.kept != len(s.Records) {
			t.Fatalf("%d records in a digest, %d without", digest.kept, len(s.Records))
		}
		if a, b := summed(digest.Summaries()), summed(s.Summaries()); a != b {
			t.Fatalf("the digest has\n%s\nthe records\n%s", a, b)
		}
		comeBack(t, s.Records, linesOf(t, s.Records...))
		var lines strings.Builder
		for i := range s.Records {
			if err := s.Records[i].check(); err != nil {
				t.Fatalf("record %d was taken: %v", i, err)
			}
			lines.WriteString(jsonLine(t, s.Records[i]))
		}
		comeBack(t, s.Records, lines.String())
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

// summed is all that summaries say.
func summed(summaries []Summary) string {
	var b strings.Builder
	for _, s := range summaries {
		if s.RoundTrips != nil {
			fmt.Fprintln(&b, s.RoundTrips.TotalCount(), s.RoundTrips.Max(), s.RoundTrips.ValueAtPercentile(99))
		}
		s.RoundTrips = nil
		fmt.Fprintf(&b, "%s: %+v\n", s.Cell.Name(), s)
	}
	return b.String()
}

// comeBack fails unless the records are what the lines say.
func comeBack(t *testing.T, records []Record, lines string) {
	t.Helper()
	back := readString(t, lines)
	if back.LeftOut != 0 || len(back.Records) != len(records) {
		t.Fatalf("of %d records %d came back: %v", len(records), len(back.Records), back.Problems)
	}
	for i := range back.Records {
		a, b := records[i], back.Records[i]
		a.Time, b.Time = a.Time.UTC().Truncate(time.Millisecond), b.Time.UTC().Truncate(time.Millisecond)
		if a, b := jsonLine(t, a), jsonLine(t, b); a != b {
			t.Fatalf("%s came back as %s", a, b)
		}
	}
}

func FuzzParseCell(f *testing.F) {
	f.Add(pingPong.Name())
	f.Add("FanIn/mech=fifo/size=1KiB/queue=4KiB/place=cross/peers=4")
	f.Add("A/mech=a/size=0/queue=1GiB/place=a/peers=0/x")
	f.Fuzz(func(t *testing.T, name string) {
		c, err := ParseCell(name)
		if err != nil {
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return !strconv.IsGraphic(r) }) {
				t.Fatalf("the error is not fit for a terminal: %q", err.Error())
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
