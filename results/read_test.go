package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ipcbench/internal/need"
)

func nan() float64 { return math.NaN() }

func readString(t testing.TB, text string) *Set {
	t.Helper()
	var s Set
	if err := s.read("f", strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	return &s
}

// jsonLine is the line of a record in schema 1.
func jsonLine(t testing.TB, r Record) string {
	t.Helper()
	r.Schema = 1
	line, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(line) + "\n"
}

// Each bad line is named with its place and its reason, and costs no other.
func TestReadNamesBadLines(t *testing.T) {
	good := jsonLine(t, okRecord(pingPong, 1, 5000))
	edit := func(old, new string) string { // of launch 2
		line := jsonLine(t, okRecord(pingPong, 2, 5000))
		if !strings.Contains(line, old) {
			t.Fatalf("no %s in %s", old, line)
		}
		return strings.Replace(line, old, new, 1)
	}
	bench := "BenchmarkPingPong/mech=pipe/size=64/queue=default/place=same 10 5000 ns/op\n"
	cases := []struct{ name, good, bad, reason string }{
		{"cut short", good, `{"schema":1` + "\n", "unexpected end"},
		{"not an object", good, "[1]\n", "cannot unmarshal"},
		{"binary", good, "\x00\xff\n", "invalid character"},
		{"duplicate", good, good, "launch 1, attempt 1 is on line 1 already"},
		{"other schema", good, edit(`"schema":1`, `"schema":3`), "another schema: 3, want 1 to 2"},
		{"no schema", good, edit(`"schema":1,`, ``), "another schema: 0"},
		{"unknown field", good, edit(`"seed"`, `"sead"`), `unknown field "sead"`},
		{"negative time", good, edit(`"ns_per_op":5000`, `"ns_per_op":-5000`), "ns_per_op is -5000"},
		{"infinite", good, edit(`"ns_per_op":5000`, `"ns_per_op":1e999`), "cannot unmarshal"},
		{"NaN", good, edit(`"ns_per_op":5000`, `"ns_per_op":NaN`), "invalid character 'N'"},
		{"no number", good, edit(`"ns_per_op":5000`, `"ns_per_op":0`), "ok without ns_per_op"},
		{"negative round", good, edit(`"elapsed_ns":100000000,`, `"elapsed_ns":-1,`), "elapsed_ns is -1"},
		{"outcome", good, edit(`"ok"`, `"fine"`), "unknown outcome fine"},
		{"no reason", good, edit(`"ok"`, `"failed"`), "failed without a reason"},
		{"cell", good, edit(`"PingPong"`, `"\u001b[2J"`), "is not a cell"},
		{"run", good, edit(`"run":"`, `"run":"../`), "does not match"},
		{"long line", good, strings.Repeat("x", maxLine+1) + "\n", "too long"},
		{"two values", good, strings.TrimSuffix(edit("x", "x"), "\n") + "{}\n", "invalid character"},
		{"bench: not a cell", bench, "BenchmarkOther-8 10 5 ns/op\n", "Other is not a cell"},
		{"bench: no number", bench, strings.Replace(bench, "5000", "5x", 1), "parsing measurement"},
		{"bench: infinite", bench, strings.Replace(bench, "5000", "+Inf", 1), "+Inf ns/op"},
		{"bench: NaN", bench, strings.Replace(bench, "5000", "NaN", 1), "NaN ns/op"},
		{"bench: negative", bench, strings.Replace(bench, "5000", "-1", 1), "-1 ns/op"},
		{"bench: zero", bench, strings.Replace(bench, "5000", "0", 1), "ok without ns_per_op"},
		{"bench: long line", bench, "Benchmark" + strings.Repeat("x", maxBenchLine) + " 1 5 ns/op\n", "too long"},
		{"bench: comment", bench, "# skip Ping\x1bPong: no\n", `Ping\x1bPong is not a cell`},
		{"bench: no reason", bench, "# failed PingPong/mech=pipe/size=64/queue=default/place=same: \n", "without a reason"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s := readString(t, c.good+c.bad+"\n")
			if len(s.Records) != 1 || s.LeftOut != 1 || len(s.Problems) != 1 {
				t.Fatalf("%d records, %d left out: %v", len(s.Records), s.LeftOut, s.Problems)
			}
			if got := s.Problems[0].String(); !strings.HasPrefix(got, "f:2: ") || !strings.Contains(got, c.reason) {
				t.Errorf("problem %q, want f:2 and %q", got, c.reason)
			}
			if got := s.OtherSchema; (got == 1) != strings.Contains(c.reason, "schema") {
				t.Errorf("OtherSchema = %d", got)
			}
		})
	}
}

func TestReadBoundsProblems(t *testing.T) {
	var text strings.Builder
	for i := range 500 {
		fmt.Fprintf(&text, "{\"schema\":%d}\n", i+3)
	}
	s := readString(t, text.String()+strings.Repeat("x\n", 500))
	if s.LeftOut != 1000 || len(s.Problems) != maxProblems {
		t.Errorf("%d left out, %d named, want 1000 and %d", s.LeftOut, len(s.Problems), maxProblems)
	}
	s = readString(t, "{\n"+strings.Repeat("x\n", 500))
	if all := s.Left(); len(all) != 2 || !strings.HasSuffix(all[1], ": x (and 499 lines like it)") {
		t.Errorf("501 lines of two reasons: %q", all)
	}
}

// endless is a file that does not end.
type endless struct{ line string }

func (e endless) Read(p []byte) (int, error) {
	n := copy(p, e.line) // a short copy of a line is a line of another kind
	for n+len(e.line) <= len(p) {
		n += copy(p[n:], e.line)
	}
	return n, nil
}

func TestReadRefusesEndlessInput(t *testing.T) {
	need.Time(t)
	for _, line := range []string{"x", "BenchmarkX 1 1 ns/op\n"} {
		err := new(Set).read("f", &capped{r: endless{line}, max: 2 << 20})
		if err == nil || err.Error() != "more than 2MiB" {
			t.Errorf("endless %q: %v", line, err)
		}
	}
	sparse := filepath.Join(t.TempDir(), "sparse")
	if err := errors.Join(os.WriteFile(sparse, nil, 0o644), os.Truncate(sparse, maxInput+1)); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(sparse); err == nil || err.Error() != sparse+": more than 256MiB" {
		t.Errorf("a file of 256 MiB and a byte: %v", err)
	}
}

func TestReadMissing(t *testing.T) {
	for _, path := range []string{filepath.Join(t.TempDir(), "no"), t.TempDir()} {
		if _, err := Read(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("Read(%s): %v", path, err)
		}
	}
}

func TestReadWarnings(t *testing.T) {
	if s := readString(t, ""); len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "no records") {
		t.Errorf("an empty file: %v", s.Warnings)
	}
	a, b := okRecord(pingPong, 1, 5000), okRecord(pingPong, 2, 5000)
	b.Host.Kernel = "Linux 5.10"
	if s := readString(t, jsonLine(t, a)+jsonLine(t, b)); len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "2 different hosts") {
		t.Errorf("two hosts: %v", s.Warnings)
	}
}
