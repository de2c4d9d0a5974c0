package compare

import (
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/perf/benchunit"

	"ipcbench/results"
)

// On identical input medians and p must be benchstat's, to the digit that it
// prints: in its CSV the medians have all of theirs. Our interval reaches no
// farther than its own, and there is none where it has none.
func TestEqualsBenchstat(t *testing.T) {
	old, new := inTurn()
	for i, c := range []results.Cell{pipe, fifo, msg, fan} {
		n := []int{10, 6, 20, 4}[i]
		old.Launches(c, n, 5000, 0.03)
		new.Launches(c, n+[]int{0, 1, 1, 3}[i], 5000*[]float64{1, 1.05, 0.8, 1.2}[i], 0.05)
	}
	dir := t.TempDir()
	var inputs []Input
	for _, s := range []*session{old, new} {
		path := filepath.Join(dir, s.Run+".txt")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := results.WriteBench(f, s.Records); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		inputs = append(inputs, Input{Name: s.Run, Paths: []string{path}})
	}
	metrics := []string{"ns/op", "B/s", "p99-ns"}
	loaded, err := Load(inputs, Query{Metrics: metrics, Filter: "*"})
	if err != nil {
		t.Fatal(err)
	}
	o := Defaults
	o.Implied = true
	r := Compare(loaded.Sides[0], loaded.Sides[1], o)
	theirs := benchstatRows(t, inputs, "csv")
	text := benchstatText(t, inputs)
	if len(r.Rows) != 4*len(metrics) {
		t.Fatalf("%d rows", len(r.Rows))
	}
	for i := range r.Rows {
		row := &r.Rows[i]
		want := theirs[row.Unit+" "+row.Name]
		ours := []string{fmt.Sprint(float64(row.Old.Center)), want[1], fmt.Sprint(float64(row.New.Center)), want[3], fmt.Sprintf("p=%0.3f", float64(row.P))}
		if strings.Join(ours, " ") != strings.Join(want, " ") {
			t.Errorf("%s, %s: ours %v, benchstat's %v", row.Name, row.Unit, ours, want)
		}
		for j, e := range []Estimate{row.Old, row.New} {
			if reach := want[1+2*j]; (e.Reach() == "∞") != (reach == "∞") || e.Capped == 0 && percent(t, e.Reach()) > percent(t, reach) {
				t.Errorf("%s, %s: ours reaches ±%s, benchstat's ±%s", row.Name, row.Unit, e.Reach(), reach)
			}
		}
		scale := benchunit.CommonScale([]float64{float64(row.Old.Center), float64(row.New.Center)}, benchunit.ClassOf(row.Unit))
		for _, e := range []Estimate{row.Old, row.New} {
			if printed := scale.Format(float64(e.Center)) + " ± "; !strings.Contains(text[row.Unit+" "+row.Name], printed) {
				t.Errorf("%s, %s: benchstat does not print %q: %s", row.Name, row.Unit, printed, text[row.Unit+" "+row.Name])
			}
		}
	}
}

// percent is the number of "5%", and 0 of "∞".
func percent(t *testing.T, reach string) (n int) {
	t.Helper()
	if _, err := fmt.Sscanf(reach, "%d%%", &n); err != nil && reach != "∞" {
		t.Fatalf("reach %q: %v", reach, err)
	}
	return n
}

func benchstat(t *testing.T, inputs []Input, format string) string {
	t.Helper()
	args := []string{"tool", "benchstat", "-format", format}
	for _, in := range inputs {
		args = append(args, in.Paths...)
	}
	out, err := exec.Command("go", args...).Output()
	if err != nil {
		t.Fatalf("go tool benchstat: %v", err)
	}
	return string(out)
}

// benchstatRows returns medians, intervals and p by unit and cell.
func benchstatRows(t *testing.T, inputs []Input, format string) map[string][]string {
	t.Helper()
	r := csv.NewReader(strings.NewReader(benchstat(t, inputs, format)))
	r.FieldsPerRecord = -1
	lines, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	out, unit := map[string][]string{}, ""
	for _, l := range lines {
		if len(l) > 2 && l[0] == "" && l[2] == "CI" {
			unit = l[1]
		}
		if len(l) == 7 && strings.Contains(l[0], "/mech=") {
			p, _, _ := strings.Cut(l[6], " ")
			out[unit+" "+l[0]] = append(append([]string{}, l[1:5]...), p)
		}
	}
	return out
}

// benchstatText returns the lines of the text by unit and cell, each space
// once.
func benchstatText(t *testing.T, inputs []Input) map[string]string {
	t.Helper()
	out, unit := map[string]string{}, ""
	for line := range strings.Lines(benchstat(t, inputs, "text")) {
		words := strings.Fields(line)
		switch {
		case strings.Contains(line, "vs base"):
			unit = words[1]
		case len(words) > 0 && strings.Contains(words[0], "/mech="):
			out[unit+" "+words[0]] = strings.Join(words, " ")
		}
	}
	return out
}
