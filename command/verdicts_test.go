package command

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ipcbench/compare"
	"ipcbench/internal/sides"
	"ipcbench/report"
	"ipcbench/results"
)

// guests writes a run of a kernel in guests, held to the threshold, or to none: a round
// trip, and a stream whose path is known. Both are longer by a factor in some runs.
func guests(t *testing.T, label string, threshold, longer float64) (dir string) {
	t.Helper()
	s := sides.New("", 1, 0)
	s.Host.Guest = &results.Guest{Label: label, Accel: "icount", QEMU: "7.2", Image: label}
	run, err := results.Create(t.TempDir(), results.Header{ID: results.NewID(s.First) + "-" + label, Started: s.First, Threshold: threshold})
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	for i := range 6 {
		off := longer * (1 + 0.0004*float64(i%3))
		for _, c := range []results.Cell{sides.Cell("PingPong", "pipe", 64), sides.Cell("Stream", "pipe", 64), sides.Cell("PingPong", "fifo", 64)} {
			if c.Mechanism == "fifo" {
				off /= longer // the same in all
			}
			r := s.Record(c, i+1, 1)
			r.NsPerOp, r.ElapsedNs, r.BytesPerSec, r.Latency = 0, 0, 0, nil
			r.InsnsPerOp, r.Voluntary = 12000*off, results.Known(4.0)
			if c.Workload == "Stream" {
				// All of it goes down: only the path is longer.
				r.InsnsPerOp, r.PathInsns, r.Voluntary = 6000-1000*longer, 2000*off, results.Known(0.01)
			}
			r.Run = run.Header.ID
			if err := run.Append(*r); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := run.WriteBench(); err != nil {
		t.Fatal(err)
	}
	return run.Dir
}

// A cell that is 3 % longer has one verdict in every form, that by the threshold of the
// runs: it is slower by 2 %, and the same by the 5 % of runs that name none. So has the
// exit status.
func TestVerdictIsTheSameInEveryForm(t *testing.T) {
	for threshold, want := range map[float64]compare.Verdict{0.02: compare.Slower, 0: compare.Same} {
		old, new := guests(t, "base", threshold, 1), guests(t, "patched", threshold, 1.03)
		command := func(args ...string) string {
			t.Helper()
			var out bytes.Buffer
			root := newRoot()
			root.SetArgs(args)
			root.SetOut(&out)
			root.SetErr(&bytes.Buffer{})
			err := root.ExecuteContext(t.Context())
			var e *exitError
			if failed := errors.As(err, &e) && e.status == exitNo; args[0] == "compare" && failed != (want == compare.Slower) || args[0] != "compare" && err != nil {
				t.Errorf("threshold %v: %v ends with %v", threshold, args, err)
			}
			return out.String()
		}
		page := filepath.Join(t.TempDir(), "page")
		command("report", old, new, "--out", page)
		read := func(name string) string {
			text, err := os.ReadFile(filepath.Join(page, name))
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		forms := map[string]string{"report.md": read("report.md"), "index.html": read("index.html")}
		for _, format := range report.ComparisonFormats {
			forms[format] = command("compare", old, new, "--format", format)
		}
		for form, text := range forms {
			if form == "text" && !strings.Contains(text, map[bool]string{true: "2 of 3 cells are slower by more than 2 %", false: "No regression above 5 % in 3 cells"}[want == compare.Slower]) {
				t.Errorf("threshold %v: %s", threshold, text)
			}
			for cell, verdict := range map[results.Cell]compare.Verdict{
				sides.Cell("PingPong", "pipe", 64): want, sides.Cell("Stream", "pipe", 64): want, sides.Cell("PingPong", "fifo", 64): compare.Same,
			} {
				if got := verdictIn(t, form, text, cell); got != string(verdict) {
					t.Errorf("threshold %v: in %s %s is %q, want %q", threshold, form, cell.Name(), got, verdict)
				}
			}
		}
	}
}

// verdictIn is what a form has of the row of a cell that the gate judges; CI systems
// know only failures.
func verdictIn(t *testing.T, form, text string, c results.Cell) string {
	t.Helper()
	metric := map[bool]string{true: "path-insns/op", false: "insns/op"}[c.Workload == "Stream"]
	failed := func(yes bool) string { return map[bool]string{true: "slower", false: "same"}[yes] }
	word := func(pattern string) string {
		if found := regexp.MustCompile(pattern).FindStringSubmatch(text); found != nil {
			return found[1]
		}
		return "not there"
	}
	name := regexp.QuoteMeta(c.Name())
	switch form {
	case "json":
		var all []struct {
			Rows []struct {
				Name, Metric, Verdict string
			}
		}
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			t.Fatal(err)
		}
		for _, row := range all[0].Rows {
			if row.Name == c.Name() && row.Metric == metric {
				return row.Verdict
			}
		}
	case "junit":
		var all struct {
			Cases []struct {
				Name    string    `xml:"name,attr"`
				Failure *struct{} `xml:"failure"`
			} `xml:"testsuite>testcase"`
		}
		if err := xml.Unmarshal([]byte(text), &all); err != nil {
			t.Fatal(err)
		}
		for _, row := range all.Cases {
			if row.Name == c.Name()+" "+metric {
				return failed(row.Failure != nil)
			}
		}
	case "ktap":
		return failed(word(`(?m)^ *((?:not )?ok) \d+ (?:- )?`+name+" "+regexp.QuoteMeta(metric)+`\b`) == "not ok")
	case "kcidb":
		var all struct {
			Tests []struct{ Path, Status string }
		}
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			t.Fatal(err)
		}
		for _, row := range all.Tests {
			if strings.Contains(row.Path, c.Workload+".mech_"+c.Mechanism) && strings.HasSuffix(row.Path, "."+strings.NewReplacer("/", "_").Replace(metric)+"_change") {
				return failed(row.Status == "FAIL")
			}
		}
	case "index.html":
		return word(`<tr><th scope="row">` + c.Workload + "/" + c.Mechanism + ` <small>` + metric + `</small></th>.*(slower|same)</span></td></tr>`)
	default: // a table
		if form == "report.md" && !strings.Contains(text, "| "+c.Name()+" |") && strings.Contains(text, "rows with the verdict same or can't tell are left out") {
			return "same"
		}
		return word(`(?m)^[| ]*(?:` + name + `|` + regexp.QuoteMeta(c.Short(c.Name())) + `)[ |]+` + regexp.QuoteMeta(metric) + `\b.*?\b(slower|same)\b`)
	}
	return "not there"
}
