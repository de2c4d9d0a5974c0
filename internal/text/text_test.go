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

// Columns are counted in characters, and no line ends in spaces.
func TestTable(t *testing.T) {
	rows := [][]string{{"name", "±", "what"}, {"pipe", "1µs", ""}, {"a", "12", "b"}}
	var b strings.Builder
	if err := Table(&b, "  ", "lrl", rows); err != nil {
		t.Fatal(err)
	}
	if want := "  name    ±  what\n  pipe  1µs\n  a      12  b\n"; b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
	if n := Width(rows); n != 17 {
		t.Errorf("width %d, want 17", n)
	}
}

// The last letter of the sides stands for all columns that follow, and text
// can't end a cell.
func TestMarkdown(t *testing.T) {
	var b strings.Builder
	if err := Markdown(&b, "lr", [][]string{{"", "n", "of"}, {"a|b", "1", "<2>"}}); err != nil {
		t.Fatal(err)
	}
	Head(&b, "l", "x")
	Row(&b, 7)
	if want := "| | n | of |\n|---|---:|---:|\n| a\\|b | 1 | &lt;2&gt; |\n| x |\n|---|\n| 7 |\n"; b.String() != want {
		t.Errorf("got\n%swant\n%s", b.String(), want)
	}
}
