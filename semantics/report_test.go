package semantics

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"ipcbench/internal/golden"
	"ipcbench/internal/text"
)

const hostile = "\x1b[31m|<b>*x*\n# not ok \u202e"

// fixture has a finding of every verdict, and a hostile one.
func fixture() *Report {
	return &Report{Schema: Schema, Program: "v0", Host: Host{"Linux 6.18.44", "x86_64", 4096, 1000, "private"}, Findings: []Finding{
		{ID: "P01", Mechanism: "pipe", Statement: "bytes come out in order", Expect: "6", Source: "pipe(7)", Verdict: Holds, Observed: "6",
			Story: []Event{{Call: `write(4, "abcdef") = 6`}, {Process: "reader", PID: 7, Call: `read(3, 10) = 6 "abcdef"`}}},
		{ID: "P16", Mechanism: "pipe", Statement: "a short count", Expect: "65536 and SIGPIPE", Source: "fs/pipe.c", Verdict: Differs, Observed: "EPIPE and SIGPIPE"},
		{ID: "P22", Mechanism: "pipe", Statement: "what fits", Source: "fcntl(2)", Verdict: Recorded, Observed: "64: 65536/1024"},
		{ID: "F12", Mechanism: "fifo", Statement: "mode bits", Source: "open(2)", Since: "2.6.16", Verdict: Skipped, Reason: "needs CAP_SETUID, to become another user"},
		{ID: "X1", Mechanism: hostile, Statement: hostile, Expect: hostile, Source: hostile, Verdict: Broken, Reason: hostile},
	}}
}

// inFile is a writer for screens that writes a file.
func inFile(write func(*Report, io.Writer, text.Screen) error) func(*Report, io.Writer) error {
	return func(r *Report, w io.Writer) error { return write(r, w, text.Screen{}) }
}

func TestGolden(t *testing.T) {
	for name, write := range map[string]func(*Report, io.Writer) error{
		"report.txt": inFile((*Report).WriteText), "stories.txt": inFile((*Report).WriteStories), "report.md": (*Report).WriteMarkdown,
		"report.ktap": (*Report).WriteKTAP, "report.xml": (*Report).WriteJUnit,
	} {
		var b bytes.Buffer
		if err := write(fixture(), &b); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(b.String(), "\x1b\u202e") {
			t.Errorf("%s is not fit for a terminal", name)
		}
		golden.Check(t, name, b.Bytes())
	}
}

// Every suite counts its cases, and what is in it is well-formed.
func TestJUnitIsXML(t *testing.T) {
	var b bytes.Buffer
	if err := fixture().WriteJUnit(&b); err != nil {
		t.Fatal(err)
	}
	var back struct {
		Tests    int        `xml:"tests,attr"`
		Failures int        `xml:"failures,attr"`
		Errors   int        `xml:"errors,attr"`
		Skipped  int        `xml:"skipped,attr"`
		Suites   []struct{} `xml:"testsuite"`
	}
	if err := xml.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if back.Tests != 5 || back.Failures != 1 || back.Errors != 1 || back.Skipped != 1 || len(back.Suites) != 3 {
		t.Errorf("got %d tests, %d failures, %d errors, %d skipped, %d suites", back.Tests, back.Failures, back.Errors, back.Skipped, len(back.Suites))
	}
}

func TestReadRefuses(t *testing.T) {
	change := func(f func(*Report)) string {
		r := fixture()
		f(r)
		var b bytes.Buffer
		if err := r.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for text, want := range map[string]string{
		"":   "not a report",
		"{}": `schema ""`,
		change(func(r *Report) { r.Schema = "ipcbench-semantics-2" }):         "another version",
		change(func(r *Report) { r.Findings[0].Verdict = "fine" }):            "verdict",
		change(func(r *Report) { r.Findings[1].ID = "P01" }):                  "not the first",
		change(func(r *Report) { r.Findings[3].Reason = "" }):                 "reason",
		change(func(r *Report) { r.Findings[0].Observed = "7" }):              "holds, expected",
		change(func(r *Report) { r.Findings[1].Observed = "x\x1b[31m" })[:90]: "not a report",
	} {
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q…: %v, want %q", text, err, want)
		}
	}
}

// What is written can be read, and is the same.
func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	if err := fixture().WriteJSON(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(`{"schema":"` + Schema + `","findings":[{"id":"a","verdict":"recorded"}]}`))
	f.Add([]byte(`{"schema":1}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := r.WriteJSON(&b); err != nil {
			t.Fatal(err)
		}
		back, err := Read(&b)
		if err != nil {
			t.Fatal(err)
		}
		one, _ := json.Marshal(r)
		two, _ := json.Marshal(back)
		if !bytes.Equal(one, two) {
			t.Fatalf("%s came back as %s", one, two)
		}
		for _, write := range []func(io.Writer) error{
			func(w io.Writer) error { return r.WriteText(w, text.Screen{}) }, func(w io.Writer) error { return r.WriteStories(w, text.Screen{}) },
			r.WriteMarkdown, r.WriteKTAP, r.WriteJUnit, Compare(r, fixture()).WriteText} {
			if err := write(io.Discard); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestCompare(t *testing.T) {
	old, now := fixture(), fixture()
	now.Host.Kernel = "Linux 7.0"
	now.Findings[0].Verdict, now.Findings[0].Observed = Differs, "5"
	now.Findings[2].Observed = "64: 65536/1023"
	now.Findings = now.Findings[:4]
	now.Findings[3].ID = "F13"
	c := Compare(old, now)
	if c.Same != 1 || len(c.Changes) != 5 || c.Worse() != 1 {
		t.Errorf("%d the same, %d changed, %d worse", c.Same, len(c.Changes), c.Worse())
	}
	for name, write := range map[string]func(io.Writer) error{"compare.txt": c.WriteText, "compare.md": c.WriteMarkdown, "compare.xml": c.WriteJUnit, "compare.json": c.WriteJSON} {
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		golden.Check(t, name, b.Bytes())
	}
}
