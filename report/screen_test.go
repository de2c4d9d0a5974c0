package report

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"ipcbench/internal/golden"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// The end of a real run fits terminals of three widths, with every cell and without,
// and all that it shows is held against a file.
func TestEndOnScreens(t *testing.T) {
	path, _ := realRun(t)
	set, err := results.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	summaries := set.Summaries()
	var all strings.Builder
	for _, columns := range []int{60, 80, 160} {
		for _, cells := range []bool{false, true} {
			var b strings.Builder
			e := End{Set: set, Summaries: summaries, Run: "results/runs/ID", Screen: text.Screen{Columns: columns}, All: cells}
			if err := e.Write(&b); err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(b.String()) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > columns {
					t.Errorf("%d columns, and a line takes %d: %s", columns, n, line)
				}
			}
			if !cells {
				fmt.Fprintf(&all, "# %d columns\n%s\n", columns, b.String())
			}
		}
	}
	golden.Check(t, "end.screen", []byte(all.String()))
}

// docs/usage.md states in which order columns drop.
func TestUsageStatesWhatDrops(t *testing.T) {
	var columns []tableColumn
	for _, in := range []results.Columns{results.Timed, results.Paced} {
		for _, c := range tableColumns(in, map[results.Cell]string{}) {
			if c.Drop > 0 && c.Head != "±" && !slices.ContainsFunc(columns, func(d tableColumn) bool { return d.Head == c.Head }) {
				columns = append(columns, c)
			}
		}
	}
	slices.SortStableFunc(columns, func(a, b tableColumn) int { return cmp.Compare(b.Drop, a.Drop) })
	var heads []string
	for _, c := range columns {
		heads = append(heads, "`"+c.Head+"`")
	}
	usage, err := os.ReadFile("../docs/usage.md")
	if err != nil {
		t.Fatal(err)
	}
	if want := "columns drop in this order: " + strings.Join(heads, ", ") + "."; !strings.Contains(string(usage), want) {
		t.Errorf("docs/usage.md lacks %q", want)
	}
}

// Marks stand where a terminal has colors, and nowhere else.
func TestEndHasColors(t *testing.T) {
	records := candidates("PingPong", 64, "same", map[string]float64{"pipe": 5000, "fifo": 8000, "tcp": 9000, "udp": 9000})
	for i := range records {
		switch r := &records[i]; r.Cell.Mechanism {
		case "tcp":
			r.Outcome, r.Reason = results.Failed, "ECONNRESET"
		case "udp":
			r.Outcome, r.Reason = results.Untrusted, "other load"
		}
	}
	set := &results.Set{Records: records}
	for _, color := range []bool{false, true} {
		var b strings.Builder
		if err := (End{Set: set, Summaries: set.Summaries(), Screen: text.Screen{Columns: 80, Color: color}}).Write(&b); err != nil {
			t.Fatal(err)
		}
		for _, marked := range []string{"\x1b[31mfailed\x1b[0m: ", "\x1b[33muntrusted\x1b[0m: ", "pipe\x1b[33m ?\x1b[0m 5.", "\x1b[1mFastest ("} {
			if strings.Contains(b.String(), marked) != color {
				t.Errorf("color %t: %q is in it: %t\n%s", color, marked, !color, b.String())
			}
		}
		if !color && strings.Contains(b.String(), "\x1b") {
			t.Errorf("there are colors:\n%q", b.String())
		}
	}
}
