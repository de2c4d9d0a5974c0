package ciformat

import (
	"encoding/xml"
	"io"
	"slices"
	"strings"
	"testing"
)

// hostile is what a name or a message may hold.
const hostile = "</testcase>\x1b]52;c\x07 # SKIP \u202e\nok 9 forged\r\xff"

var suites = []Suite{{Name: hostile, Out: "a line", Cases: []Case{
	{Class: "c", Name: "one", Out: "said"},
	{Class: hostile, Name: hostile, Outcome: Failed, Message: hostile, Detail: "more"},
	{Class: "c", Name: "three", Outcome: Errored, Message: "m"},
	{Class: "c", Name: "four", Outcome: Skipped, Message: "m"},
}}}

func TestJUnitCountsAndEscapes(t *testing.T) {
	var b strings.Builder
	if err := WriteJUnit(&b, "all", suites); err != nil {
		t.Fatal(err)
	}
	for dec := xml.NewDecoder(strings.NewReader(b.String())); ; {
		if _, err := dec.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("%v in\n%s", err, b.String())
		}
	}
	if n := strings.Count(b.String(), `tests="4" failures="1" errors="1" skipped="1"`); n != 2 {
		t.Errorf("%d elements with totals, want all and the suite:\n%s", n, b.String())
	}
	if strings.ContainsAny(b.String(), "\x1b\x07\u202e") {
		t.Errorf("what acts on a terminal comes through: %q", b.String())
	}
	b.Reset()
	if err := WriteJUnit(&b, "", suites); err != nil || !strings.Contains(b.String(), "<testsuites>\n") {
		t.Errorf("%v: without a name there are no totals:\n%s", err, b.String())
	}
}

func TestKTAPHasALineEach(t *testing.T) {
	var b strings.Builder
	k := KTAP{W: &b, Indent: "  "}
	k.Plan(3, hostile)
	k.Result(1, hostile, Passed, "")
	k.Result(2, "two", Failed, "")
	k.Result(3, "three", Skipped, hostile)
	lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	if k.Err != nil || len(lines) != 6 {
		t.Fatalf("%v, %d lines, want 6:\n%s", k.Err, len(lines), b.String())
	}
	for i, want := range []string{"  KTAP version 1", "  # ", "  1..3", "  ok 1 ", "  not ok 2 two", "  ok 3 three # SKIP "} {
		if !strings.HasPrefix(lines[i], want) {
			t.Errorf("line %q, want it to begin with %q", lines[i], want)
		}
	}
	if strings.Contains(lines[3], "#") || strings.Count(lines[5], "#") != 1 {
		t.Errorf("a name begins a directive: %q, %q", lines[3], lines[5])
	}
	if i := slices.IndexFunc(lines, func(l string) bool { return strings.ContainsAny(l, "\x1b\r") }); i >= 0 {
		t.Errorf("what acts on a terminal comes through: %q", lines[i])
	}
}
