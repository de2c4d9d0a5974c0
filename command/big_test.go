package command

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/klauspost/compress/zstd"

	"ipcbench/bench"
	"ipcbench/internal/need"
	"ipcbench/report"
	"ipcbench/results"
)

// wholeRun is somewhat more cells than the full preset can run on a machine of two CPUs.
const wholeRun = 12_000

// realRecords are those of real launches that are ok: of the runs in IPCBENCH_TEST_BIG_FROM,
// a comma between two, or some that the suite has.
func realRecords(t *testing.T) (ok []results.Record) {
	t.Helper()
	from := filepath.Join("..", "results", "testdata", "schema1.jsonl")
	for _, path := range strings.Split(cmp.Or(os.Getenv("IPCBENCH_TEST_BIG_FROM"), from), ",") {
		real, err := results.Read(path)
		if err != nil {
			t.Fatal(err)
		}
		ok = append(ok, slices.DeleteFunc(real.Records, func(r results.Record) bool { return r.Outcome != results.OK })...)
	}
	return ok
}

// big makes runs of cells of the full preset from records of real launches, under the
// names old and new; in new launches take 3 % longer. With schemas, files of schema 1
// hold the same runs.
func big(t *testing.T, dir string, cells, launches int, schemas bool) {
	t.Helper()
	byWorkload := map[string][]realLaunch{}
	for _, r := range realRecords(t) {
		byWorkload[r.Cell.Workload] = append(byWorkload[r.Cell.Workload], realLaunch{r, timesOf(t, r)})
	}
	preset, err := bench.LookupPreset("full")
	if err != nil {
		t.Fatal(err)
	}
	plan := bench.NewPlan(preset.Spans(), launches, preset.Time, false, 1)
	var picked []results.Cell
	for i := range cells {
		picked = append(picked, plan.Cells[i*len(plan.Cells)/cells])
	}
	plan.Cells = picked
	asked, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	for _, side := range []struct {
		name   string
		factor float64
	}{{"old", 1}, {"new", 1.03}} {
		header := results.Header{ID: side.name, Started: time.Date(2026, 11, 29, 17, 0, 0, 0, time.UTC), Seed: 1, Command: []string{"ipcbench", "run"}, Plan: asked}
		run, err := results.Create(filepath.Join(dir, "2"), header)
		if err != nil {
			t.Fatal(err)
		}
		var lines bytes.Buffer
		h := results.NewHistogram()
		random := rand.New(rand.NewPCG(1, 1))
		host := byWorkload["PingPong"][0].record.Host
		for launch := 1; launch <= launches; launch++ {
			for i, c := range picked {
				of := byWorkload[c.Workload]
				if of == nil {
					of = byWorkload["Stream"]
				}
				real := of[random.IntN(len(of))]
				r := real.stretched(side.factor*float64(100+i%900)/100*(1+random.Float64()/50), h)
				r.Cell, r.Run, r.Launch, r.Attempt, r.Seed, r.Race, r.Host, r.Isolation, r.LaunchNs = c, header.ID, launch, 1, header.Seed, 0, host, "", int64(plan.Time)
				r.Time = header.Started.Add(time.Duration(launch*len(picked)+i) * 100 * time.Millisecond)
				if err := run.Append(r); err != nil {
					t.Fatal(err)
				}
				if !schemas {
					continue
				}
				r.Schema = 1
				line, err := json.Marshal(r)
				if err != nil {
					t.Fatal(err)
				}
				lines.Write(append(line, '\n'))
			}
		}
		if err := run.Close(); err != nil {
			t.Fatal(err)
		}
		if !schemas {
			continue
		}
		first, err := results.Create(filepath.Join(dir, "1"), header)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(first.Close(), os.WriteFile(filepath.Join(first.Dir, results.RecordsFile), lines.Bytes(), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

// realLaunch is the record of a launch, and its single operations.
type realLaunch struct {
	record results.Record
	times  map[int64]int64 // how many took so many ns
}

func timesOf(t *testing.T, r results.Record) map[int64]int64 {
	t.Helper()
	if r.Latency == nil || r.Latency.HDR == "" {
		return nil
	}
	h, err := r.Latency.Histogram()
	if err != nil {
		t.Fatal(err)
	}
	var all []float64
	for i := range r.Latency.Count {
		all = append(all, 100*(float64(i)+0.5)/float64(r.Latency.Count))
	}
	times := map[int64]int64{}
	for _, v := range h.ValueAtPercentilesSlice(all) {
		times[v]++
	}
	return times
}

// stretched is a launch that takes so many times longer. It uses h, of 220 KB.
func (l *realLaunch) stretched(factor float64, h *hdrhistogram.Histogram) results.Record {
	r := l.record
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
		d := *r.Latency
		for _, p := range []*int64{&d.P50, &d.P90, &d.P99, &d.P999, &d.Max} {
			*p = int64(float64(*p) * factor)
		}
		if l.times != nil {
			h.Reset()
			for ns, n := range l.times {
				h.RecordValues(min(int64(float64(ns)*factor), results.MaxLatency), n)
			}
			d.HDR = results.EncodeHistogram(h)
		}
		r.Latency = &d
	}
	return r
}

// inSegments makes of each run below dir/2 the same in dir/3, whose records but the
// last third are in two closed segments.
func inSegments(t *testing.T, dir string) {
	t.Helper()
	for _, name := range []string{"old", "new"} {
		from, to := filepath.Join(dir, "2", name), filepath.Join(dir, "3", name)
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join(from, results.RecordsFile))
		if err != nil {
			t.Fatal(err)
		}
		lines := slices.Collect(strings.Lines(string(text)))
		setup, third := lines[0], len(lines)/3
		enc, err := zstd.NewWriter(nil)
		if err != nil {
			t.Fatal(err)
		}
		for file, part := range map[string][]byte{
			"records-000001.jsonl.zst": enc.EncodeAll([]byte(strings.Join(lines[:third], "")), nil),
			"records-000002.jsonl.zst": enc.EncodeAll([]byte(setup+strings.Join(lines[third:2*third], "")), nil),
			results.RecordsFile:        []byte(setup + strings.Join(lines[2*third:], "")),
		} {
			if err := os.WriteFile(filepath.Join(to, file), part, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A slice of a large run gives one report, whichever schema its files have and
// whether they are in segments, and so does their comparison. IPCBENCH_TEST_BIG=DIR leaves whole runs in DIR
// instead, to measure what report and compare take: of 10 launches, or as many as
// IPCBENCH_TEST_BIG_LAUNCHES says.
func TestBigRun(t *testing.T) {
	need.Time(t)
	if dir := os.Getenv("IPCBENCH_TEST_BIG"); dir != "" {
		launches, err := strconv.Atoi(cmp.Or(os.Getenv("IPCBENCH_TEST_BIG_LAUNCHES"), "10"))
		if err != nil {
			t.Fatal(err)
		}
		big(t, dir, wholeRun, launches, false)
		return
	}
	dir := t.TempDir()
	big(t, dir, 30, 10, true)
	inSegments(t, dir)
	files := regexp.MustCompile(`<p class="host files">.*</p>`) // whose names alone may differ
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
		return files.ReplaceAllStringFunc(text, func(links string) string {
			for _, link := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(links, -1) {
				if _, err := os.Stat(filepath.Join(run, link[1])); err != nil {
					t.Errorf("schema %s: the page has a link to nowhere: %v", schema, err)
				}
			}
			return ""
		})
	}
	if one, two := written("1"), written("2"); one != two {
		t.Errorf("the reports of schema 1 and 2 differ: %d and %d bytes", len(one), len(two))
	}
	if plain, segments := written("2"), written("3"); plain != segments {
		t.Errorf("the reports of a plain file and of segments differ: %d and %d bytes", len(plain), len(segments))
	}
	compared := func(old, new string) string {
		t.Helper()
		var out, console bytes.Buffer
		if status := execute([]string{"compare", filepath.Join(dir, old, "old"), filepath.Join(dir, new, "new")}, &out, &console); status != exitOK && status != exitUntrusted {
			t.Fatalf("compare: exit status %d\n%s", status, &console)
		}
		return strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(out.String(), dir+"/1", dir), dir+"/2", dir), dir+"/3", dir)
	}
	both := compared("1", "1")
	for _, mixed := range [][2]string{{"1", "2"}, {"2", "1"}, {"2", "2"}, {"3", "2"}, {"1", "3"}} {
		if got := compared(mixed[0], mixed[1]); got != both {
			t.Errorf("schema %s against %s:\n%s\nschema 1:\n%s", mixed[0], mixed[1], got, both)
		}
	}
}
