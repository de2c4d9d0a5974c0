package report

import (
	"bytes"
	"encoding/csv"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"ipcbench/internal/golden"
	"ipcbench/results"
)

func csvOf(t *testing.T, p *Page) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := WriteCSV(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGoldenCSV(t *testing.T) {
	golden.Check(t, "summary.csv", csvOf(t, NewPage(&results.Set{Records: append(eventful(), floors()...)})))
}

// No cell is a formula to a spreadsheet, nor harms a terminal.
func TestHostileCSV(t *testing.T) {
	for _, text := range []string{hostile, "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", "a\",=1,\"b", "\n=1"} {
		all := records()
		for i := range all {
			all[i].Cell.Mechanism, all[i].Cell.Place, all[i].Warnings = text, text, []string{text}
		}
		all[0].Outcome, all[0].Reason = results.Failed, text
		out := csvOf(t, NewPage(&results.Set{Records: all}))
		rows, err := csv.NewReader(bytes.NewReader(out)).ReadAll()
		if err != nil || len(rows) < 2 {
			t.Fatalf("%q: %d rows, %v", text, len(rows), err)
		}
		for _, row := range rows {
			for i, cell := range row {
				if strings.IndexAny(cell, "=+-@\t\r\n＝＋－＠") == 0 {
					t.Errorf("%s is %q", rows[0][i], cell)
				}
				if results.Quote(cell) != cell {
					t.Errorf("%s has what is not graphic: %q", rows[0][i], cell)
				}
			}
		}
	}
}

func TestCSVReportsWriteErrors(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	if err := WriteCSV(full, comparedPage()); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("CSV on a full disk: %v", err)
	}
}
