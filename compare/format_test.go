package compare

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"testing"
	"time"

	"ipcbench/internal/ciformat"
	"ipcbench/internal/golden"
	"ipcbench/results"
)

// everything has an instance of whatever a report has a place for.
func everything() *Report {
	old, new := sides()
	new.host.Governor = "powersave"
	for _, c := range []struct {
		results.Cell
		change, cv float64
		n          int
	}{
		{pipe, 1.4, 0.01, 10}, {fifo, 0.7, 0.01, 10}, {msg, 1, 0.01, 10}, {fan, 1.055, 0.02, 10},
		{cell("Stream", "pipe", 4096), 1.2, 0.01, 3}, {cell("Stream", "fifo", 4096), 1, 0.1, 10},
	} {
		old.launches(c.Cell, c.n, 5000, c.cv)
		new.launches(c.Cell, c.n, 5000*c.change, c.cv)
	}
	for i, outcome := range []results.Outcome{results.Failed, results.Skipped, results.Untrusted, results.OK} {
		c := cell("FanIn", "sysvshm", 64<<i)
		if outcome == results.OK {
			old.notOK(c, 1, results.Failed, "sender 2 (pid 8946): write: broken pipe")
			new.launches(c, 6, 900, 0.01)
			continue
		}
		old.launches(c, 6, 900, 0.01)
		new.notOK(c, 1, outcome, "a \x1b[31mreason\x1b[0m | with <markup> & `more`")
	}
	gone, queue := cell("FanIn", "dgram", 64), cell("Stream", "dgram", 64)
	old.launches(gone, 6, 900, 0.01)
	old.launches(queue, 6, 900, 0.01)
	new.launches(queue, 6, 900, 0.01)
	new.records[len(new.records)-1].Given.Queue = 4096
	never := cell("PingPong", "seqpacket", 64)
	old.notOK(never, 1, results.Skipped, "not here")
	new.notOK(never, 1, results.Skipped, "not here")
	for i := range new.records {
		new.records[i].Time = new.records[i].Time.Add(24 * time.Hour)
	}
	return compare(old, new)
}

func TestFormats(t *testing.T) {
	r := everything()
	for _, tt := range []struct {
		file  string
		write func(*bytes.Buffer) error
	}{
		{"report.txt", func(b *bytes.Buffer) error { return r.WriteText(b, false) }},
		{"summary.txt", func(b *bytes.Buffer) error { return r.WriteText(b, true) }},
		{"report.md", func(b *bytes.Buffer) error { return r.WriteMarkdown(b, false) }},
		{"report.json", func(b *bytes.Buffer) error { return WriteJSON(b, []*Report{r}) }},
		{"report.xml", func(b *bytes.Buffer) error { return WriteJUnit(b, []*Report{r}) }},
	} {
		var b bytes.Buffer
		if err := tt.write(&b); err != nil {
			t.Fatal(err)
		}
		golden.Check(t, tt.file, b.Bytes())
		if bytes.ContainsRune(b.Bytes(), '\x1b') {
			t.Errorf("%s has a raw escape", tt.file)
		}
	}
}

// The machine-readable forms must parse, and count what the report counts.
func TestMachineFormats(t *testing.T) {
	r := everything()
	var b bytes.Buffer
	if err := WriteJSON(&b, []*Report{r}); err != nil {
		t.Fatal(err)
	}
	var back []Report
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if len(back) != 1 || len(back[0].Rows) != len(r.Rows) || back[0].Status() != r.Status() {
		t.Errorf("read back: %d reports", len(back))
	}
	b.Reset()
	if err := WriteJUnit(&b, []*Report{r}); err != nil {
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
	failures := r.Count(Slower) + r.Count(Broken)
	errors := r.Count(Unjudged) + r.Count(Lost) + len(r.Incomparable)
	if s.Failures != failures || s.Errors != errors || s.Tests != len(s.Cases) || failures == 0 || errors == 0 {
		t.Errorf("%d failures, %d errors in %d of %d tests; the report has %d and %d", s.Failures, s.Errors, len(s.Cases), s.Tests, failures, errors)
	}
}

// A refusal says so in every format, and fails in those for machines.
func TestRefusal(t *testing.T) {
	old, new := sides()
	new.host.CPU = "Other"
	old.launches(pipe, 10, 5000, 0.01)
	new.launches(pipe, 10, 5000, 0.01)
	r := compare(old, new)
	if s := r.suite(); s.Count(ciformat.Errored) != 1 {
		t.Errorf("JUnit: %+v", s)
	}
	var b bytes.Buffer
	if err := r.WriteText(&b, false); err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "refused.txt", b.Bytes())
}
