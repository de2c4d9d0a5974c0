package report

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"ipcbench/compare"
	"ipcbench/internal/golden"
	"ipcbench/internal/text"
	"ipcbench/results"
	"ipcbench/semantics"
)

// someRuns is a run of each outcome, and a directory that is none.
func someRuns() Runs {
	start := time.Date(2026, 11, 30, 4, 20, 0, 0, time.UTC)
	host := &RunHost{Kernel: "Linux 6.18.44-cloud-amd64", CPU: "Intel(R) Xeon(R) Platinum 8370C CPU @ 2.80GHz", CPUs: 128}
	all := Runs{Directory: "results/runs", Others: []NotRun{{"results/runs/old", "open results/runs/old/run.json: no such file or directory"}}}
	for i, r := range []Run{
		{Outcome: Running, Counts: RunCounts{Cells: 12}},
		{Label: "after the change of the scheduler", Note: "with the patch", Outcome: "ok", Counts: RunCounts{Cells: 204}},
		{Label: "before", Outcome: "untrusted", Reason: "3 cells are untrusted", Counts: RunCounts{Cells: 204, Untrusted: 3}},
		{Outcome: "unfinished", Reason: "435 of 1224 launches", Counts: RunCounts{Cells: 204}},
		{Outcome: "check failed", Reason: "Stream/mech=udp/size=64KiB/queue=default/place=cross: receiver: message 5 is missing", Counts: RunCounts{Cells: 1000}},
		{Outcome: Unreadable, Reason: "open results/runs/x/records.jsonl: no such file or directory"},
	} {
		r.N, r.ID, r.Started, r.Host = i+1, fmt.Sprintf("20261130T0420%02dZ-3f2a1c", 10-i), start.Add(-time.Duration(i)*time.Hour), host
		if r.Outcome == Unreadable {
			r.Host = nil
		}
		all.Runs = append(all.Runs, r)
	}
	return all
}

// The table fits terminals, and keeps what names a run and what it came to.
func TestRunsFit(t *testing.T) {
	for _, columns := range []int{60, 80, 160} {
		var b, colored bytes.Buffer
		if err := someRuns().WriteText(&b, text.Screen{Columns: columns}); err != nil {
			t.Fatal(err)
		}
		golden.Check(t, fmt.Sprintf("runs%d.txt", columns), b.Bytes())
		for line := range strings.Lines(b.String()) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > columns {
				t.Errorf("%d columns in %d: %s", n, columns, line)
			}
		}
		if err := someRuns().WriteText(&colored, text.Screen{Columns: columns, Color: true}); err != nil {
			t.Fatal(err)
		}
		if plain := regexp.MustCompile(`\x1b\[[0-9;]*m`).ReplaceAllString(colored.String(), ""); plain != b.String() || plain == colored.String() {
			t.Errorf("%d columns: with colors\n%s", columns, colored.String())
		}
	}
}

// Every file of a report is one that Wrote knows, and nothing of a user's is.
func TestWrote(t *testing.T) {
	sets := []*results.Set{{Header: &testHeader, Records: testRecords()}}
	r := New(sets, []*compare.Side{compare.NewSide("", compare.DefaultMetrics)})
	if len(r.Pictures) == 0 {
		t.Fatal("no pictures")
	}
	for _, f := range r.Files() {
		if !Wrote(f.Name) {
			t.Errorf("Wrote(%q) is false: a report writes it", f.Name)
		}
	}
	for _, name := range []string{semantics.File, "forest.svg", "change-pingpong-same-default.png", "distribution-pingpong-same-default-64-pipe.hgrm"} {
		if !Wrote(name) {
			t.Errorf("Wrote(%q) is false", name)
		}
	}
	for _, name := range []string{"", "photo.png", "latency", "latency.txt", "latency-x.svg.bak", "index.htm", "notes.md", "latencyx.svg", "LATENCY.svg", "latency-../x.svg"} {
		if Wrote(name) {
			t.Errorf("Wrote(%q) is true", name)
		}
	}
}

// The list is of what is there: outcomes, counts, and damage.
func TestReadRuns(t *testing.T) {
	dir := t.TempDir()
	run, err := results.Create(dir, testHeader)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range testRecords() {
		if err := run.Append(r); err != nil {
			t.Fatal(err)
		}
	}
	read := func() Runs {
		found, err := results.FindRuns(dir)
		if err != nil {
			t.Fatal(err)
		}
		return ReadRuns(t.Context(), dir, found)
	}
	if r := read().Runs[0]; r.Outcome != Running {
		t.Errorf("%+v while it is written", r)
	}
	if err := run.Close(); err != nil {
		t.Fatal(err)
	}
	r := read().Runs[0]
	if r.N != 1 || r.ID != testHeader.ID || r.Outcome != "failed" || r.Reason != "1 cell failed" || r.Host.Kernel != testHost.Kernel {
		t.Errorf("%+v", r)
	}
	if c := r.Counts; c.Cells != c.OK+c.Skipped+c.Failed+c.Untrusted || c.Failed != 1 || c.Untrusted != 1 || c.Skipped != 2 || c.OK == 0 {
		t.Errorf("counts %+v", c)
	}
	if err := os.Remove(filepath.Join(run.Dir, results.RecordsFile)); err != nil {
		t.Fatal(err)
	}
	if r := read().Runs[0]; r.Outcome != Unreadable || !strings.Contains(r.Reason, "no such file") || r.ID != testHeader.ID {
		t.Errorf("without records: %+v", r)
	}
	if err := os.WriteFile(filepath.Join(run.Dir, results.HeaderFile), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if all := read(); len(all.Runs) != 0 || len(all.Others) != 1 || !strings.Contains(all.Others[0].Problem, "unexpected end") {
		t.Errorf("a damaged header: %+v", all)
	}
}

// What a hostile header or host has is harmless on a terminal.
func TestRunsAreHarmless(t *testing.T) {
	h := testHeader
	h.Command, h.Program = []string{hostile}, hostile
	host := results.Host{Kernel: hostile, CPU: hostile, CPUs: 1, Arch: hostile}
	set := &results.Set{Header: &h, Records: []results.Record{notOKRecord(pingPong, 1, results.Failed, hostile)}}
	set.Records[0].Host, set.Records[0].Fault = &host, results.FaultCheck
	end := End{Set: set, Summaries: set.Summaries(), Run: "RUN"}
	r := end.Result()
	r.N = 1
	var b bytes.Buffer
	if err := r.WriteHead(&b, text.Screen{}); err != nil {
		t.Fatal(err)
	}
	all := Runs{Runs: []Run{r.Run}}
	if err := all.WriteText(&b, text.Screen{}); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); strings.ContainsAny(got, "\x1b\x07\r") || strings.Contains(got, "\nforged") || !utf8.ValidString(got) {
		t.Errorf("%q", got)
	}
}

// A result has each decision and each cell, with numbers in the units of bench.txt.
func TestResult(t *testing.T) {
	set := &results.Set{Header: &testHeader, Records: testRecords()}
	end := End{Set: set, Summaries: set.Summaries(), Run: "RUN", Planned: 30}
	r := end.Result()
	if len(r.Cells) != len(end.Summaries) || len(r.Decisions) == 0 || r.Directory != "RUN" || r.Outcome != "failed" {
		t.Errorf("%d cells, %d decisions, %s, %s", len(r.Cells), len(r.Decisions), r.Directory, r.Outcome)
	}
	for _, c := range r.Cells {
		if got, ok := c.Numbers["ns/op"]; (c.Outcome == results.OK) != ok || ok && (got.Center <= 0 || c.N == 0) {
			t.Errorf("%s, %s: %+v", c.Name, c.Outcome, c.Numbers)
		}
		if (c.Outcome == results.OK) != (c.Reasons == nil) {
			t.Errorf("%s, %s: reasons %q", c.Name, c.Outcome, c.Reasons)
		}
	}
	for _, d := range r.Decisions {
		if d.Workload == "FanIn" && d.Decision != results.Undecided {
			t.Errorf("FanIn: %q, although a mechanism has no number", d.Decision)
		}
		if d.Mechanism == "" || d.Within != results.Within {
			t.Errorf("%+v", d)
		}
	}
}

// An interrupted run goes on.
func TestNextOfUnfinished(t *testing.T) {
	h := testHeader
	h.Plan = []byte(`{"cells":[{"workload":"PingPong","mechanism":"pipe","size":64,"place":"same"}],"launches":10}`)
	set := &results.Set{Header: &h, Records: launches(pingPong, 9, 5000)}
	if got, want := (End{Set: set, Summaries: set.Summaries(), Run: "RUN"}).next(), "ipcbench run --resume RUN"; got != want {
		t.Errorf("next %q, want %q", got, want)
	}
	set = &results.Set{Header: &h, Records: launches(pingPong, 10, 5000)}
	if got, want := (End{Set: set, Summaries: set.Summaries(), Run: "RUN"}).next(), "ipcbench report RUN"; got != want {
		t.Errorf("next %q, want %q", got, want)
	}
}

// Reports have labels in their titles.
func TestLabelsInTitles(t *testing.T) {
	set := func(label, note string) *results.Set {
		h := testHeader
		h.Label, h.Note = label, note
		return &results.Set{Header: &h, Records: launches(pingPong, 6, 5000)}
	}
	title := func(sets ...*results.Set) (page, markdown string) {
		sides := make([]*compare.Side, len(sets))
		for i, s := range sets {
			sides[i] = compare.NewSide("", compare.DefaultMetrics)
			for k := range s.Records {
				sides[i].Add(&s.Records[k])
			}
		}
		r := New(sets, sides)
		var b strings.Builder
		if err := r.writeMarkdown(&b); err != nil {
			t.Fatal(err)
		}
		return r.Page.Title, b.String()
	}
	const machine, id = "Example CPU @ 2.50GHz, 2 CPUs", "20261122T235900Z-3f2a1c"
	for _, c := range []struct {
		sets                 []*results.Set
		page, heading, below string
	}{
		{[]*results.Set{set("", "")}, machine + ", 2026-11-22", id, ""},
		{[]*results.Set{set("after", "with *it*")}, "after, " + machine + ", 2026-11-22", "after, " + id, "\nwith \\*it\\*\n"},
		{[]*results.Set{set("before", ""), set("after", "")}, machine + ", after against before", "after, " + id + " against before, " + id, ""},
		{[]*results.Set{set("same", ""), set("same", "")}, machine + ", " + id + " against " + id, "same, " + id + " against same, " + id, ""},
	} {
		page, markdown := title(c.sets...)
		if page != c.page {
			t.Errorf("page %q, want %q", page, c.page)
		}
		if heading, rest, _ := strings.Cut(markdown, "\n"); heading != "# ipcbench: "+c.heading || !strings.HasPrefix(rest, c.below) {
			t.Errorf("heading %q, want %q, and below it %q:\n%.200s", heading, c.heading, c.below, rest)
		}
	}
}

// What differs in plan and host is listed, and what does not is not.
func TestRunsDiff(t *testing.T) {
	run := func(plan string, host results.Host) Run {
		h := testHeader
		h.Plan = []byte(plan)
		set := &results.Set{Header: &h, Records: launches(pingPong, 6, 5000)}
		for i := range set.Records {
			set.Records[i].Host = &host
		}
		return NewRun("RUN", set, set.Summaries())
	}
	one, other := `{"cells":[{"workload":"PingPong","mechanism":"pipe","size":64,"place":"same"}],"launches":6}`, testHost
	other.Kernel = "Linux 6.19"
	d := RunsDiff{A: run(one, testHost), B: run(one, testHost)}
	if d.Compare(); len(d.Differs) > 0 {
		t.Errorf("%+v, want nothing", d.Differs)
	}
	d.B = run(`{"cells":[],"launches":8,"verify":true}`, other)
	d.Compare()
	var got []string
	for _, x := range d.Differs {
		got = append(got, x.Of+" "+x.What+": "+x.A+" → "+x.B)
	}
	want := []string{"plan launches of a cell: 6 → 8", "plan verified: no → yes", "plan cells that the other lacks: PingPong/mech=pipe/size=64/queue=default/place=same → 0", "host kernel: Linux 6.18.44 → Linux 6.19"}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	for _, columns := range []int{60, 80, 160} {
		var b bytes.Buffer
		if err := d.WriteText(&b, text.Screen{Columns: columns}); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			if n := utf8.RuneCountInString(line) - 1; n > columns && !strings.Contains(line, "PingPong") {
				t.Errorf("%d columns in %d: %s", n, columns, line)
			}
		}
	}
}
