package report

import (
	"bytes"
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"ipcbench/internal/need"
	"ipcbench/results"
)

// The tables have benchstat's numbers, to the digit that is printed.
func TestMechanismTablesAgreeWithBenchstat(t *testing.T) {
	records := append(append(testRecords(), split()...), dueRecords("pipe", 1000, 40_000)...)
	records = append(records, dueRecords("sysvmsg", 1000, 30_000)...)
	for _, r := range split() {
		r.Cell.Mechanism, r.NsPerOp = "fifo", r.NsPerOp*1.1
		r.Run = "another"
		records = append(records, r)
	}
	records = append(records, launches(with(pingPong, "pipe", 128), 5, 999.7)...) // too few for an interval
	records = append(records, launches(with(pingPong, "fifo", 128), 3, 1000.2)...)
	records = append(records, launches(with(pingPong, "fifo", 32), 6, 900)...) // the base lacks it
	summaries := results.Summarize(records)
	tables := mechanismTables(summaries)
	if len(tables) != 3 {
		t.Fatalf("%d tables, want one of PingPong, one of it with another capacity, one of OpenLoop", len(tables))
	}
	input := benchInput(t, published(records, summaries))
	compared := 0
	for _, table := range tables {
		rows := benchstatCSV(t, table.args(input))
		for k, mech := range table.mechs {
			at := 1 + max(0, 2+4*(k-1)) // of the row: center, interval, and but for the base change, test
			for _, size := range table.sizes {
				e, row := table.entry(mech, size), rows[results.FormatBytes(size)]
				want := []string{inTime(t, row[at]) + " ±" + row[at+1], "–"}
				if row[at] == "" {
					want[0] = "–"
				} else if k > 0 && row[at+3] != "" {
					want[1] = row[at+2] + " (" + row[at+3] + ")"
				}
				if got := []string{e.median(), e.change()}; !slices.Equal(got, want) {
					t.Errorf("%s of %d B: %q, benchstat has %q", mech, size, got, want)
				}
				compared++
			}
			if len(table.sizes) > 1 {
				g, row := table.geomean(mech), rows["geomean"]
				if got := inSeconds(g.median); got != inTime(t, row[at]) {
					t.Errorf("geometric mean of %s: %s, benchstat has %s", mech, got, row[at])
				}
				if k > 0 && g.change() != row[at+2] {
					t.Errorf("change of %s: %s, benchstat has %s", mech, g.change(), row[at+2])
				}
			}
		}
	}
	if compared < 30 {
		t.Errorf("%d entries were compared", compared)
	}
}

// inTime renders benchstat's seconds as the report does; "" stays.
func inTime(t *testing.T, seconds string) string {
	t.Helper()
	if seconds == "" {
		return ""
	}
	v, err := strconv.ParseFloat(seconds, 64)
	if err != nil {
		t.Fatal(err)
	}
	return inSeconds(v)
}

// benchstatCSV are the rows that benchstat prints, by their first field.
func benchstatCSV(t *testing.T, args []string) map[string][]string {
	t.Helper()
	out := benchstat(t, append([]string{"-format", "csv"}, args...)...)
	in := csv.NewReader(strings.NewReader(out))
	in.FieldsPerRecord = -1
	all, err := in.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string][]string{}
	for _, row := range all {
		rows[row[0]] = append(row, make([]string, 100)...) // what is empty at the end is left out
	}
	return rows
}

func benchstat(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		need.Missing(t, "go", "no go command: install Go, which runs benchstat")
	}
	c := exec.Command("go", append([]string{"tool", "benchstat"}, args...)...)
	var stderr strings.Builder
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("benchstat %q: %v\n%s", args, err, stderr.String())
	}
	return string(out)
}

// published are the records of the cells that are ok: a launch that went well
// says nothing where another one of its cell failed.
func published(records []results.Record, summaries []results.Summary) []results.Record {
	ok := map[results.Cell]bool{}
	for _, s := range summaries {
		ok[s.Cell] = s.Outcome == results.OK
	}
	return slices.DeleteFunc(slices.Clone(records), func(r results.Record) bool { return !ok[r.Cell] })
}

// benchInput is a file with the benchmark text of records.
func benchInput(t *testing.T, records []results.Record) (name string) {
	t.Helper()
	var b bytes.Buffer
	if err := results.WriteBench(&b, records); err != nil {
		t.Fatal(err)
	}
	name = filepath.Join(t.TempDir(), results.BenchFile)
	if err := os.WriteFile(name, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

// The command beneath a table is one that a shell reads back.
func TestBenchstatCommand(t *testing.T) {
	var b strings.Builder
	if err := WriteMarkdown(&b, &results.Set{Records: testRecords()}); err != nil {
		t.Fatal(err)
	}
	table := mechanismTables(results.Summarize(testRecords()))[0]
	_, rest, found := strings.Cut(b.String(), "```text\nbenchstat ")
	if !found {
		t.Fatalf("there is no command in\n%s", b.String())
	}
	command, _, _ := strings.Cut(rest, "\n")
	out, err := exec.Command("sh", "-c", `printf '%s\n' `+command).Output()
	if want := strings.Join(table.args(results.BenchFile), "\n") + "\n"; err != nil || string(out) != want {
		t.Errorf("%v, a shell reads %q, want %q", err, out, want)
	}
}

// A number of a cell that is not ok is in no table.
func TestComparisonOmitsWhatIsNotOK(t *testing.T) {
	records := launches(pingPong, 6, 5000)
	records = append(records, launches(with(pingPong, "fifo", 64), 6, 6000)...)
	records = append(records, launches(with(pingPong, "pipe", 128), 6, 5000)...)
	records = append(records, okRecord(with(pingPong, "fifo", 128), 1, 7777), notOKRecord(with(pingPong, "fifo", 128), 2, results.Failed, "x"))
	var b bytes.Buffer
	if err := WriteMarkdown(&b, &results.Set{Records: records}); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, "| fifo | 6.0") || strings.Contains(got, "7.777") {
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
		files = append(files, id+"="+benchInput(t, records))
	}
	out := benchstat(t, append([]string{"-filter", ".unit:ns/op"}, files...)...)
	if !strings.Contains(out, "(p=0.002 n=6)") {
		t.Errorf("no comparison:\n%s", out)
	}
}
