package report

import (
	"bytes"
	"encoding/json"
	"html"
	"strings"
	"testing"

	"ipcbench/choose"
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
	checked := 0
	for _, a := range choose.All(summaries) {
		if a.Unrelated || a.Boundaries || !a.Answered() {
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
			"page":      html.UnescapeString(page.String()),
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
