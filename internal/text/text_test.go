package text

import (
	"strings"
	"testing"
)

func TestWrap(t *testing.T) {
	var b strings.Builder
	if err := WrapAt(&b, 12, "- ", "  ", "one two three averyverylongword four"); err != nil {
		t.Fatal(err)
	}
	if want := "- one two\n  three\n  averyverylongword\n  four\n"; b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}

// Columns are counted in characters, the first flush left.
func TestAlign(t *testing.T) {
	rows := [][]string{{"name", "±"}, {"pipe", "1µs"}, {"a", "12"}}
	var b strings.Builder
	if err := Align(&b, rows); err != nil {
		t.Fatal(err)
	}
	if want := "  name    ±\n  pipe  1µs\n  a      12\n"; b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
	if n := Width(rows); n != 11 {
		t.Errorf("width %d, want 11", n)
	}
}
