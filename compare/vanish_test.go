package compare

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/perf/benchfmt"
	"golang.org/x/perf/benchunit"

	"ipcbench/results"
)

// What x/perf's benchfmt reads as a result is compared, named as not compared, or
// reported as an error: nothing vanishes.
func FuzzNothingVanishes(f *testing.F) {
	seeds := printed(f)
	for _, s := range seeds {
		f.Add(s)
	}
	path := filepath.Join(f.TempDir(), "file")
	f.Fuzz(func(t *testing.T, text []byte) { vanish(t, path, seeds[0], text) })
}

// The same of a bounded number of mutations, which are the same in every run.
func TestNothingVanishes(t *testing.T) {
	seeds, path, r := printed(t), filepath.Join(t.TempDir(), "file"), rand.New(rand.NewPCG(17, 4))
	for range 400 {
		text := slices.Clone(seeds[r.IntN(len(seeds))])
		for range 1 + r.IntN(4) {
			text = mutate(r, text, seeds)
		}
		vanish(t, path, seeds[0], text)
		if t.Failed() {
			return
		}
	}
}

// printed is what go test and the suite print.
func printed(t testing.TB) (seeds [][]byte) {
	old, _ := inTurn()
	old.Launches(pipe, 6, 5000, 0.01)
	old.Launches(fifo, 6, 6000, 0.01)
	old.NotOK(fan, 1, results.Failed, "write: broken pipe")
	own, err := os.ReadFile(old.File(t))
	if err != nil {
		t.Fatal(err)
	}
	run := "=== RUN   BenchmarkGrind/n=8\nBenchmarkGrind/n=8\nBenchmarkGrind/n=8-4 \t  987281\t      1012.9 ns/op\t  64.13 MB/s\t     512 B/op\t       4 allocs/op\n"
	text := "goos: linux\ngoarch: amd64\npkg: example.com/mill\ncpu: Example CPU\n" + strings.Repeat(run, 5)
	return [][]byte{
		[]byte(text + "PASS\nok  \texample.com/mill\t1.2s\n"),
		[]byte(text + "BenchmarkSift-4 \t--- FAIL: BenchmarkSift-4\n    mill_test.go:3: no flour\nFAIL\nexit status 1\nFAIL\texample.com/mill\t1.2s\n"),
		[]byte("Unit grains/op better=lower\ncpu: A\nBenchmarkCut/mech=saw/size=9 100 5 ns/op 3 grains/op\ncpu: B\nBenchmarkCut/mech=saw/size=9 100 0.000001 sec/op 12 p99-ns\n"),
		[]byte(text[:len(text)-1]),
		own,
	}
}

// mutate changes a text as editors, terminals and broken pipes do.
func mutate(r *rand.Rand, text []byte, seeds [][]byte) []byte {
	tokens := []string{"\n", "\r\n", "\ufeff", " ", "\t", "-8", "0", "-", ".", "e9", "NaN ns/op", "1 B/s", "\x1b[0m", "\xff", "\x00", "/mech=", "Benchmark",
		"BenchmarkX 1 1 ns/op\n", "# ", "{", "<<<<<<< HEAD\n", "--- FAIL: BenchmarkGrind/n=8-4\n", "pkg: other\n", "cpu: \n", "FAIL\n", "ns/op", "panic: no\n"}
	at := func() int { return r.IntN(len(text) + 1) }
	i, j := at(), at()
	i, j = min(i, j), min(max(i, j), min(i, j)+40)
	switch r.IntN(6) {
	case 0: // cut out
		return slices.Delete(text, i, j)
	case 1: // cut off
		return text[:j]
	case 2: // twice
		return slices.Insert(text, j, slices.Clone(text[i:j])...)
	case 3: // a line of another
		lines := bytes.SplitAfter(seeds[r.IntN(len(seeds))], []byte("\n"))
		return slices.Insert(text, i, lines[r.IntN(len(lines))]...)
	case 4:
		if i < len(text) {
			text[i] = byte(r.IntN(256))
		}
		return text
	}
	return slices.Insert(text, i, []byte(tokens[r.IntN(len(tokens))])...)
}

// had is a benchmark with a unit.
type had struct{ name, unit string }

// vanish fails if something of text does.
func vanish(t *testing.T, path string, base, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path+"base", base, 0o600); err != nil {
		t.Fatal(err)
	}
	want, have := map[had]int{}, map[had]int{}
	// A byte that is not UTF-8 is shown as one that can be.
	in := benchfmt.NewReader(bytes.NewReader(bytes.ToValidUTF8(text, []byte("\uFFFD"))), "")
	for in.Scan() {
		res, ok := in.Result().(*benchfmt.Result)
		if !ok {
			continue
		}
		for unit := range units(res) {
			want[had{nameOf(res), unit}]++
		}
	}
	cells := map[results.Cell]map[string]bool{}
	set, err := results.Scan(path, func(r *results.Record) {
		if r.Outcome != results.OK {
			return
		}
		name := r.Cell.Other
		if name == "" {
			name = r.Cell.Name()
		}
		if cells[r.Cell] == nil {
			cells[r.Cell] = map[string]bool{}
		}
		for unit := range r.AllUnits() {
			cells[r.Cell][unit] = true
			have[had{name, tidied(unit)}]++
		}
	})
	if err != nil {
		return // reported
	}
	missing := map[string]int{} // lines, by benchmark
	for h, n := range want {
		own, _, _ := cutProcs(h.name)
		if _, err := results.ParseCell(own); err == nil && strings.HasPrefix(h.unit, "p") {
			continue // a percentile of few operations is none
		}
		missing[h.name] = max(missing[h.name], n-have[h])
	}
	named := set.LeftOut + strings.Count(strings.Join(set.Warnings, "\n"), "is torn")
	sum := 0
	for _, n := range missing {
		sum += n
	}
	if sum > named {
		t.Fatalf("%d results vanish, %d lines are named: %v; %v, %v of\n%q", sum, named, missing, set.Problems, set.Warnings, text)
	}
	l, err := Load([]Input{{Name: "old", Paths: []string{path + "base"}}, {Name: "new", Paths: []string{path}}}, Query{Metrics: DefaultMetrics, Filter: "*"})
	if err != nil {
		t.Fatal(err)
	}
	r := Compare(l.Sides[0], l.Sides[1], Options{Threshold: 0.05, Alpha: 0.5})
	if r.Refused {
		return // with the reason
	}
	for cell, all := range cells {
		for unit := range all {
			if !r.shows(cell, unit) {
				t.Fatalf("%s, %s: neither compared nor named, of\n%q", cell.Name(), unit, text)
			}
		}
	}
}

// shows reports whether the report has the unit of the cell, or says why not.
func (r *Report) shows(cell results.Cell, unit string) bool {
	return slices.ContainsFunc(r.Rows, func(row Row) bool { return row.Cell == cell && row.Metric == unit }) ||
		slices.ContainsFunc(r.Outcomes, func(c Change) bool { return c.Cell == cell }) ||
		slices.ContainsFunc(r.Incomparable, func(c Incomparable) bool { return c.Cell == cell && c.Metric == unit }) ||
		unit == "B/s" && slices.ContainsFunc(r.Implied, func(name string) bool { return strings.HasPrefix(name, cell.Name()) }) ||
		slices.ContainsFunc(r.NotCompared, func(s string) bool { return strings.Contains(s, results.Quote(unit)) }) ||
		results.Better(unit) == "" && slices.ContainsFunc(results.Metrics, func(m results.Metric) bool { return m.Unit == unit })
}

// nameOf is the name of the record of a result.
func nameOf(res *benchfmt.Result) string {
	own, _, _ := cutProcs(string(res.Name))
	if c, err := results.ParseCell(own); err == nil {
		return c.Name()
	}
	return string(res.Name)
}

func units(res *benchfmt.Result) map[string]bool {
	all := map[string]bool{}
	for _, v := range res.Values {
		all[v.Unit] = true
	}
	return all
}

func tidied(unit string) string {
	_, u := benchunit.Tidy(1, unit)
	return u
}
