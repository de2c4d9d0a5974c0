package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"ipcbench/choose"
	"ipcbench/internal/golden"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// contested are the contests of a workload of the real run, all of them where it is "".
func contested(t *testing.T, workload string) (*Contests, []results.Summary) {
	t.Helper()
	path, _ := realRun(t)
	set, err := results.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	summaries := slices.DeleteFunc(set.Summaries(), func(s results.Summary) bool { return workload != "" && s.Cell.Workload != workload })
	c, ok := NewContests(summaries, 0)
	if !ok {
		t.Fatal("no point has two mechanisms")
	}
	return c, summaries
}

// A ranking fits every width, and colors add nothing.
func TestContestScreens(t *testing.T) {
	c, _ := contested(t, "PingPong")
	for _, width := range []int{60, 80, 160} {
		var plain, color bytes.Buffer
		if err := WriteContests(&plain, "text", text.Screen{Columns: width}, c, false); err != nil {
			t.Fatal(err)
		}
		golden.Check(t, filepath.Join("comparison", fmt.Sprintf("mechanisms-%d.txt", width)), plain.Bytes())
		for line := range strings.Lines(plain.String()) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("%d columns: a line takes %d: %q", width, n, line)
			}
		}
		if err := WriteContests(&color, "text", text.Screen{Columns: width, Color: true}, c, false); err != nil {
			t.Fatal(err)
		}
		if got := marks.ReplaceAllString(color.String(), ""); got != plain.String() || color.Len() == plain.Len() {
			t.Errorf("%d columns: colors change more than colors:\n%s", width, &color)
		}
	}
}

// The decisions and words are those of choose, floors are left out, and the form for
// programs has what the others have.
func TestContestsAreChoosesOwn(t *testing.T) {
	c, summaries := contested(t, "")
	var b, markdown bytes.Buffer
	if err := WriteContests(&b, "json", text.Screen{}, c, false); err != nil {
		t.Fatal(err)
	}
	if err := WriteContests(&markdown, "markdown", text.Screen{}, c, false); err != nil {
		t.Fatal(err)
	}
	var back Contests
	if err := json.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatal(err)
	}
	if back.Sentence != c.Sentence || !strings.HasPrefix(markdown.String(), "## Mechanisms: "+c.Sentence) {
		t.Errorf("sentences %q and %q:\n%s", back.Sentence, c.Sentence, markdown.String()[:100])
	}
	compared := 0
	for _, one := range c.Contests {
		if one.at.Workload == results.FloorWorkload {
			t.Errorf("%s is a floor", one.Cell)
		}
		i := slices.IndexFunc(choose.Patterns, func(p choose.Pattern) bool { return p.Workload == one.at.Workload })
		if i < 0 || one.at.Queue != 0 || one.at.Options != (results.Options{}) {
			continue
		}
		a := choose.Advise(summaries, choose.Question{Pattern: choose.Patterns[i].Name, Size: one.at.Size, Place: one.at.Place, Peers: one.at.Peers})
		if a.Decision != one.Decision || len(a.Ranked) != len(one.Ranked) {
			t.Errorf("%s: %s of %d, choose has %s of %d", one.Cell, one.Decision, len(one.Ranked), a.Decision, len(a.Ranked))
			continue
		}
		if one.Use != a.Use {
			t.Errorf("%s: use %s, choose recommends %s", one.Cell, one.Use, a.Use)
		}
		for k, r := range one.Ranked {
			if r.Verdict != a.Ranked[k].Verdict || r.Ratio != a.Ranked[k].Ratio || r.Mechanism != a.Ranked[k].Mechanism {
				t.Errorf("%s: %s %q, choose has %s %q", one.Cell, r.Mechanism, r.Verdict, a.Ranked[k].Mechanism, a.Ranked[k].Verdict)
			}
			if k > 0 && !strings.Contains(strings.ReplaceAll(markdown.String(), `\`, ""), results.Change(r.Ratio.Center)+" | "+r.Ratio.Interval()) {
				t.Errorf("Markdown lacks the ratio of %s at %s", r.Mechanism, one.Cell)
			}
			compared++
		}
	}
	if compared < 50 {
		t.Errorf("%d mechanisms were compared with choose's", compared)
	}
}
