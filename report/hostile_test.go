package report

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"unicode"

	"ipcbench/internal/text"
	"ipcbench/results"
)

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
	set := &results.Set{Header: &header, Records: records, Warnings: []string{hostile}, LeftOut: 1, Problems: []results.Problem{{File: hostile, Line: 1, Reason: results.Quote(hostile)}}}

	var table, report bytes.Buffer
	if err := errors.Join(WriteTable(&table, results.Summarize(records), text.Screen{Columns: 110}), WriteMarkdown(&report, set)); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"table": table.String(), "report": report.String()} {
		if strings.ContainsFunc(strings.ReplaceAll(text, "\n", ""), func(r rune) bool { return !unicode.IsGraphic(r) }) {
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
	set := &results.Set{Records: testRecords()}
	for name, err := range map[string]error{
		"WriteTable":    WriteTable(full, results.Summarize(set.Records), text.Screen{Columns: 110}),
		"WriteMarkdown": WriteMarkdown(full, set),
	} {
		if !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("%s on a full disk: %v, want %v", name, err, syscall.ENOSPC)
		}
	}
}
