package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ipcbench/choose"
	"ipcbench/internal/pagetext"
	"ipcbench/internal/text"
	"ipcbench/results"
)

// Terminal, Markdown, JSON, report.md and page answer a question word for word
// alike.
func TestAnswersAreTheSameEverywhere(t *testing.T) {
	records := sample(t, []int{64, 4096}, 10)
	set := &results.Set{Records: records}
	summaries := results.Summarize(records)
	var reportMD, page bytes.Buffer
	if err := WriteMarkdown(&reportMD, set); err != nil {
		t.Fatal(err)
	}
	if err := WriteHTML(&page, NewPage(set)); err != nil {
		t.Fatal(err)
	}
	unpacked, err := pagetext.Unpacked(page.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, a := range choose.All(summaries) {
		if !a.Answered() {
			continue
		}
		checked++
		var terminal, markdown bytes.Buffer
		if err := choose.WriteText(&terminal, []choose.Advice{a}, nil, text.Screen{}); err != nil {
			t.Fatal(err)
		}
		if err := choose.WriteMarkdown(&markdown, []choose.Advice{a}, nil); err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		var asJSON struct{ Sentence string }
		if err := json.Unmarshal(raw, &asJSON); err != nil {
			t.Fatal(err)
		}
		quoted, err := json.Marshal(a.Sentence)
		if err != nil {
			t.Fatal(err)
		}
		for form, text := range map[string]string{
			"terminal":  strings.Join(strings.Fields(terminal.String()), " "), // it wraps
			"Markdown":  markdown.String(),
			"JSON":      asJSON.Sentence,
			"report.md": reportMD.String(),
			"page":      html.UnescapeString(string(unpacked)),
		} {
			want := a.Sentence
			if form == "page" {
				want = string(quoted)
			}
			if !strings.Contains(text, want) {
				t.Errorf("%s: %s has not %q", a.Case(), form, want)
			}
		}
	}
	if checked < 3 {
		t.Errorf("only %d answers were checked", checked)
	}
}

// advised is records with every kind of answer: a mechanism that spins is faster, the
// leader is not the one that is recommended, nothing but what spins was measured,
// a point that no question of choose is about, messages at a rate, too few launches,
// and one that is open.
func advised(t *testing.T) (all []results.Record) {
	t.Helper()
	add := func(workload string, size int, place, mech string, launches int, ns float64) []results.Record {
		records := cellRecords(t, results.Cell{Workload: workload, Mechanism: mech, Size: size, Place: place}, ns, launches)
		all = append(all, records...)
		return all[len(all)-len(records):]
	}
	for _, m := range []struct {
		mech      string
		ns, other float64
	}{{"fifo", 1300, 1000}, {"pipe", 1000, 1008}, {"tcp", 3000, 3000}, {"shmspin", 60, 60}} {
		add("PingPong", 64, "same", m.mech, 8, m.ns)
		add("PingPong", 4096, "same", m.mech, 8, m.other)
		add("Burst", 64, "same", m.mech, 8, m.ns)
		add("Stream", 64, "same", m.mech, 3, m.ns)
	}
	add("PingPong", 64, "cross", "shmspin", 8, 60)
	for i, mech := range []string{"pipe", "fifo"} {
		records := add("Stream", 64, "cross", mech, 8, 1000)
		for k := range records {
			records[k].NsPerOp *= 1 + 0.3*float64((k+i)%2)
		}
	}
	return append(all, due()...)
}

// The same mechanism is recommended at a point by terminal, report.md, page, JSON and
// CSV, with the same words. One that spins is named, and never recommended.
func TestRecommendationIsTheSameEverywhere(t *testing.T) {
	set := &results.Set{Records: advised(t)}
	summaries, page := set.Summaries(), NewPage(set)
	var terminal, reportMD, pageHTML bytes.Buffer
	for _, err := range []error{WriteDecisions(&terminal, summaries, text.Screen{}), WriteMarkdown(&reportMD, set), WriteHTML(&pageHTML, page)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	rows, err := csv.NewReader(bytes.NewReader(csvOf(t, page))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	inCSV := func(row []string, column string) string { return row[slices.Index(rows[0], column)] }
	advice := map[results.Cell]choose.Advice{}
	for _, a := range choose.All(summaries) {
		p, _ := choose.LookupPattern(a.Pattern)
		advice[results.Cell{Workload: p.Workload, Size: a.Size, Place: a.Place, Peers: a.Peers}] = a
	}
	boards := map[string]verdict{}
	for _, b := range newBoards(page) {
		for _, row := range b.Rows {
			for i, v := range row.Cells {
				boards[fmt.Sprint(b.Workload, row.Size, b.Places[i], row.Rate)] = v
			}
		}
	}
	seen := map[string]bool{}
	for _, a := range choose.Answers(summaries) {
		use, words, c := a.Use().Cell.Mechanism, choose.Verdict(a), a.Cell
		spins := len(a.Best) == 0
		_, clause, faster := strings.Cut(words, "; `shmspin`, which spins, is ")
		if spins || faster {
			if seen["spins"] = true; !strings.Contains(words, "costs a CPU while it waits") {
				t.Errorf("%s: %q does not state what spinning costs", c.Name(), words)
			}
		}
		if !spins && use == "shmspin" {
			t.Errorf("%s: shmspin is recommended", c.Name())
		}
		seen[string(a.Decision)] = true
		seen["another leads"] = seen["another leads"] || use != c.Mechanism

		// The terminal: the columns of the row of this pattern and size.
		found := false
		for line := range strings.Lines(terminal.String()) {
			columns := regexp.MustCompile(`\s{2,}`).Split(strings.TrimSpace(line), -1)
			if strings.HasPrefix(columns[0], c.Workload) && strings.Contains(line, fmt.Sprintf(" %s ", results.FormatBytes(c.Size))) && (c.Rate == 0 || strings.Contains(line, fmt.Sprintf("rate=%d ", c.Rate))) {
				found = slices.ContainsFunc(columns, func(s string) bool { return s == decided1(&a, true, text.Screen{}) && strings.HasPrefix(s, use) })
				break
			}
		}
		if !found {
			t.Errorf("%s: the terminal does not have %q:\n%s", c.Name(), decided1(&a, true, text.Screen{}), &terminal)
		}

		_, section, _ := strings.Cut(reportMD.String(), "\n### "+title(c.Setting())+"\n")
		row := "| " + results.FormatBytes(c.Size) + " | default | "
		if c.Rate > 0 {
			row += fmt.Sprintf("%d | ", c.Rate)
		}
		_, section, _ = strings.Cut(section, row)
		line, _, _ := strings.Cut(section, "\n")
		if !strings.HasPrefix(line, use+" | ") || !strings.HasSuffix(line, " | "+words+" |") {
			t.Errorf("%s: report.md has %q, want %s and %q", c.Name(), line, use, words)
		}

		v := boards[fmt.Sprint(c.Workload, c.Size, c.Place, c.Rate)]
		decided := a.Decision == results.Fastest || a.Decision == results.NoneFaster
		if v.Use != use || v.Verdict != words || v.Bold() != (decided && !spins) {
			t.Errorf("%s: the board has %+v, want %s and %q", c.Name(), v, use, words)
		}
		bold := map[bool]string{true: " bold"}[v.Bold()]
		if entry := fmt.Sprintf(`<span class="win%s" data-mech="%s">%s</span> <span class="value">%s</span>`, bold, use, use, v.Value) + "\n<div class=\"rest\">" + string(code(words)); !strings.Contains(pageHTML.String(), entry) {
			t.Errorf("%s: the page does not have %s", c.Name(), entry)
		}

		for _, row := range rows[1:] {
			if inCSV(row, "workload") != c.Workload || inCSV(row, "size_bytes") != fmt.Sprint(c.Size) || inCSV(row, "place") != c.Place || inCSV(row, "options") != c.Options.String() {
				continue
			}
			want := map[bool]string{true: "yes"}[inCSV(row, "mechanism") == use && !spins]
			if inCSV(row, "recommended") != want || inCSV(row, "recommendation") != words {
				t.Errorf("%s: CSV has %q, %q, want %q, %q", c.Name(), inCSV(row, "recommended"), inCSV(row, "recommendation"), want, words)
			}
		}

		if c.Mechanism = ""; c.Options == (results.Options{}) && c.Workload != "Burst" {
			told := advice[c]
			if spins != (told.Use == "") || !spins && told.Use != use || told.Decision != a.Decision || !strings.Contains(told.Sentence, clause) {
				t.Errorf("%s: choose has %q, with %q, want %s and %q", c.Name(), told.Use, told.Sentence, use, words)
			}
		}
	}
	for _, kind := range []string{"spins", "another leads", string(results.Fastest), string(results.NoneFaster), string(results.TooFew), string(results.Alone), string(results.Undecided)} {
		if !seen[kind] {
			t.Errorf("no answer is of the kind %q", kind)
		}
	}
}
