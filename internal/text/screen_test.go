package text

import (
	"slices"
	"strings"
	"testing"
)

var screenColumns = []Column{
	{Head: "cell", Least: 10}, {Head: "time", Right: true}, {Head: "±", Right: true, Drop: 1},
	{Head: "cpu", Right: true, Drop: 2}, {Head: "note", Prose: true},
}

var screenRows = [][]string{
	{"PingPong/pipe/size=4KiB/place=cross", "3.1µs", "4 %", "1.2µs", "the launches lie far apart, as those of a shared machine do"},
	{"Stream/fifo", "1µs", "1 %", "", ""},
}

// In a file a row is a line. On a terminal a table fits every width: columns go in their order, then names get shorter, and
// prose goes below its row.
func TestScreenTable(t *testing.T) {
	for _, c := range []struct {
		columns int
		dropped []string
		want    string
	}{
		{0, nil, `  cell                                  time    ±    cpu  note
  PingPong/pipe/size=4KiB/place=cross  3.1µs  4 %  1.2µs  the launches lie far apart, as those of a shared machine do
  Stream/fifo                            1µs  1 %
`},
		{100, nil, `  cell                                  time    ±    cpu  note
  PingPong/pipe/size=4KiB/place=cross  3.1µs  4 %  1.2µs  the launches lie far apart, as those of a
                                                          shared machine do
  Stream/fifo                            1µs  1 %
`},
		{70, []string{"cpu", "±"}, `  cell                                  time  note
  PingPong/pipe/size=4KiB/place=cross  3.1µs  the launches lie far
                                              apart, as those of a
                                              shared machine do
  Stream/fifo                            1µs
`},
		{50, []string{"cpu", "±"}, `  cell              time  note
  PingPon…e=cross  3.1µs  the launches lie far
                          apart, as those of a
                          shared machine do
  Stream/fifo        1µs
`},
		{40, []string{"cpu", "±"}, `  cell                              time
  PingPong/pipe/s…KiB/place=cross  3.1µs
      the launches lie far apart, as
      those of a shared machine do
  Stream/fifo                        1µs
`},
	} {
		var b strings.Builder
		dropped, err := Screen{Columns: c.columns}.Table(&b, "  ", screenColumns, screenRows)
		if err != nil || !slices.Equal(dropped, c.dropped) {
			t.Errorf("%d columns: dropped %q, want %q; %v", c.columns, dropped, c.dropped, err)
		}
		if b.String() != c.want {
			t.Errorf("%d columns: got\n%swant\n%s", c.columns, b.String(), c.want)
		}
		for line := range strings.Lines(b.String()) {
			if n := length(strings.TrimSuffix(line, "\n")); c.columns >= 60 && n > c.columns {
				t.Errorf("%d columns: a line takes %d", c.columns, n)
			}
		}
	}
}

// A name that is too long loses its middle, and keeps its mark.
func TestShorten(t *testing.T) {
	red := Screen{Color: true}.Paint(Bad, "unixdgramsock")
	for _, c := range []struct {
		s    string
		n    int
		want string
	}{
		{"unixdgramsock", 13, "unixdgramsock"},
		{"unixdgramsock", 12, "unixdg…msock"},
		{"unixdgramsock", 9, "unix…sock"},
		{red, 9, "\x1b[31munix…sock\x1b[0m"},
		{red, 13, red},
		{"two " + red, 9, "two …sock"},
	} {
		if got := Shorten(c.s, c.n); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.s, c.n, got, c.want)
		}
	}
}

// A mark takes no room, and a screen without colors gets none.
func TestPaint(t *testing.T) {
	red := Screen{Color: true}.Paint(Bad, "slower")
	if red != "\x1b[31mslower\x1b[0m" || length(red) != 6 {
		t.Errorf("painted %q, %d columns", red, length(red))
	}
	if s := (Screen{}).Paint(Bad, "slower"); s != "slower" {
		t.Errorf("without colors: %q", s)
	}
}
