package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"ipcbench/compare"
	"ipcbench/internal/ciformat"
	"ipcbench/internal/golden"
	"ipcbench/internal/need"
	"ipcbench/internal/sides"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// everything has an instance of whatever a report has a place for.
func everything() *compare.Report {
	old, new := inTurn()
	new.Host.Governor = "powersave"
	for _, c := range []struct {
		results.Cell
		change, cv float64
		n          int
	}{
		{pipe, 1.4, 0.01, 10}, {fifo, 0.7, 0.01, 10}, {msg, 1, 0.01, 10}, {fan, 1.055, 0.02, 10},
		{sides.Cell("Stream", "pipe", 4096), 1.2, 0.01, 3}, {sides.Cell("Stream", "fifo", 4096), 1, 0.1, 10},
	} {
		old.Launches(c.Cell, c.n, 5000, c.cv)
		new.Launches(c.Cell, c.n, 5000*c.change, c.cv)
	}
	for i, outcome := range []results.Outcome{results.Failed, results.Skipped, results.Untrusted, results.OK} {
		c := sides.Cell("FanIn", "sysvshm", 64<<i)
		if outcome == results.OK {
			old.NotOK(c, 1, results.Failed, "sender 2 (pid 8946): write: broken pipe")
			new.Launches(c, 6, 900, 0.01)
			continue
		}
		old.Launches(c, 6, 900, 0.01)
		new.NotOK(c, 1, outcome, "a \x1b[31mreason\x1b[0m | with <markup> & `more`")
	}
	gone, queue := sides.Cell("FanIn", "dgram", 64), sides.Cell("Stream", "dgram", 64)
	old.Launches(gone, 6, 900, 0.01)
	old.Launches(queue, 6, 900, 0.01)
	new.Launches(queue, 6, 900, 0.01)
	new.Records[len(new.Records)-1].Given.Queue = 4096
	never := sides.Cell("PingPong", "seqpacket", 64)
	old.NotOK(never, 1, results.Skipped, "not here")
	new.NotOK(never, 1, results.Skipped, "not here")
	for i := range new.Records {
		new.Records[i].Time = new.Records[i].Time.Add(24 * time.Hour)
	}
	return compare.Compare(old.side(), new.side(), compare.Defaults)
}

func TestFormats(t *testing.T) {
	r := everything()
	for _, tt := range []struct {
		file, format string
		summary      bool
	}{
		{"report.txt", "text", false}, {"summary.txt", "text", true}, {"report.md", "markdown", false}, {"report.json", "json", false}, {"report.xml", "junit", false},
	} {
		var b bytes.Buffer
		if err := WriteComparisons(&b, tt.format, text.Screen{}, []*compare.Report{r}, tt.summary); err != nil {
			t.Fatal(err)
		}
		golden.Check(t, filepath.Join("comparison", tt.file), b.Bytes())
		if bytes.ContainsRune(b.Bytes(), '\x1b') {
			t.Errorf("%s has a raw escape", tt.file)
		}
	}
}

// The machine-readable forms must parse, and count what the report counts.
func TestMachineFormats(t *testing.T) {
	r := everything()
	var b bytes.Buffer
	if err := writeJSON(&b, []*compare.Report{r}); err != nil {
		t.Fatal(err)
	}
	var back []compare.Report
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if len(back) != 1 || len(back[0].Rows) != len(r.Rows) || back[0].Status() != r.Status() {
		t.Errorf("read back: %d reports", len(back))
	}
	b.Reset()
	if err := writeJUnit(&b, []*compare.Report{r}); err != nil {
		t.Fatal(err)
	}
	var suites struct {
		Suites []struct {
			Tests    int        `xml:"tests,attr"`
			Failures int        `xml:"failures,attr"`
			Errors   int        `xml:"errors,attr"`
			Cases    []struct{} `xml:"testcase"`
		} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b.Bytes(), &suites); err != nil {
		t.Fatal(err)
	}
	s := suites.Suites[0]
	failures := r.Count(compare.Slower) + r.Count(compare.Broken)
	errors := r.Count(compare.Unjudged) + r.Count(compare.Lost) + len(r.Incomparable)
	if s.Failures != failures || s.Errors != errors || s.Tests != len(s.Cases) || failures == 0 || errors == 0 {
		t.Errorf("%d failures, %d errors in %d of %d tests; the report has %d and %d", s.Failures, s.Errors, len(s.Cases), s.Tests, failures, errors)
	}
}

// A refusal says so in every format, and fails in those for machines.
func TestRefusal(t *testing.T) {
	old, new := inTurn()
	new.Host.CPU = "Other"
	old.Launches(pipe, 10, 5000, 0.01)
	new.Launches(pipe, 10, 5000, 0.01)
	r := compare.Compare(old.side(), new.side(), compare.Defaults)
	if s := suite(r); s.Count(ciformat.Errored) != 1 {
		t.Errorf("JUnit: %+v", s)
	}
	var b bytes.Buffer
	if err := WriteComparisons(&b, "text", text.Screen{}, []*compare.Report{r}, false); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, filepath.Join("comparison", "refused.txt"), b.Bytes())
}

// What can't be known of so few launches, or of zeros alone, is no number.
func TestVariationOfFew(t *testing.T) {
	old, new := inTurn()
	old.Launches(pipe, 1, 5000, 0.01)
	new.Launches(pipe, 1, 5000, 0.01)
	if got := variation(compare.Compare(old.side(), new.side(), compare.Defaults)); !strings.HasSuffix(got, "too few to show how they vary.") {
		t.Errorf("of one launch: %q", got)
	}
	old.Launches(fifo, 6, 5000, 0.01)
	new.Launches(fifo, 6, 5000, 0.01)
	metrics := []string{"vol-switches/op", "ns/op"}
	r := compare.Compare(compare.Records("old", old.Records, metrics), compare.Records("new", new.Records, metrics), compare.Defaults)
	if got := variation(r); strings.Contains(got, "NaN") || !strings.Contains(got, "ns/op") {
		t.Errorf("of zeros: %q", got)
	}
}

// all writes the reports of new data against old ones in every format.
func all(t testing.TB, old, new string) (out string, loaded *compare.Loaded, r *compare.Report) {
	t.Helper()
	var b bytes.Buffer
	loaded, err := compare.Load([]compare.Input{{Name: "old", Paths: []string{old}}, {Name: "new", Paths: []string{new}}}, compare.Query{Metrics: compare.DefaultMetrics, Filter: "*"})
	if err != nil {
		t.Fatal(err)
	}
	o := compare.Defaults
	o.Force = true
	r = compare.Compare(loaded.Sides[0], loaded.Sides[1], o)
	err = WriteComparisons(&b, "text", text.Screen{}, []*compare.Report{r}, true)
	for _, format := range ComparisonFormats {
		err = errors.Join(err, WriteComparisons(&b, format, text.Screen{}, []*compare.Report{r}, false))
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String() + strings.Join(loaded.Warnings, "\n"), loaded, r
}

// harmless fails where text would do something to a terminal.
func harmless(t testing.TB, text string) {
	t.Helper()
	if !utf8.ValidString(text) {
		t.Error("the report is not UTF-8")
	}
	for _, r := range text {
		if r != '\n' && !unicode.IsGraphic(r) {
			t.Fatalf("the report has a raw %U", r)
		}
	}
}

// A file that is cut anywhere is compared as far as it goes, and what is
// missing is named or missed.
func TestComparisonOfCutFiles(t *testing.T) {
	need.Time(t)
	s, _ := inTurn()
	s.Launches(pipe, 6, 5000, 0.01)
	path := s.File(t)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range data {
		_, loaded, r := all(t, path, sides.Write(t, data[:n]))
		// Against six launches four are the fewest that can be judged; the line
		// that was cut is one where it ends with a whole unit, and has both metrics.
		end := bytes.LastIndexByte(data[:n], '\n') + 1
		whole := bytes.Count(data[:end], []byte("\nBenchmark"))
		if fields := len(bytes.Fields(data[end:n])); fields >= 4 && fields%2 == 0 && (data[n] == ' ' || data[n] == '\n' || data[n-1] == ' ') && bytes.Contains(data[end:n], []byte("B/s")) {
			whole++
		}
		if (r.Status() == compare.Passed) != (whole >= 4) {
			t.Errorf("cut at %d, %d launches: %v, %v", n, whole, r.Status(), loaded.Warnings)
		}
	}
}

func FuzzComparison(f *testing.F) {
	old, new := inTurn()
	old.Launches(pipe, 6, 5000, 0.01)
	new.Launches(pipe, 6, 9000, 0.01)
	new.NotOK(fifo, 1, results.Failed, "a reason")
	path := old.File(f)
	text, err := os.ReadFile(new.File(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("BenchmarkPingPong/mech=pipe/size=64/queue=default/place=same 1 NaN ns/op\n"))
	f.Add([]byte("cpu: \x1b[31mred\x1b[0m\nBenchmarkPingPong/mech=pipe/size=64/queue=default/place=same 1 5 ns/op\n"))
	f.Add([]byte("# failed PingPong/mech=pipe/size=64/queue=default/place=same: \xff\u202e\x00\n"))
	f.Add([]byte("cpu: Example CPU @ 2.50GHz\nBenchmarkPingPong/mech=pipe/size=64/queue=default/place=same-4 1 0 ns/op\ncpu: \x1b[31mred\nBenchmarkPingPong/mech=pipe/size=64/queue=default/place=same 1 5 ns/op\n--- FAIL: BenchmarkPingPong/mech=pipe/size=64/queue=default/place=same\n    a_test.go:1: \x1b[31m\n"))
	f.Add([]byte("pkg: p\nBenchmarkA-2 1 5 ns/op\nBenchmarkA/b-2 1 5 ns/op\n--- FAIL: BenchmarkA\npanic: \xff\u202e\nFAIL\tp\x1b [build failed]\n"))
	f.Add([]byte(`{"schema":1}` + "\n"))
	f.Add([]byte(`{"schema":1,"cell":{"workload":"A","mechanism":"b","size":1,"place":"c"},"launch":1,"attempt":9999999999,"outcome":"ok","ns_per_op":1e308,"bytes_per_sec":1e-308}` + "\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		out, _, _ := all(t, path, sides.Write(t, data))
		harmless(t, out)
	})
}
