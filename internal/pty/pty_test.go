package pty

import (
	"os/exec"
	"slices"
	"testing"
)

// A command has a terminal of the width that was asked for.
func TestRun(t *testing.T) {
	for _, columns := range []int{60, 160} {
		c := exec.Command("/bin/sh", "-c", `test -t 0 && test -t 1 && test -t 2 && stty size </dev/tty; printf 'a\nb'; exit 3`)
		wrote, status := Run(t, columns, c)
		want := map[int]string{60: "50 60\na\nb", 160: "50 160\na\nb"}[columns]
		if wrote != want || status != 3 {
			t.Errorf("%d columns: got %q, status %d", columns, wrote, status)
		}
	}
}

// Lines are held against the width without their colors, and each time that one is
// written again.
func TestWide(t *testing.T) {
	const wrote = "\r\x1b[Kabcd\r\x1b[Kab\n\x1b[1;31mabc\x1b[0m\nabcde\x1b["
	if got := Plain(wrote); got != "\rabcd\rab\nabc\nabcde" {
		t.Errorf("plain %q", got)
	}
	if got := Wide(wrote, 3); !slices.Equal(got, []string{"abcd", "abcde"}) {
		t.Errorf("wide %q", got)
	}
}
