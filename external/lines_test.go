package external

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
)

// sent is a conversation in which the program has sent text and closed.
func sent(t *testing.T, text string) *talk {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "ours"), os.NewFile(uintptr(fds[1]), "theirs")
	t.Cleanup(func() { ours.Close() })
	go func() {
		theirs.Write([]byte(text))
		theirs.Close()
	}()
	return newTalk(ours)
}

func TestHear(t *testing.T) {
	for _, test := range []struct{ text, want, err string }{
		{"hello protocol=1 name=x\n", "hello", ""},
		{"hello protocol=1 =x\n", "hello", `field "=x" has no value`},
		{"hello protocol\n", "hello", `field "protocol" has no value`},
		{"hello a=1 a=2\n", "hello", `field "a" comes twice`},
		{"armed\n", "hello", `it sent "armed" where "hello" was due`},
		{"hello protocol=1", "hello", "its last line has no end"},
		{"", "hello", "EOF"},
		{"error no route to host\n", "hello", "it reports: no route to host"},
		{"unsupported needs huge pages\n", "made", "needs huge pages"},
		{"unsupported too late\n", "done", `it sent "unsupported too late"`},
		{strings.Repeat("a", maxLine+100) + "\n", "hello", "longer than 1MiB"},
		{"\x1b[2J\x00\n", "hello", `\x1b[2J`},
	} {
		_, err := sent(t, test.text).hear(test.want, time.Now().Add(time.Minute))
		if test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
			t.Errorf("%.40q: %v, want %q", test.text, err, test.err)
		}
		var u *mechanisms.UnsupportedError
		if refused := strings.HasPrefix(test.text, "unsupported") && test.want == "made"; errors.As(err, &u) != refused {
			t.Errorf("%.40q: %T, and a refusal: %v", test.text, err, refused)
		}
	}
}

// Distributions of latencies must be of as many operations as the round has.
func TestLatencies(t *testing.T) {
	for text, want := range map[string]string{
		"100:3,250:1": "", "100:3": "of 3 operations", "100:5": "want ns:count", "100": "want ns:count", "-1:4": "want ns:count", "": "want ns:count", "100:9223372036854775807,1:5": "want ns:count",
	} {
		_, err := line{fields: map[string]string{"latencies": text}}.latencies(4)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzLine(f *testing.F) {
	f.Add("done start=1 end=2 sent=3 received=1,2 digest=ff,0 latencies=1:2")
	f.Add("error \x00")
	f.Fuzz(func(t *testing.T, text string) {
		l, err := parseLine(text)
		if err != nil {
			return
		}
		l.number("start")
		l.list("digest", 2, 16)
		l.latencies(3)
	})
}
