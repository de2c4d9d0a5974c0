package suggest

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

var some = []string{"dgram", "fifo", "pipe", "pipenetpoll", "posixmq", "shmfutex", "shmspin", "socketpair", "sysvmsg", "sysvshm", "tcp", "udp", "unixdgramsock", "unixseq", "unixsock"}

func TestNear(t *testing.T) {
	before := maps.Clone(words)
	t.Cleanup(func() { words = before })
	for _, name := range []string{"shmfutex", "sysvshm", "shmspin"} {
		Call(name, "shm")
	}
	Call("posixmq", "mq")
	Call("sysvmsg", "mq")
	for got, want := range map[string]string{
		"pip": "pipe pipenetpoll", "Pipe": "pipe", "pipes": "pipe", "unix": "unixdgramsock unixseq unixsock", "ffio": "fifo", "shm": "shmfutex sysvshm shmspin",
		"posix-mq": "posixmq", "mq": "posixmq sysvmsg", "sysv": "sysvmsg sysvshm", "futex": "shmfutex", "tpc": "tcp", "zzz": "", "": "", "x": "", "UNIX_SOCK": "unixsock",
	} {
		if near := strings.Join(Near(got, some), " "); near != want {
			t.Errorf("%q: %q, want %q", got, near, want)
		}
	}
}

// Whatever is typed, a message names few names, and only such as there are.
func FuzzNear(f *testing.F) {
	f.Add("pip")
	f.Add("--\x00é")
	f.Fuzz(func(t *testing.T, got string) {
		near := Near(got, some)
		for _, name := range near {
			if !slices.Contains(some, name) {
				t.Errorf("%q: %q is none of the names", got, name)
			}
		}
		if len(near) > shown {
			t.Errorf("%q: %d names", got, len(near))
		}
	})
}

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"fifo", "ffio", 1}, {"kitten", "sitting", 3}, {"pipe", "pipe", 0}} {
		if got := distance(c.a, c.b); got != c.want || distance(c.b, c.a) != c.want {
			t.Errorf("%q, %q: %d and %d, want %d", c.a, c.b, got, distance(c.b, c.a), c.want)
		}
	}
}

func TestWanted(t *testing.T) {
	many := append(slices.Clone(some), "a1", "b1", "c1")
	for _, c := range []struct {
		got   string
		names []string
		want  string
	}{
		{"here", []string{"same", "cross"}, "want same or cross"},
		{"corss", []string{"same", "cross"}, "did you mean cross? (want one of same, cross)"},
		{"unix", many, "did you mean unixdgramsock, unixseq or unixsock? (`ipcbench list` lists all 18)"},
		{"zzz", many, "there is none: `ipcbench list` lists all 18"},
	} {
		if got := Wanted(c.got, c.names, "ipcbench list"); got != c.want {
			t.Errorf("%q: %s\nwant %s", c.got, got, c.want)
		}
	}
}
