package compare

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"testing"

	"ipcbench/internal/sides"
)

// What differs between two machines of one file distinguishes rows, whether the file
// states it in comments or, as earlier versions did, in configuration lines.
func TestFactsInComments(t *testing.T) {
	old, new := inTurn()
	for i, s := range []*session{old, new} {
		for j, governor := range []string{"performance", "powersave"} {
			s.Host.Governor, s.Host.Kernel = governor, fmt.Sprint("Linux 6.", i)
			s.Launches(pipe, 8, 5000*(1+float64(i*j)), 0.01)
		}
	}
	paths := []string{old.File(t), new.File(t)}
	var before []string
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		lines := regexp.MustCompile(`(?m)^# ([a-z-]+: )`).ReplaceAll(text, []byte("$1"))
		if string(lines) == string(text) {
			t.Fatalf("the text has no comments:\n%s", text)
		}
		before = append(before, sides.Write(t, lines))
	}
	verdicts := func(paths []string) map[string]Verdict {
		l := load(t, Query{Filter: "*", Metrics: []string{"ns/op"}}, paths...)
		all := map[string]Verdict{}
		for _, row := range Compare(l.Sides[0], l.Sides[1], Defaults).Rows {
			all[row.Name] = row.Verdict
		}
		return all
	}
	want := map[string]Verdict{pipe.Name() + " [governor: performance]": Same, pipe.Name() + " [governor: powersave]": Slower}
	if got := verdicts(paths); !reflect.DeepEqual(got, want) {
		t.Errorf("comments: verdicts %v, want %v", got, want)
	}
	if got := verdicts(before); !reflect.DeepEqual(got, want) {
		t.Errorf("lines: verdicts %v, want %v", got, want)
	}
	if got := verdicts([]string{before[0], paths[1]}); !reflect.DeepEqual(got, want) {
		t.Errorf("lines and comments: verdicts %v, want %v", got, want)
	}
	l := load(t, Query{Filter: "governor:powersave", By: "kernel"}, paths...)
	if len(l.Sides) != 2 || l.Sides[0].Name != "Linux 6.0" || l.Sides[1].Name != "Linux 6.1" {
		t.Errorf("by kernel: %+v", l.Sides)
	}
}
