package report

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"ipcbench/internal/golden"
	"ipcbench/internal/text"
	"ipcbench/results"
)

func TestGolden(t *testing.T) {
	set := &results.Set{Header: &testHeader, Records: testRecords()}
	set.LeftOut, set.Problems = 1, []results.Problem{{File: "records.jsonl", Line: 7, Reason: "unexpected end of JSON input"}}
	renderings := []struct {
		file  string
		width int // runes in a line; 0: as it comes
		write func(*bytes.Buffer) error
	}{
		{"table.txt", 110, func(b *bytes.Buffer) error {
			return WriteTable(b, results.Summarize(set.Records), text.Screen{Columns: 110})
		}},
		{"report.md", 0, func(b *bytes.Buffer) error { return WriteMarkdown(b, set) }},
	}
	for _, r := range renderings {
		t.Run(r.file, func(t *testing.T) {
			var got bytes.Buffer
			if err := r.write(&got); err != nil {
				t.Fatal(err)
			}
			golden.Check(t, r.file, got.Bytes())
			for line := range strings.Lines(got.String()) {
				if n := utf8.RuneCountInString(line); r.width > 0 && n > r.width+1 {
					t.Errorf("%d columns, want at most %d: %s", n, r.width, line)
				}
			}
		})
	}
}
