package command

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ipcbench/bench"
	"ipcbench/internal/need"
	"ipcbench/report"
	"ipcbench/results"
)

// wholeRun is how many cells of the full preset a machine of two CPUs can run.
const wholeRun = 11_600

// big makes runs of cells of the full preset, ten launches each, from records of
// real launches. A file of each schema holds the same run, under the names old1
// and old2; in new1 and new2 launches take 3 % longer.
func big(t *testing.T, dir string, cells int) {
	t.Helper()
	real, err := results.Read(filepath.Join("..", "results", "testdata", "schema1.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	ok := slices.DeleteFunc(real.Records, func(r results.Record) bool { return r.Outcome != results.OK })
	preset, err := bench.LookupPreset("full")
	if err != nil {
		t.Fatal(err)
	}
	plan := bench.NewPlan(preset.Spans(), preset.Launches, preset.Time, false, 1)
	var picked []results.Cell
	for i := range cells {
		picked = append(picked, plan.Cells[i*len(plan.Cells)/cells])
	}
	for _, side := range []struct {
		name   string
		factor float64
	}{{"old", 1}, {"new", 1.03}} {
		header := results.Header{ID: side.name, Started: real.Records[0].Time, Seed: 1, Command: []string{"ipcbench", "run"}, Plan: []byte("{}")}
		second, err := results.Create(filepath.Join(dir, "2"), header)
		if err != nil {
			t.Fatal(err)
		}
		first, err := results.Create(filepath.Join(dir, "1"), header)
		if err != nil {
			t.Fatal(err)
		}
		var lines bytes.Buffer
		random := rand.New(rand.NewPCG(1, 1))
		for launch := 1; launch <= plan.Launches; launch++ {
			for i, c := range picked {
				r := ok[slices.IndexFunc(ok, func(r results.Record) bool { return r.Cell.Workload == c.Workload || r.Cell.Workload == "Stream" })]
				if c.Workload == "PingPong" {
					r = ok[(i+launch)%3] // the first are round trips
				}
				stretch(&r, side.factor*float64(100+i%900)/100*(1+random.Float64()/50))
				r.Cell, r.Run, r.Launch, r.Seed = c, header.ID, launch, header.Seed
				r.Time = header.Started.Add(time.Duration(launch*len(picked)+i) * 100 * time.Millisecond)
				if err := second.Append(r); err != nil {
					t.Fatal(err)
				}
				r.Schema = 1
				line, err := json.Marshal(r)
				if err != nil {
					t.Fatal(err)
				}
				lines.Write(append(line, '\n'))
			}
		}
		for _, run := range []*results.Run{first, second} {
			if err := run.Close(); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(filepath.Join(first.Dir, results.RecordsFile), lines.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// stretch makes a launch so many times longer, as far as its numbers show it
// apart by that.
func stretch(r *results.Record, factor float64) {
	r.Rounds = slices.Clone(r.Rounds)
	r.ElapsedNs = 0
	for i := range r.Rounds {
		r.Rounds[i].ElapsedNs = int64(float64(r.Rounds[i].ElapsedNs) * factor)
		if r.Rounds[i].Kind == "timed" {
			r.ElapsedNs += r.Rounds[i].ElapsedNs
		}
	}
	bytes := int64(r.BytesPerSec*r.NsPerOp/1e9 + 0.5)
	r.PerOp(bytes)
	if r.Latency != nil {
		l := *r.Latency
		for _, p := range []*int64{&l.P50, &l.P90, &l.P99, &l.P999, &l.Max} {
			*p = int64(float64(*p) * factor)
		}
		r.Latency = &l
	}
}

// A slice of a large run gives one report, whichever schema its files have, and
// so does their comparison. IPCBENCH_TEST_BIG=DIR leaves whole runs in DIR
// instead, to measure what report and compare take.
func TestBigRun(t *testing.T) {
	need.Time(t)
	if dir := os.Getenv("IPCBENCH_TEST_BIG"); dir != "" {
		big(t, dir, wholeRun)
		return
	}
	dir := t.TempDir()
	big(t, dir, 30)
	written := func(schema string) (text string) {
		t.Helper()
		run := filepath.Join(dir, schema, "old")
		var out, console bytes.Buffer
		if status := execute([]string{"report", run}, &out, &console); status != exitOK {
			t.Fatalf("report of schema %s: exit status %d\n%s", schema, status, &console)
		}
		for _, name := range []string{report.CSVFile, report.MarkdownFile, report.PageFile} {
			file, err := os.ReadFile(filepath.Join(run, name))
			if err != nil {
				t.Fatal(err)
			}
			text += string(file)
		}
		return text
	}
	if one, two := written("1"), written("2"); one != two {
		t.Errorf("the reports of schema 1 and 2 differ: %d and %d bytes", len(one), len(two))
	}
	compared := func(old, new string) string {
		t.Helper()
		var out, console bytes.Buffer
		if status := execute([]string{"compare", filepath.Join(dir, old, "old"), filepath.Join(dir, new, "new")}, &out, &console); status != exitOK && status != exitUntrusted {
			t.Fatalf("compare: exit status %d\n%s", status, &console)
		}
		return strings.ReplaceAll(strings.ReplaceAll(out.String(), dir+"/1", dir), dir+"/2", dir)
	}
	both := compared("1", "1")
	for _, mixed := range [][2]string{{"1", "2"}, {"2", "1"}, {"2", "2"}} {
		if got := compared(mixed[0], mixed[1]); got != both {
			t.Errorf("schema %s against %s:\n%s\nschema 1:\n%s", mixed[0], mixed[1], got, both)
		}
	}
}
