package export

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"ipcbench/internal/need"
	"ipcbench/internal/text"
	"ipcbench/results"
)

const page = "../docs/analysis.md"

var writeDocs = flag.Bool("write", false, "write the outputs in docs/analysis.md anew")

// stored are the runs that the page's commands export, by the file that they write.
var storedRuns = map[string][]string{"run.parquet": {"before", "after"}, "kernels.parquet": {"kernel-5.10", "kernel-6.12", "kernel-7.3"}}

// exported is a directory with the files that the page's commands write, and the
// records in run.parquet.
func exported(t *testing.T) (dir string, all []results.Record) {
	t.Helper()
	dir = t.TempDir()
	for file, runs := range storedRuns {
		var b bytes.Buffer
		w := newParquet(&b, "v1")
		for _, run := range runs {
			f, err := os.Open(filepath.Join("testdata", run+".jsonl.gz"))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			z, err := gzip.NewReader(f)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, run+".jsonl")
			plain, err := io.ReadAll(z)
			if err == nil {
				err = os.WriteFile(path, plain, 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
			set, err := results.Read(path)
			if err != nil || set.LeftOut > 0 {
				t.Fatal(path, err)
			}
			for i := range set.Records {
				if err := w.Write(&results.Header{Label: run}, &set.Records[i]); err != nil {
					t.Fatal(err)
				}
			}
			if file == "run.parquet" {
				all = append(all, set.Records...)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, file), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, all
}

// answer is what a query gives.
type answer struct {
	Columns []string
	Rows    [][]any
}

func (a answer) String() string {
	rows := [][]string{a.Columns}
	for _, r := range a.Rows {
		var row []string
		for _, v := range r {
			row = append(row, fmt.Sprint(v))
		}
		rows = append(rows, row)
	}
	var b strings.Builder
	text.Table(&b, "", "l", rows)
	return b.String()
}

// ask runs queries in DuckDB, in a directory.
func ask(t *testing.T, dir string, queries []string) (all []answer) {
	t.Helper()
	node, err := exec.LookPath("node")
	if err != nil {
		need.Missing(t, "duckdb", "node is not installed (Debian: nodejs): the queries of docs/analysis.md are not run")
	}
	script, err := filepath.Abs("duckdb/query.mjs")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat("duckdb/node_modules/@duckdb/node-api"); err != nil {
		need.Missing(t, "duckdb", "DuckDB is not installed (npm ci --prefix export/duckdb): the queries of docs/analysis.md are not run")
	}
	in, err := json.Marshal(queries)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(node, script)
	c.Dir, c.Stdin, c.Stderr = dir, bytes.NewReader(in), os.Stderr
	out, err := c.Output()
	if err == nil {
		err = json.Unmarshal(out, &all)
	}
	if err != nil || len(all) != len(queries) {
		t.Fatalf("%d answers to %d queries: %v", len(all), len(queries), err)
	}
	return all
}

// block is a query of the page, and behind it what it gives.
var block = regexp.MustCompile("(?s)(```sql\n(.*?)\n```\n\n```text\n)(.*?)(```\n)")

// The queries of the page run over what export writes, and give what the page shows.
func TestQueries(t *testing.T) {
	old, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	blocks := block.FindAllStringSubmatch(string(old), -1)
	if len(blocks) < 10 || len(blocks) != strings.Count(string(old), "```sql") {
		t.Fatalf("%d queries with an output: want 10 or more, and every one with", len(blocks))
	}
	var queries []string
	for _, b := range blocks {
		queries = append(queries, b[2])
	}
	dir, _ := exported(t)
	answers := ask(t, dir, queries)
	i := -1
	shown := block.ReplaceAllStringFunc(string(old), func(whole string) string {
		b := block.FindStringSubmatch(whole)
		i++
		got := answers[i].String()
		if got != b[3] {
			if !*writeDocs {
				t.Errorf("%s: go test ./export -run TestQueries -write writes the output anew:\n%s\ngives\n%s", page, b[2], got)
			}
			if len(answers[i].Rows) == 0 {
				t.Errorf("no row: %s", b[2])
			}
		}
		return b[1] + got + b[4]
	})
	if *writeDocs {
		if err := os.WriteFile(page, []byte(shown), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	checkFiles(t, dir)
}

// checkFiles holds what the page writes for other tools against their forms: that of
// github-action-benchmark (BenchmarkResult in src/extract.ts), and Bencher's
// (https://bencher.dev/bmf.json).
func checkFiles(t *testing.T, dir string) {
	var action []struct {
		Name, Unit, Range, Extra *string
		Value                    *float64
	}
	var bencher map[string]map[string]struct {
		Value *float64 `json:"value"`
		Lower *float64 `json:"lower_value"`
		Upper *float64 `json:"upper_value"`
	}
	for name, into := range map[string]any{"benchmarks.json": &action, "bencher.json": &bencher} {
		file, err := os.ReadFile(filepath.Join(dir, name))
		if err == nil {
			dec := json.NewDecoder(bytes.NewReader(file))
			dec.DisallowUnknownFields()
			err = dec.Decode(into)
		}
		if err != nil {
			t.Fatalf("%s: %v\n%.300s", name, err, file)
		}
	}
	if len(action) == 0 || len(action) != len(bencher) {
		t.Errorf("%d cells for one tool, %d for the other", len(action), len(bencher))
	}
	for _, a := range action {
		if a.Name == nil || a.Value == nil || a.Unit == nil || a.Range == nil || a.Extra == nil {
			t.Fatalf("%+v: something is missing", a)
		}
		if b := bencher[*a.Name]["latency"]; b.Value == nil || b.Lower == nil || b.Upper == nil || *b.Value != *a.Value || *b.Lower > *b.Value || *b.Upper < *b.Value {
			t.Errorf("%s: %v for one tool, %+v for the other", *a.Name, *a.Value, b)
		}
	}
}

// DuckDB's medians are those of the suite's own reports, to the last digit.
func TestMediansAgree(t *testing.T) {
	dir, all := exported(t)
	got := map[string]float64{}
	for _, row := range ask(t, dir, []string{`SELECT label, cell, median(time_ns_per_op) FROM 'run.parquet' WHERE outcome = 'ok' AND label = 'before' GROUP BY ALL`})[0].Rows {
		if ns, ok := row[2].(float64); ok {
			got[row[1].(string)] = ns
		}
	}
	run, held := all[0].Run, 0
	var before []results.Record
	for _, r := range all {
		if r.Run == run {
			before = append(before, r)
		}
	}
	for _, s := range results.Summarize(before) {
		if !s.NsPerOp.Known() {
			continue
		}
		held++ // where enough launches were undisturbed
		if want := float64(s.NsPerOp.Center); math.Abs(got[s.Cell.Name()]-want) > want*1e-12 {
			t.Errorf("%s: %v, want %v", s.Cell.Name(), got[s.Cell.Name()], want)
		}
	}
	if held < 5 {
		t.Errorf("%d cells held: want 5 or more", held)
	}
}
