package report

import (
	"bytes"
	"strings"
	"testing"

	"ipcbench/internal/text"
	"ipcbench/results"
)

// Launches that were given another capacity have a row of their own.
func TestCapacitiesShareNoRow(t *testing.T) {
	var table bytes.Buffer
	if err := WriteTable(&table, results.Summarize(split()), text.Screen{Columns: 110}); err != nil || !strings.Contains(table.String(), "PingPong, same CPU, given=8KiB\n") {
		t.Errorf("%v\n%s", err, table.String())
	}
}

// A cell whose launches were saturated has a mark in its table.
func TestSaturationHasAMark(t *testing.T) {
	records := dueRecords("pipe", 20000, 40_000)
	for i := range records {
		records[i].NsPerOp *= 2
	}
	summaries := results.Summarize(records)
	var table bytes.Buffer
	if err := WriteTable(&table, summaries, text.Screen{Columns: 110}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"  20000   !9911  ", "!: saturated: less than 95 % of what was due came"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("%q is not in\n%s", want, table.String())
		}
	}
}

// Messages at a rate have a table of their own, and are ranked by how late the
// late ones are.
func TestRatesHaveATable(t *testing.T) {
	var records []results.Record
	for _, rate := range []int{1000, 20000} {
		records = append(records, dueRecords("pipe", rate, 40_000)...)
		records = append(records, dueRecords("sysvmsg", rate, 30_000)...)
	}
	summaries := results.Summarize(records)
	var table bytes.Buffer
	if err := WriteTable(&table, summaries, text.Screen{Columns: 110}); err != nil {
		t.Fatal(err)
	}
	want := `OpenLoop, same CPU, latency from when a message was due
  mechanism  size    queue  due/s  came/s      p50      p99   ±    p99.9   CPU/op  queued   n
  sysvmsg      64  default   1000     991  7.500µs  30.00µs  0%  90.00µs  756.8µs      16  10
  pipe         64  default   1000     991  10.00µs  40.00µs  0%  120.0µs  756.8µs      16  10
  sysvmsg      64  default  20000   19822  7.500µs  30.00µs  0%  90.00µs  37.84µs      16  10
  pipe         64  default  20000   19822  10.00µs  40.00µs  0%  120.0µs  37.84µs      16  10

`
	if got := table.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var report bytes.Buffer
	if err := WriteMarkdown(&report, &results.Set{Records: records}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Where messages are due at a rate it is the 99th percentile",
		"\n### OpenLoop, same CPU\n\n| size | queue | due/s | use |",
		"| 64 | default | 20000 | sysvmsg | 30.00µs ±0% | pipe | 40.00µs ±0% | +33.3 % (",
	} {
		if !strings.Contains(report.String(), want) {
			t.Errorf("%q is not in\n%s", want, report.String())
		}
	}
}

// A median of 0 is a number in the table.
func TestTableHasZeros(t *testing.T) {
	records := launches(pingPong, 10, 5000)
	for i := range records {
		records[i].CPUNsPerOp = results.Known(float64(1000 * (i / 9)))
		records[i].Given.InFlight = results.Known(int64(i / 9))
	}
	var table bytes.Buffer
	if err := WriteTable(&table, results.Summarize(records), text.Screen{Columns: 110}); err != nil {
		t.Fatal(err)
	}
	if f := strings.Fields(strings.Split(table.String(), "\n")[2]); f[len(f)-3] != "0ns" || f[len(f)-2] != "0" {
		t.Errorf("row %q, want 0ns of CPU and 0 in flight", f)
	}
}

// The report says why few operations have no percentiles.
func TestFewOperationsHaveNoPercentiles(t *testing.T) {
	records := launches(results.Cell{Workload: "PingPong", Mechanism: "pipe", Size: 16 << 20, Place: "same"}, 6, 1e6)
	for i := range records {
		records[i].Latency = &results.Latency{Count: 1, Max: 777777, HDR: "x"}
	}
	var markdown strings.Builder
	if err := WriteMarkdown(&markdown, &results.Set{Records: records}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(markdown.String(), "a launch timed too few operations one by one for a percentile: p50 needs 2, p99 100, p99.9 1000;\n  raise --time") {
		t.Errorf("the report does not say why there are none:\n%s", markdown.String())
	}
	if strings.Contains(markdown.String(), "777.8µs") {
		t.Errorf("the largest of one operation is shown as a percentile:\n%s", markdown.String())
	}
}
