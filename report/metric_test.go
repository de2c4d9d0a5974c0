package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// A new number is one entry of a table: it is checked, stands in bench.txt and is
// read back, and every report has it.
func TestMetricIsOneEntry(t *testing.T) {
	before := results.Metrics
	t.Cleanup(func() { results.Metrics = before })
	faults := map[int]float64{} // of launches: a record has a field for it
	results.Metrics = append(slices.Clone(before), results.Metric{
		Key: "faults", Record: "page_faults_per_op", Unit: "faults/op", Better: "lower", Class: results.Number, Title: "page faults per operation", Name: "page_faults_per_op", CSV: true,
		Column: "faults/op", In: results.Timed, Spread: results.Timed, Drop: 9,
		Get: func(r *results.Record) (float64, bool) { v, ok := faults[r.Launch]; return v, ok },
		Set: func(r *results.Record, v float64) { faults[r.Launch] = v },
	})
	records := launches(pingPong, 6, 5000)
	for i := range records {
		faults[i+1] = 100.5 + float64(i)
	}
	const median = 103

	var bench bytes.Buffer
	if err := results.WriteBench(&bench, records); err != nil || !strings.Contains(bench.String(), "Unit faults/op better=lower\n") || !strings.Contains(bench.String(), " 100.5 faults/op") {
		t.Errorf("bench.txt, %v:\n%s", err, bench.String())
	}
	if v, ok := records[0].Measured("faults/op"); !ok || v != 100.5 || results.Better("faults/op") != "lower" {
		t.Errorf("the record has %v, %t", v, ok)
	}
	summaries := results.Summarize(records)
	if e := summaries[0].Of("faults"); e.Center != median || e.N != 6 {
		t.Errorf("summary %+v", e)
	}
	for _, width := range []int{0, 130} {
		var table bytes.Buffer
		if err := WriteTable(&table, summaries, text.Screen{Columns: width}); err != nil || !strings.Contains(table.String(), "  faults/op   ±") || !strings.Contains(table.String(), "  103.0  2%") {
			t.Errorf("table of width %d, %v:\n%s", width, err, table.String())
		}
	}
	set := &results.Set{Records: records}
	var md bytes.Buffer
	if err := WriteMarkdown(&md, set); err != nil || !strings.Contains(md.String(), "faults/op") {
		t.Errorf("Markdown, %v:\n%s", err, md.String())
	}
	p := NewPage(set)
	rows := strings.Split(string(csvOf(t, p)), "\n")
	if at := slices.Index(strings.Split(rows[0], ","), "page_faults_per_op"); at < 0 || strings.Split(rows[1], ",")[at] != "103" {
		t.Errorf("summary.csv:\n%s", strings.Join(rows, "\n"))
	}
	data, err := json.Marshal(p)
	if err != nil || !strings.Contains(string(data), `{"key":"faults","title":"page faults per operation","column":"faults/op","unit":"n","more":false}`) ||
		!strings.Contains(string(data), `"faults":{"median":103,`) {
		t.Errorf("page, %v:\n%s", err, data)
	}

	faults[1] = -1 // what nothing can measure
	run, err := results.Create(t.TempDir(), testHeader)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(run.Append(records[0]), run.Close()); err == nil || !strings.Contains(err.Error(), "page_faults_per_op is -1: want a number from 0") {
		t.Errorf("a negative number was written: %v", err)
	}
}

// A narrow terminal loses columns by priority, and names them.
func TestTableFitsTheTerminal(t *testing.T) {
	summaries := results.Summarize(append(testRecords(), dueRecords("pipe", 20000, 40_000)...))
	for _, width := range []int{60, 80, 110, 160} {
		var b bytes.Buffer
		if err := WriteTable(&b, summaries, text.Screen{Columns: width}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > width {
				t.Errorf("%d columns, want at most %d: %s", n, width, line)
			}
		}
		if named := strings.Contains(b.String(), "left out for lack of room: queued, CPU/op"); named != (width < 110) {
			t.Errorf("width %d: columns are left out and named: %t\n%s", width, named, b.String())
		}
		if !strings.Contains(b.String(), "time/op") {
			t.Errorf("width %d: no time", width)
		}
	}
}
