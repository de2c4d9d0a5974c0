package semantics

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// suiteLine is a line of testdata/suites.txt: what tests of two suites try.
type suiteLine struct{ family, by, subject, tests string }

func suiteLines(t *testing.T) (lines []suiteLine) {
	t.Helper()
	text, err := os.ReadFile("testdata/suites.txt")
	if err != nil {
		t.Fatal(err)
	}
	for row := range strings.Lines(string(text)) {
		row = strings.TrimSpace(row)
		if row == "" || row[0] == '#' {
			continue
		}
		f := strings.Split(row, " | ")
		if len(f) != 4 {
			t.Fatalf("want four columns: %q", row)
		}
		lines = append(lines, suiteLine{f[0], f[1], f[2], f[3]})
	}
	return lines
}

// The count of what two suites of tests try, and statements here try too, is that
// of testdata/suites.txt: every statement there exists, what none tries has a
// reason, and docs/semantics.md has the table.
func TestSuites(t *testing.T) {
	type count struct{ tests, subjects, covered, partly, not int }
	all, of, order := count{}, map[string]*count{}, []string(nil)
	subjects := map[string]bool{}
	for _, l := range suiteLines(t) {
		c := of[l.family]
		if c == nil {
			c = &count{}
			of[l.family], order = c, append(order, l.family)
		}
		if key := l.family + l.subject; subjects[key] {
			t.Errorf("%s: %q twice", l.family, l.subject)
		} else {
			subjects[key] = true
		}
		ids, partly := strings.CutPrefix(l.by, "partly: ")
		why, none := strings.CutPrefix(l.by, "no: ")
		for _, c := range []*count{c, &all} {
			c.subjects++
			c.tests += len(strings.Fields(l.tests))
			switch {
			case none:
				c.not++
			case partly:
				c.partly++
			default:
				c.covered++
			}
		}
		if none && len(why) < 10 {
			t.Errorf("%s: %q lacks the reason", l.family, l.subject)
		}
		for _, id := range strings.Fields(ids) {
			if !none && Lookup(id) == nil {
				t.Errorf("%s: %q names %s, which is no statement", l.family, l.subject, id)
			}
		}
	}
	if 100*all.covered < 85*all.subjects {
		t.Errorf("%d of %d subjects are covered, want 85 %%", all.covered, all.subjects)
	}
	var table strings.Builder
	row := func(name string, c count) {
		fmt.Fprintf(&table, "| %s | %d | %d | %d | %d | %d |\n", name, c.tests, c.subjects, c.covered, c.partly, c.not)
	}
	for _, name := range order {
		row(name, *of[name])
	}
	row("all", all)
	text, err := os.ReadFile("../docs/semantics.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), table.String()) {
		t.Errorf("docs/semantics.md lacks this table:\n%s", table.String())
	}
}
