package results

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
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
			golden(t, r.file, got.Bytes())
			for line := range strings.Lines(got.String()) {
				if n := utf8.RuneCountInString(line); r.width > 0 && n > r.width+1 {
					t.Errorf("%d columns, want at most %d: %s", n, r.width, line)
				}
			}
		})
	}
}

// The report is one of its records: benchstat's tables fit on a page, and
// their medians are the ones that the report states itself.
func TestComparison(t *testing.T) {
	summaries := Summarize(testRecords())
	tables := comparisons(summaries)
	if len(tables) != 2 {
		t.Fatalf("%d tables, want 2 of the five mechanisms beside the base: %+v", len(tables), tables)
	}
	input, err := benchInput(published(testRecords(), summaries))
	if err != nil {
		t.Fatal(err)
	}
	defer os.Remove(input)
	for _, table := range tables {
		out, err := benchstat(table.args(input)...)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(out)) {
			if n := utf8.RuneCountInString(line); n > 141 {
				t.Errorf("%d columns, want at most 140: %s", n, line)
			}
		}
		for _, mech := range table.mechs {
			for _, s := range summaries {
				if s.Outcome == OK && s.Cell.Mechanism == mech && s.Cell.Workload == "PingPong" && !strings.Contains(string(out), strings.TrimSuffix(duration(s.NsPerOp), "s")) {
					t.Errorf("benchstat has no %s for %s:\n%s", duration(s.NsPerOp), s.Cell.Name(), out)
				}
			}
		}
	}
}

// A number of a cell that is not ok must not come in through benchstat.
func TestComparisonOmitsWhatIsNotOK(t *testing.T) {
	records := launches(pingPong, 6, 5000)
	records = append(records, launches(with(pingPong, "fifo", 64), 6, 6000)...)
	records = append(records, launches(with(pingPong, "pipe", 128), 6, 5000)...)
	records = append(records, okRecord(with(pingPong, "fifo", 128), 1, 7777), notOKRecord(with(pingPong, "fifo", 128), 2, Failed, "x"))
	var b bytes.Buffer
	if err := WriteMarkdown(&b, &Set{Records: records}, benchstat); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.Contains(got, "pipe against fifo") || strings.Contains(got, "7.777") {
		t.Errorf("want fifo's number at 64 B and none at 128 B:\n%s", got)
	}
}

func TestReportWithoutBenchstat(t *testing.T) {
	set := &Set{Records: testRecords()}
	var b bytes.Buffer
	err := WriteMarkdown(&b, set, func(...string) ([]byte, error) { return nil, errors.New("no `go` <here>") })
	if err != nil {
		t.Fatal(err)
	}
	if want := "benchstat could not be run: no \\`go\\` &lt;here&gt;\n"; strings.Count(b.String(), want) != 1 {
		t.Errorf("want once %q in\n%s", want, b.String())
	}
	if !strings.Contains(b.String(), "## All numbers") {
		t.Error("the report ends where benchstat failed")
	}
}

// hostile is what a file from elsewhere may hold.
const hostile = "<script>alert(1)</script> \x1b]52;c;aGk=\x07 | `=cmd` \u202e[x](javascript:y)\nkernel: forged\r\xff"

func TestHostileStrings(t *testing.T) {
	records := launches(pingPong, 6, 5000)
	for i := range records {
		h := *records[i].Host
		h.Kernel, h.CPU, h.Program = hostile, hostile, hostile
		h.Sysctls = map[string]string{"kernel.msgmax": hostile, "x\nforged: y": "1"}
		records[i].Host, records[i].Isolation, records[i].Warnings = &h, hostile, []string{hostile}
	}
	for i, outcome := range notOK {
		records = append(records, notOKRecord(with(pingPong, "fifo", 64+i), 1, outcome, hostile))
	}
	header := testHeader
	header.Command, header.Program = []string{"ipcbench", hostile, "```\n# forged"}, hostile
	set := &Set{Header: &header, Records: records, Warnings: []string{hostile}, LeftOut: 1, Problems: []Problem{{hostile, 1, Quote(hostile)}}}

	var bench, table, report bytes.Buffer
	if err := errors.Join(WriteBench(&bench, records), WriteTable(&table, Summarize(records)), WriteMarkdown(&report, set, nil)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"bench.txt": bench.String(), "table": table.String(), "report": report.String()} {
		if plain := strings.ReplaceAll(text, "\n", ""); Quote(plain) != plain && len(plain) < maxQuoted {
			t.Errorf("%s has characters that are not graphic: %q", name, text)
		}
		for _, bad := range []string{"\x1b", "\u202e", "\xff", "\r", "\nkernel: forged", "\n# forged", "\nforged: y"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s has %q", name, bad)
			}
		}
	}
	prose := outsideFences(report.String())
	for _, bad := range []string{"<script", "\\| `", " `=cmd", "[x]("} {
		if strings.Contains(prose, bad) {
			t.Errorf("the report has %q outside of a fence:\n%s", bad, prose)
		}
	}
	for line := range strings.Lines(prose) {
		if cells := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|"); strings.HasPrefix(line, "| kernel ") && cells != 3 {
			t.Errorf("the row has %d separators, want 3: %s", cells, line)
		}
	}
}

func outsideFences(md string) string {
	var out strings.Builder
	fence := ""
	for line := range strings.Lines(md) {
		ticks := line[:len(line)-len(strings.TrimLeft(line, "`"))]
		switch {
		case fence == "" && len(ticks) >= 3:
			fence = ticks
		case fence != "" && strings.TrimSpace(line) == fence:
			fence = ""
		case fence == "":
			out.WriteString(line)
		}
	}
	return out.String()
}

func TestRenderingsReportWriteErrors(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	set := &Set{Records: testRecords()}
	for name, err := range map[string]error{
		"WriteBench":    WriteBench(full, set.Records),
		"WriteConfig":   WriteConfig(full, testHost),
		"WriteTable":    WriteTable(full, Summarize(set.Records)),
		"WriteMarkdown": WriteMarkdown(full, set, nil),
	} {
		if !errors.Is(err, errNoSpace) {
			t.Errorf("%s on a full disk: %v, want %v", name, err, errNoSpace)
		}
	}
}
