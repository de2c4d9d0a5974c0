package results

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
)

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
	for i, outcome := range []Outcome{Failed, Untrusted, Skipped} {
		records = append(records, notOKRecord(with(pingPong, "fifo", 64+i), 1, outcome, hostile))
	}
	var bench bytes.Buffer
	if err := WriteBench(&bench, records); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"bench.txt": bench.String()} {
		if plain := strings.ReplaceAll(text, "\n", ""); Quote(plain) != plain && len(plain) < maxQuoted {
			t.Errorf("%s has characters that are not graphic: %q", name, text)
		}
		for _, bad := range []string{"\x1b", "\u202e", "\xff", "\r", "\nkernel: forged", "\n# forged", "\nforged: y"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s has %q", name, bad)
			}
		}
	}
}

func TestRenderingsReportWriteErrors(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	set := &Set{Records: testRecords()}
	for name, err := range map[string]error{
		"WriteBench":  WriteBench(full, set.Records),
		"WriteConfig": WriteConfig(full, testHost),
	} {
		if !errors.Is(err, errNoSpace) {
			t.Errorf("%s on a full disk: %v, want %v", name, err, errNoSpace)
		}
	}
}
