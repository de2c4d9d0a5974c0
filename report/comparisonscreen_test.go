package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"ipcbench/compare"
	"ipcbench/internal/golden"
	"ipcbench/internal/sides"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// form writes reports in a format.
func form(t testing.TB, format string, screen text.Screen, reports ...*compare.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteComparisons(&b, format, screen, reports, false); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var marks = regexp.MustCompile("\x1b\\[[0-9]*m")

// A comparison fits every width, and colors add no word and no room. Only a name or a
// number that is wider than the screen may stand out.
func TestComparisonScreens(t *testing.T) {
	r := everything()
	for _, width := range []int{60, 80, 160} {
		got := form(t, "text", text.Screen{Columns: width}, r)
		golden.Check(t, filepath.Join("comparison", fmt.Sprintf("report-%d.txt", width)), []byte(got))
		for line := range strings.Lines(got) {
			if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width && strings.Contains(strings.TrimSpace(line), " ") {
				t.Errorf("%d columns: a line takes %d: %q", width, n, line)
			}
		}
		color := form(t, "text", text.Screen{Columns: width, Color: true}, r)
		if color == got || marks.ReplaceAllString(color, "") != got {
			t.Errorf("%d columns: colors change more than colors:\n%s", width, color)
		}
	}
}

// Every form begins with the sentence, or has it where the form has a place for what
// is said of the whole; and every form has every change.
func TestFormsSayTheSame(t *testing.T) {
	r := everything()
	want := sentence(r)
	plain := func(s string) string {
		return strings.Join(strings.Fields(html.UnescapeString(strings.NewReplacer("\\", "", "%%", "%").Replace(s))), " ")
	}
	for _, format := range ComparisonFormats {
		got := form(t, format, text.Screen{Columns: 160}, r)
		if format != "kcidb" && !strings.Contains(plain(got), plain(want)) {
			t.Errorf("%s lacks the sentence %q:\n%s", format, want, got)
		}
		switch format {
		case "text":
			if !strings.HasPrefix(plain(got), plain(want)) {
				t.Errorf("%s does not begin with %q", format, want)
			}
		case "markdown":
			if !strings.HasPrefix(plain(got), "## Comparison: "+plain(want)) {
				t.Errorf("%s does not begin with %q", format, want)
			}
		}
		if format == "json" {
			var back []struct {
				Sentence string
				Rows     []struct{ Ratio results.Ratio }
			}
			if err := json.Unmarshal([]byte(got), &back); err != nil || back[0].Sentence != want || len(back[0].Rows) != len(r.Rows) {
				t.Fatalf("%v; %q, %d rows, want %q and %d", err, back[0].Sentence, len(back[0].Rows), want, len(r.Rows))
			}
			for i, row := range back[0].Rows {
				if row.Ratio.Center != r.Rows[i].Ratio.Center {
					t.Errorf("%s: row %d has %v, want %v", format, i, row.Ratio.Center, r.Rows[i].Ratio.Center)
				}
			}
			continue
		}
		for i := range r.Rows {
			row := &r.Rows[i]
			at := strings.Index(got, row.Name)
			switch format {
			case "text":
				at = strings.Index(got, "\n"+row.Cell.Short(row.Name))
			case "kcidb":
				at = strings.Index(got, kcidbPath(row.Name)+".ns_op_change")
			case "ktap": // the numbers come before the result
				at = strings.LastIndex(got[:at], "\n  # ")
			}
			if rest := plain(got[at:]); !strings.Contains(rest[:min(len(rest), 600)], results.Change(row.Ratio.Center)) {
				t.Errorf("%s: %s lacks %s", format, row.Name, results.Change(row.Ratio.Center))
			}
		}
	}
}

// halves are the launches of a real run with odd numbers and those with even ones.
func halves(t *testing.T) *compare.Report {
	path, _ := realRun(t)
	set, err := results.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	var parts [2][]results.Record
	for _, r := range set.Records {
		half := r.Launch % 2
		r.Launch = (r.Launch + 1) / 2
		parts[half] = append(parts[half], r)
	}
	return compare.Compare(compare.Records("even", parts[0], compare.DefaultMetrics), compare.Records("odd", parts[1], compare.DefaultMetrics), compare.Defaults)
}

// A percentage that has another sign than the medians beside it has the reason beside
// it, in every form; one that has the same has none. In one cell in seven of the real
// run the two differ.
func TestSignsAgreeOrAreExplained(t *testing.T) {
	r := halves(t)
	forms := map[string]string{}
	for _, format := range []string{"text", "markdown", "junit", "ktap", "kcidb"} {
		forms[format] = strings.ReplaceAll(form(t, format, text.Screen{Columns: 160}, r), `\`, "")
	}
	differ := 0
	for i := range r.Rows {
		row := &r.Rows[i]
		medians, change := results.Change(row.New.Center/row.Old.Center), results.Change(row.Ratio.Center)
		apart := medians[0] != change[0] && medians[1:] != "0.0 %" && change[1:] != "0.0 %"
		note := fmt.Sprintf("(medians say %s, ratios %s)", medians, change)
		if strings.Contains(judgement(row), "medians say") != apart {
			t.Errorf("%s: medians %s, change %s: %q", row.Name, medians, change, judgement(row))
		}
		if !apart {
			continue
		}
		differ++
		for format, got := range forms {
			if !strings.Contains(strings.Join(strings.Fields(got), " "), note) {
				t.Errorf("%s lacks %q of %s", format, note, row.Name)
			}
		}
	}
	if differ < 20 {
		t.Errorf("%d of %d rows try it", differ, len(r.Rows))
	}
}

// Pairs may lie the other way than both medians: what drifts is in the medians.
func TestPairsTheOtherWay(t *testing.T) {
	old, new := sides.New("20261122T120000Z-abcdef-a", 1, 0), sides.New("20261122T120000Z-abcdef-b", 2, time.Minute)
	for n := 1; n <= 12; n++ {
		drift := 5000 + 100*float64(n)
		ratio := 0.99
		if n == 6 || n == 7 { // these two are the median of the new side
			ratio = 1.03
		}
		old.Record(pipe, n, drift)
		new.Record(pipe, n, drift*ratio)
	}
	r := compare.Compare(compare.Records(old.Run, old.Records, compare.DefaultMetrics), compare.Records(new.Run, new.Records, compare.DefaultMetrics), compare.Defaults)
	if got := judgement(&r.Rows[0]); !r.Gate.Paired || got != "same (medians say +1.9 %, pairs -1.0 %)" {
		t.Errorf("%q, paired %v; %+v", got, r.Gate.Paired, r.Rows[0])
	}
}

// The sentence says what was found, what could not be judged, and what would have
// been seen; it never reads as a pass where the exit status is none.
func TestSentence(t *testing.T) {
	many := func(n, launches int, change float64) (old, new *session) {
		old, new = inTurn()
		for i := range n {
			old.Launches(sides.Cell("PingPong", "pipe", 64<<i), launches, 5000, 0.01)
			new.Launches(sides.Cell("PingPong", "pipe", 64<<i), launches, 5000*change, 0.01)
		}
		return old, new
	}
	for _, c := range []struct {
		want   string
		status compare.Status
		sides  func() (old, new *session)
	}{
		{`^No regression above 5 % in 24 cells; would have seen \d+(\.\d)? % in 95 % of them$`, compare.Passed, func() (*session, *session) { return many(24, 8, 1) }},
		{`^No regression above 5 % in 1 cell; would have seen \d+(\.\d)? % with 95 % probability$`, compare.Passed, func() (*session, *session) { return many(1, 8, 1) }},
		{`^No regression above 5 % in 3 cells, and 3 are faster by more than 5 %; would have seen`, compare.Passed, func() (*session, *session) { return many(3, 8, 0.5) }},
		{`^1 of 1 cell is slower by more than 5 %: PingPong/pipe/size=64/place=same \+[34]\d\.\d %$`, compare.Regressed, func() (*session, *session) { return many(1, 8, 1.4) }},
		{`^3 of 3 cells are slower by more than 5 %: worst PingPong/pipe/size=\S+/place=same \+[34]\d\.\d %$`, compare.Regressed, func() (*session, *session) { return many(3, 8, 1.4) }},
		{`^2 cells could not be judged: first PingPong/pipe/size=\S+/place=same: 3 and 3 launches: no p can be below 0\.05; 5 a side would do$`, compare.Undecided, func() (*session, *session) { return many(2, 3, 1) }},
		{`^No regression: the counts of 1 cell are equal$`, compare.Passed, func() (*session, *session) {
			old, new := inTurn()
			for _, s := range []*session{old, new} {
				r := s.Record(pipe, 1, 1)
				*r = results.Record{Schema: results.Schema, Run: r.Run, Time: r.Time, Cell: pipe, Launch: 1, Attempt: 1, Outcome: results.OK, InsnsPerOp: 13000, Host: r.Host}
			}
			return old, new
		}},
		{`^1 cell could not be judged: PingPong/fifo/size=64/place=same was ok and is absent; no regression above 5 % in the other 2 cells; would have seen`, compare.Undecided, func() (*session, *session) {
			old, new := many(2, 8, 1)
			old.Launches(fifo, 8, 5000, 0.01)
			return old, new
		}},
		{`^1 cell was ok and is failed or skipped: PingPong/fifo/size=64/place=same; 1 of 1 cell is slower by`, compare.Regressed, func() (*session, *session) {
			old, new := many(1, 8, 1.4)
			old.Launches(fifo, 8, 5000, 0.01)
			new.NotOK(fifo, 1, results.Failed, "a reason")
			return old, new
		}},
		{`^Nothing was compared: CPU model: old Example CPU @ 2\.50GHz, new Other; --force compares all the same$`, compare.Nothing, func() (*session, *session) {
			old, _ := many(1, 8, 1)
			_, new := inTurn()
			new.Host.CPU = "Other"
			new.Launches(pipe, 8, 5000, 0.01)
			return old, new
		}},
	} {
		old, new := c.sides()
		r := compare.Compare(old.side(), new.side(), compare.Defaults)
		got := sentence(r)
		if ok, err := regexp.MatchString(c.want, got); err != nil || !ok || r.Status() != c.status {
			t.Errorf("status %v: %q, want status %v: %q", r.Status(), got, c.status, c.want)
		}
		if passes := strings.HasPrefix(got, "No regression"); passes != (r.Status() == compare.Passed) {
			t.Errorf("status %v reads %q", r.Status(), got)
		}
	}
}

func TestRoundedUp(t *testing.T) {
	for share, want := range map[float64]float64{0.1501: 0.16, 0.15: 0.15, 0.0761: 0.077, 0.05: 0.05, 1.23: 1.3, 12: 12, 0.2: 0.2} {
		if got := roundedUp(share); results.Percent(got) != results.Percent(want) {
			t.Errorf("%v is rounded to %v, want %v", share, got, want)
		}
	}
}
