package results

import (
	"fmt"
	"strings"
	"testing"
)

// scanString hands on what Scan would of the text.
func scanString(t testing.TB, text string) (*Set, []Record) {
	t.Helper()
	var all []Record
	s := &Set{keep: func(r *Record) { all = append(all, *r.plain()) }}
	if err := s.read("f", strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return s, all
}

// What go test prints of a failure is a benchmark's, or else its package's.
func TestGoTestFailures(t *testing.T) {
	const head = "goos: linux\npkg: p\nBenchmarkA-2 \t 5 \t 100 ns/op\n"
	const pass, fail = "PASS\nok  \tp\t1s\n", "FAIL\nexit status 1\nFAIL\tp\t1s\n"
	for _, c := range []struct{ name, text, want string }{
		{"passed", head + pass, ""},
		{"after its numbers", head + "--- FAIL: BenchmarkA-2\n    a_test.go:4: late\n" + fail, "p.A-2: a_test.go:4: late"},
		{"behind its name", head + "BenchmarkB-2   \t--- FAIL: BenchmarkB-2\n    a_test.go:4: late\n" + fail, "p.B-2: a_test.go:4: late"},
		{"in its first round", head + "--- FAIL: BenchmarkC\n    a_test.go:5: early\n" + fail, "p.C: a_test.go:5: early"},
		{"with -v", head + "BenchmarkB\n    a_test.go:4: late\n--- FAIL: BenchmarkB-2\n" + fail, "p.B-2: a_test.go:4: late"},
		{"without a log", head + "--- FAIL: BenchmarkB-2\n" + fail, "p.B-2: go test reports --- FAIL"},
		{"a part", head + "--- FAIL: BenchmarkD/y\n    a_test.go:6: sub\n--- FAIL: BenchmarkD\n" + fail, "p.D/y: a_test.go:6: sub"},
		{"every time", head + strings.Repeat("BenchmarkB-2 \t--- FAIL: BenchmarkB-2\n", 3) + fail, "p.B-2: go test reports --- FAIL"},
		{"no end", head + "--- FAIL: BenchmarkB-2\n", "p.B-2: go test reports --- FAIL"},
		{"panic", head + "BenchmarkB-2 \t       0\t    NaN ns/op\npanic: boom\n\ngoroutine 23 [running]:\nexit status 2\nFAIL\tp\t1s\n", "p.B-2: panic: boom"},
		{"panic behind noise", head + "BenchmarkB-2 \tnoise\n noise\npanic: boom\nexit status 2\nFAIL\tp\t1s\n", "p.B-2: panic: boom"},
		{"time-out", head + "BenchmarkB-2 \tpanic: test timed out after 10m0s\nrunning tests:\n\ngoroutine 1:\nFAIL\tp\t600s\n", "p.B-2: panic: test timed out after 10m0s"},
		{"exit", head + "BenchmarkB-2 \texit status 3\nFAIL\tp\t1s\n", "p.B-2: exit status 3"},
		{"killed", head + "BenchmarkB-2 \tsignal: killed\nFAIL\tp\t1s\n", "p.B-2: signal: killed"},
		{"no go test around", head + "BenchmarkB-2 \tfatal error: out of memory\n", "p.B-2: fatal error: out of memory"},
		{"between benchmarks", head + "panic: boom\nexit status 2\nFAIL\tp\t1s\n", "package p: panic: boom"},
		{"no name", head + fail, "package p: exit status 1"},
		{"a test", "--- FAIL: TestX (0.00s)\n    a_test.go:1: no\nFAIL\nexit status 1\nFAIL\tp\t1s\nFAIL\n", "package p: --- FAIL: TestX (0.00s)"},
		{"not built", head + pass + "FAIL\tq [build failed]\nFAIL\n", "package q: FAIL q [build failed]"},
		{"FAIL alone", head + "FAIL\n", "package p: go test reports FAIL"},
		{"FAIL after all", head + fail + "pkg: q\nBenchmarkA-2 \t 5 \t 100 ns/op\nPASS\nok  \tq\t1s\nFAIL\n", "package p: exit status 1"},
		{"appended", head + "panic: boom\n" + head + pass, "package p: panic: boom"},
		{"a benchmark and the process", head + "--- FAIL: BenchmarkA-2\npanic: boom\nexit status 2\nFAIL\tp\t1s\n", "p.A-2: go test reports --- FAIL|package p: panic: boom"},
		{"printed", head + "panic: only printed\n" + pass, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, all := scanString(t, c.text)
			var got []string
			for _, r := range all {
				if r.Outcome != OK {
					got = append(got, r.Cell.Name()+": "+r.Reason)
				}
			}
			for _, f := range s.Failures {
				got = append(got, fmt.Sprintf("package %s: %s", f.Package, f.Reason))
			}
			if strings.Join(got, "|") != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
			if (len(s.Warnings) > 0) != (c.want != "") {
				t.Errorf("warnings %q", s.Warnings)
			}
		})
	}
}

// A failed line stands at its place: under its configuration, and without
// moving the numbers of the lines that follow.
func TestGoTestFailureHasItsPlace(t *testing.T) {
	s, all := scanString(t, "cpu: One\nBenchmarkA 1 5 ns/op\ncpu: Two\n--- FAIL: BenchmarkA\nBenchmarkB 1 x ns/op\n")
	if len(all) != 2 || all[1].Outcome != Failed || all[1].Text().Settings[0] != (Setting{"cpu", "Two"}) || all[1].Host.CPU != "Two" {
		t.Fatalf("records %+v", all)
	}
	if len(s.Problems) != 1 || s.Problems[0].Line != 5 {
		t.Errorf("problems %v, want one at line 5", s.Problems)
	}
}

// What go test prints of itself is no configuration.
func TestPrintsAreNoConfiguration(t *testing.T) {
	_, all := scanString(t, "pkg: p\nBenchmarkA 1 5 ns/op\nPASS\ncoverage: 12.5% of statements\nok  \tp\t1s\ngo: downloading example.org/x v1\ntesting: warning: no tests to run\nBenchmarkA 1 5 ns/op\n")
	if len(all) != 2 || all[0].Text() != all[1].Text() {
		t.Errorf("records %+v", all)
	}
}
