package reexec

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// What is written comes back in a line; of more lines a file has all.
func TestStderr(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s, err := NewStderr()
	if err != nil {
		t.Fatal(err)
	}
	write := func(text string) {
		t.Helper()
		for text != "" {
			n, err := unix.Write(s.W, []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			text = text[n:]
		}
	}
	if got := s.Take(); got != "" {
		t.Errorf("of nothing: %q", got)
	}
	write("a line\n")
	if got := s.Take(); got != "a line" {
		t.Errorf("of a line: %q", got)
	}
	long := "panic: x\n" + strings.Repeat("goroutine 1\n", maxStderr/6) // twice as much as is kept
	write(long)
	first, rest, _ := strings.Cut(s.Take(), " (all of it is in ")
	text, err := os.ReadFile(strings.TrimSuffix(rest, ")"))
	if err != nil {
		t.Fatal(err)
	}
	if first != "panic: x" || len(text) < maxStderr-100 || len(text) > maxStderr+1 || !strings.HasPrefix(long, strings.TrimSpace(string(text))) {
		t.Errorf("first line %q, and %d bytes in the file: %.40q", first, len(text), text)
	}
	write("later")
	s.CloseW()
	if got := s.Take(); got != "later" {
		t.Errorf("after the end: %q", got)
	}
	t.Setenv("TMPDIR", t.TempDir()+"/nowhere")
	if s, err = NewStderr(); err != nil {
		t.Fatal(err)
	}
	write("one\ntwo\n")
	s.CloseW()
	if got := s.Take(); !strings.HasPrefix(got, "one (the rest could not be kept: ") {
		t.Errorf("without a place for the file: %q", got)
	}
}

// The remedy is that of the limit.
func TestRaise(t *testing.T) {
	for err, want := range map[error]string{unix.EMFILE: "`ulimit -n`", unix.ENFILE: "fs.file-max", unix.EPERM: "", unix.ENOMEM: ""} {
		got := Raise(os.NewSyscallError("openat", err))
		if !strings.Contains(got, want) || (got == "") != (want == "") {
			t.Errorf("%v: %q", err, got)
		}
	}
}
