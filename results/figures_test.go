package results

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"
)

// figuresOf are the figures of a text: "name 5 ns/op 3 MB/s".
func figuresOf(t *testing.T, text string) (all []string, f *Figures) {
	t.Helper()
	f, err := ReadFigures("--a", []byte(text))
	if err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	for i := range f.Records {
		r := &f.Records[i]
		line := r.Cell.Name()
		for unit := range r.AllUnits() {
			v, _ := r.Measured(unit)
			line += fmt.Sprint(" ", v, " ", unit)
		}
		if r.Outcome != OK {
			line += " " + string(r.Outcome)
		}
		all = append(all, line)
	}
	return all, f
}

// What a command prints is read in two forms. Of several lines with a name the figure
// is the median.
func TestFigures(t *testing.T) {
	const cell = "PingPong/mech=pipe/size=64/queue=default/place=same"
	for _, tt := range []struct{ name, text, want string }{
		{"a number and a unit", "123.4 ns/op\n", "command 123.4 ns/op"},
		{"blanks, and no end", "  5120\tMB/s", "command 5.12e+09 B/s"},
		{"several units", "123.4 ns/op\n5120 MB/s\n", "command 123.4 ns/op 5.12e+09 B/s"},
		{"names", "lookup 12 ms\nstore 1e3 req/s\n", "lookup 12 ms|store 1000 req/s"},
		{"names that end in a colon", "mean: 12 ms\nTransfer rate:  512 MB/s\n", "mean 12 ms|Transfer_rate 5.12e+08 B/s"},
		{"several lines of a name", "5 ms\n9 ms\n6 ms\n", "command 6 ms"},
		{"other lines", "Running 30s test\n  12 threads and 400 connections\n# 5 ms\nall done.\n7 ms\n\n", "command 7 ms"},
		{"nothing", "took 1.2s\n{\"mean\": 3}\nBenchmark 1: sleep 1\n", ""},
		{"benchmark format", "goos: linux\npkg: p\ncommit: 5 abc\nBenchmarkA-2 \t 5 \t 100 ns/op \t 16 B/op\n12 ms\nPASS\n", "p.A-2 100 ns/op 16 B/op"},
		{"-count", "BenchmarkA-2 5 100 ns/op\nBenchmarkB-2 5 7 ns/op\nBenchmarkA-2 5 104 ns/op\nBenchmarkA-2 5 103 ns/op\n", "A-2 103 ns/op|B-2 7 ns/op"},
		{"configurations", "commit: a\nBenchmarkA 5 100 ns/op\ncommit: b\nBenchmarkA 5 300 ns/op\n", "A 100 ns/op|A 300 ns/op"},
		{"a cell of the suite", "Benchmark" + cell + "-2 5 100 ns/op 0 cpu-ns/op 3 widgets/op\nBenchmark" + cell + "-2 5 102 ns/op 2 cpu-ns/op 5 widgets/op\n", cell + " 101 ns/op 1 cpu-ns/op 4 widgets/op"},
		{"a launch without a number", "# untrusted " + cell + ": steal\nBenchmark" + cell + " 5 100 ns/op\n", cell + " 100 ns/op"},
		{"no launch with a number", "# untrusted " + cell + ": steal\nBenchmarkA 5 100 ns/op\n", cell + " untrusted|A 100 ns/op"},
		{"zero", "0 ns/op\n", "command 0 ns/op"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, f := figuresOf(t, tt.text)
			if strings.Join(got, "|") != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if repeated := strings.Contains(tt.name, "several lines") || tt.name == "-count" || tt.name == "a cell of the suite"; (f.Repeated != "") != repeated {
				t.Errorf("repeated: %q", f.Repeated)
			}
		})
	}
}

// A figure that is no number is named with its line.
func TestFiguresThatAreNone(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"1 ms\nNaN ns/op\n", "--a:2: NaN ns/op: want a number: Benchmarkcommand 1 NaN ns/op"},
		{"x: +Inf ms\n", "--a:1: +Inf ms: want a number: Benchmarkx 1 +Inf ms"},
		{"BenchmarkA 5 100 ns/op\nBenchmarkB 5 NaN ns/op\n", "--a:2: NaN ns/op: want a number: BenchmarkB 5 NaN ns/op"},
		{"BenchmarkA 5 100 ns/op 3 ns/op\n", "--a:1: two values in ns/op: BenchmarkA 5 100 ns/op 3 ns/op"},
	} {
		if _, err := ReadFigures("--a", []byte(tt.text)); err == nil || err.Error() != tt.want {
			t.Errorf("%q: %v, want %s", tt.text, err, tt.want)
		}
	}
}

func TestFiguresBetter(t *testing.T) {
	_, f := figuresOf(t, "Unit req/s better=higher\n5 req/s\n3 ms\n2 widgets\n")
	for unit, want := range map[string]string{"req/s": "higher", "ms": "lower", "ns/op": "lower", "MB/s": "higher", "widgets": ""} {
		if got := f.Better(unit); got != want {
			t.Errorf("%s: %q, want %q", unit, got, want)
		}
	}
}

// Whatever a command prints is read, or refused in a line.
func FuzzFigures(f *testing.F) {
	for _, text := range []string{"5 ms\n", "a: 5 MB/s", "BenchmarkA 5 100 ns/op\n", "Unit ms better=higher\nx NaN ms\n", "# untrusted X: y\n--- FAIL: BenchmarkA\n", "{}", "\xff 1 \xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		figures, err := ReadFigures("f", []byte(text))
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("%q", err)
			}
			return
		}
		var b bytes.Buffer
		w := NewTurnWriter(&b, "c")
		w.Run, w.Host = "id-a", &testHost
		if err := w.Write(figures, 1, time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		s, all := scanString(t, b.String())
		if s.LeftOut > 0 || len(all) != len(figures.Records) {
			t.Errorf("%d of %d figures come back, %v, of\n%s", len(all), len(figures.Records), s.Problems, b.String())
		}
	})
}

// The text of a side has the launches as they were, with their numbers and times, under
// the facts of the host and what the command states.
func TestTurnWriter(t *testing.T) {
	var b bytes.Buffer
	w := NewTurnWriter(&b, "./bench\nx")
	w.Run, w.Seed, w.Host, w.Better = "id-a", 7, &testHost, map[string]string{"req/s": "higher"}
	at := time.Date(2026, 11, 30, 5, 0, 0, 12345, time.UTC)
	const cell = "PingPong/mech=pipe/size=64/queue=default/place=same"
	for n, text := range []string{
		"cpu: Their CPU\ncommit: abc\npkg: p\nBenchmarkA-2 5 100 ns/op 7 req/s\nBenchmark" + cell + "-2 9 0 ns/op 0 cpu-ns/op\n",
		"BenchmarkB 1 5 ns/op\n# failed " + cell + ": lost 1 message\n",
	} {
		_, f := figuresOf(t, text)
		if err := w.Write(f, n+1, at.Add(time.Duration(n)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	s, all := scanString(t, b.String())
	if len(all) != 4 || s.LeftOut != 0 || s.Better("req/s") != "higher" {
		t.Fatalf("%d records, %v, of\n%s", len(all), s.Problems, b.String())
	}
	var got []string
	for i, r := range all {
		got = append(got, fmt.Sprint(r.Cell.Name(), " ", r.Launch, " ", r.Outcome))
		if want := at.Add(time.Duration(i/2) * time.Second); !r.Time.Equal(want) || r.Run != "id-a" || r.Seed != 7 {
			t.Errorf("record %d: at %v, run %s, seed %d", i, r.Time, r.Run, r.Seed)
		}
	}
	if want := "[p.A-2 1 ok " + cell + " 1 ok B 2 ok " + cell + " 2 failed]"; fmt.Sprint(got) != want {
		t.Errorf("%v, want %s", got, want)
	}
	for i, want := range map[int]Host{0: {CPU: "Their CPU", Kernel: testHost.Kernel}, 2: {CPU: testHost.CPU, Kernel: testHost.Kernel}} {
		if h := all[i].Host; h.CPU != want.CPU || h.Kernel != want.Kernel {
			t.Errorf("record %d: host %+v", i, h)
		}
	}
	if _, again := scanString(t, b.String()+"# run: other\nBenchmarkB 1 5 ns/op\n"); again[4].Launch != 2 || !again[4].Time.IsZero() {
		t.Errorf("another run: launch %d at %v", again[4].Launch, again[4].Time)
	}
	if want := "# command: ./bench\\nx\n"; !strings.HasPrefix(b.String(), want) {
		t.Errorf("the text begins %.40q, want %q", b.String(), want)
	}
}
