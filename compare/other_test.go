package compare

import (
	"errors"
	"fmt"
	"ipcbench/internal/sides"
	"strings"
	"testing"

	"golang.org/x/perf/benchunit"
)

// other is what `go test -bench` prints of someone else's benchmarks: two
// packages with one name, another GOMAXPROCS, units that are not ours.
func other(n int, factor float64) string {
	var b strings.Builder
	b.WriteString("goos: linux\ngoarch: amd64\ncpu: Example CPU\nUnit widgets/s better=higher\nUnit mood nothing=known\n")
	for _, pkg := range []string{"example.org/a", "example.org/b"} {
		fmt.Fprintf(&b, "pkg: %s\n", pkg)
		for i := range n {
			ns := 1000 * factor * (1 + 0.003*float64(i))
			fmt.Fprintf(&b, "BenchmarkJSON/size=1-2 \t 1000 \t %.1f ns/op \t %.2f MB/s \t %.0f widgets/s \t 16 B/op \t 2 allocs/op \t 7 mood\n", ns, 1e3/ns, 1e6/ns)
			fmt.Fprintf(&b, "BenchmarkJSON/size=1-4 \t 1000 \t %.1f ns/op\n", ns)
		}
	}
	b.WriteString("PASS\nok  \texample.org/b\t1.2s\n")
	return b.String()
}

func TestOtherBenchmarks(t *testing.T) {
	old, new := sides.Write(t, []byte(other(10, 1))), sides.Write(t, []byte(other(10, 1.3)))
	l := load(t, Query{Filter: "*", Metrics: []string{"ns/op", "B/s", "widgets/s", "B/op"}}, old, new)
	if len(l.Warnings) > 0 {
		t.Errorf("warnings %q", l.Warnings)
	}
	r := Compare(l.Sides[0], l.Sides[1], Defaults)
	verdicts := map[string]Verdict{}
	for _, row := range r.Rows {
		verdicts[row.Name+" "+row.Metric] = row.Verdict
	}
	want := map[string]Verdict{}
	for _, pkg := range []string{"example.org/a.", "example.org/b."} {
		for _, m := range []string{"-2 ns/op", "-2 widgets/s", "-4 ns/op"} {
			want[pkg+"JSON/size=1"+m] = Slower
		}
		want[pkg+"JSON/size=1-2 B/op"] = Same
	}
	if fmt.Sprint(verdicts) != fmt.Sprint(want) {
		t.Errorf("verdicts %v\nwant %v", verdicts, want)
	}
	if l := load(t, Query{Filter: "pkg:example.org/a .name:JSON .unit:ns/op"}, old, new); len(Compare(l.Sides[0], l.Sides[1], Defaults).Rows) != 2 {
		t.Error("a filter does not see package and name")
	}
	if l := load(t, Query{Filter: "*", By: "pkg"}, old); len(l.Sides) != 2 || l.Sides[0].Name != "example.org/a" {
		t.Errorf("by package: %+v", l.Sides)
	}
	var query *QueryError
	if _, err := Load([]Input{{Paths: []string{old}}}, Query{Filter: "*", Metrics: []string{"mood"}}); !errors.As(err, &query) {
		t.Errorf("a unit that nobody knows which way is better: %v", err)
	}
}

// Of these benchmarks, too, medians and p are benchstat's.
func TestOtherEqualsBenchstat(t *testing.T) {
	inputs := []Input{{Paths: []string{sides.Write(t, []byte(other(10, 1)))}}, {Paths: []string{sides.Write(t, []byte(other(8, 1.1)))}}}
	l := load(t, Query{Filter: "*"}, inputs[0].Paths[0], inputs[1].Paths[0])
	text := strings.Join(strings.Fields(benchstat(t, inputs, "text")), " ")
	for _, row := range Compare(l.Sides[0], l.Sides[1], Defaults).Rows {
		scale := benchunit.CommonScale([]float64{float64(row.Old.Center), float64(row.New.Center)}, benchunit.ClassOf(row.Unit))
		for _, e := range []Estimate{row.Old, row.New} {
			if printed := scale.Format(float64(e.Center)) + " ± "; !strings.Contains(text, printed) {
				t.Errorf("%s, %s: benchstat does not print %q", row.Name, row.Unit, printed)
			}
		}
		if p := fmt.Sprintf("p=%0.3f", float64(row.P)); !strings.Contains(text, p) {
			t.Errorf("%s: benchstat does not print %q", row.Name, p)
		}
	}
}

// A name that could do harm is left out.
func TestOtherNamesThatAreLeftOut(t *testing.T) {
	for _, name := range []string{"X\x1b[31m", "X\xff", "X" + strings.Repeat("y", 600)} {
		path := sides.Write(t, []byte("Benchmark"+name+" 10 5 ns/op\n"))
		l := load(t, Query{Filter: "*"}, path)
		if n := len(l.Sides[0].cells); n > 0 || !strings.Contains(strings.Join(l.Warnings, "\n"), "file:1: ") {
			t.Errorf("%q: %d cells, warnings %q", name, n, l.Warnings)
		}
	}
}
