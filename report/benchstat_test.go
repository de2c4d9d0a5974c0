package report

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"ipcbench/results"
)

// The tables of benchstat fit on a page, and
// their medians are the ones that the report states itself.
func TestBenchstatTables(t *testing.T) {
	summaries := results.Summarize(testRecords())
	tables := mechanismTables(summaries)
	if len(tables) != 2 {
		t.Fatalf("%d tables, want 2 of the five mechanisms beside the base: %+v", len(tables), tables)
	}
	input, err := benchInput(summaries)
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(input)
	for _, table := range tables {
		out, err := benchstat(table.args(input)...)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(out)) {
			if n := utf8.RuneCountInString(line); n > 141 {
				t.Errorf("%d columns, want at most 140: %s", n, line)
			}
		}
		for _, mech := range table.mechs {
			for _, s := range summaries {
				if s.Outcome == results.OK && s.Cell.Mechanism == mech && s.Cell.Workload == "PingPong" && !strings.Contains(string(out), strings.TrimSuffix(duration(s.NsPerOp), "s")) {
					t.Errorf("benchstat has no %s for %s:\n%s", duration(s.NsPerOp), s.Cell.Name(), out)
				}
			}
		}
	}
}

// A number of a cell that is not ok must not come in through benchstat.
func TestComparisonOmitsWhatIsNotOK(t *testing.T) {
	records := launches(pingPong, 6, 5000)
	records = append(records, launches(with(pingPong, "fifo", 64), 6, 6000)...)
	records = append(records, launches(with(pingPong, "pipe", 128), 6, 5000)...)
	records = append(records, okRecord(with(pingPong, "fifo", 128), 1, 7777), notOKRecord(with(pingPong, "fifo", 128), 2, results.Failed, "x"))
	var b bytes.Buffer
	if err := WriteMarkdown(&b, &results.Set{Records: records}, benchstat); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, "pipe against fifo") || strings.Contains(got, "7.777") {
		t.Errorf("want fifo's number at 64 B and none at 128 B:\n%s", got)
	}
}

// Two runs differ in ID, seed and program and are still one comparison to
// benchstat, which puts other configurations into tables of their own.
func TestBenchstatComparesRuns(t *testing.T) {
	var files []string
	for i, id := range []string{"old", "new"} {
		records := launches(pingPong, 6, 5000+float64(1000*i))
		for j := range records {
			records[j].Run, records[j].Seed, records[j].Host.Program = id, uint64(i), id
		}
		var text bytes.Buffer
		name := filepath.Join(t.TempDir(), results.BenchFile)
		if err := errors.Join(results.WriteBench(&text, records), os.WriteFile(name, text.Bytes(), 0o600)); err != nil {
			t.Fatal(err)
		}
		files = append(files, id+"="+name)
	}
	out, err := benchstat(append([]string{"-filter", ".unit:ns/op"}, files...)...)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "(p=0.002 n=6)") {
		t.Errorf("no comparison:\n%s", out)
	}
}

func TestReportWithoutBenchstat(t *testing.T) {
	set := &results.Set{Records: testRecords()}
	var b bytes.Buffer
	err := WriteMarkdown(&b, set, func(...string) ([]byte, error) { return nil, errors.New("no `go` <here>") })
	if err != nil {
		t.Fatal(err)
	}
	if want := "benchstat could not be run: no \\`go\\` &lt;here&gt;\n"; strings.Count(b.String(), want) != 1 {
		t.Errorf("want once %q in\n%s", want, b.String())
	}
	if !strings.Contains(b.String(), "## All numbers") {
		t.Error("the report ends where benchstat failed")
	}
}
