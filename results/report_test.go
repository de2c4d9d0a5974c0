package results

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"ipcbench/internal/golden"
)

func TestGolden(t *testing.T) {
	set := &Set{Header: &testHeader, Records: testRecords()}
	set.LeftOut, set.Problems = 1, []Problem{{"records.jsonl", 7, "unexpected end of JSON input"}}
	renderings := []struct {
		file  string
		width int // runes in a line; 0: as it comes
		write func(*bytes.Buffer) error
	}{
		{"bench.txt", 0, func(b *bytes.Buffer) error { return WriteBench(b, set.Records) }},
		{"config.txt", 0, func(b *bytes.Buffer) error {
			return WriteConfig(b, testHost, Setting{"isolation", "none"}, Setting{"seed", "42"}, Setting{"run", ""})
		}},
		{"table.txt", 110, func(b *bytes.Buffer) error { return WriteTable(b, Summarize(set.Records)) }},
		{"report.md", 0, func(b *bytes.Buffer) error { return WriteMarkdown(b, set, benchstat) }},
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
