package mechanisms

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// What takes the place of a FIFO is neither opened as one nor removed.
func TestReplacedFIFOIsRefused(t *testing.T) {
	fifo := Lookup("fifo")
	for what, c := range map[string]struct {
		put  func(path string) error
		want error
	}{
		"regular file":  {func(path string) error { return os.WriteFile(path, []byte("kept"), 0o600) }, ErrNotOurs},
		"another FIFO":  {func(path string) error { return unix.Mkfifo(path, 0o600) }, ErrNotOurs},
		"symbolic link": {func(path string) error { return os.Symlink(path+".old", path) }, unix.ELOOP},
		"nothing":       {func(string) error { return nil }, unix.ENOENT},
	} {
		l, err := fifo.New(spec(t, fifo, 64))
		must(t, err)
		path := l.Objects[0].Path
		must(t, os.Rename(path, path+".old"))
		must(t, c.put(path))
		before, _ := os.Lstat(path)
		if what == "another FIFO" { // so that the opens below do not wait for a peer
			fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
			must(t, err)
			defer unix.Close(fd)
		}

		var op *Error
		_, err = fifo.OpenSender(l.Sender)
		if !errors.Is(err, c.want) || !errors.As(err, &op) || op.Op != "open" {
			t.Errorf("%s: OpenSender: %v, want %v", what, err, c.want)
		}
		_, err = fifo.OpenReceiver(l.Receiver)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: OpenReceiver: %v, want %v", what, err, c.want)
		}

		if err := l.Destroy(); what == "nothing" {
			must(t, err)
		} else if !errors.Is(err, ErrNotOurs) {
			t.Errorf("%s: Destroy: %v, want ErrNotOurs", what, err)
		}
		if after, _ := os.Lstat(path); before != nil && !os.SameFile(before, after) {
			t.Errorf("%s: was removed", what)
		}
	}
}

func TestFIFONeedsAPrivateDirectory(t *testing.T) {
	open := privateDir(t)
	must(t, os.Chmod(open, 0o750))
	link := privateDir(t) + "/link"
	must(t, os.Symlink(privateDir(t), link))
	for _, dir := range []string{"", "/nonexistent", open, link} {
		_, err := Lookup("fifo").New(Spec{Size: 64, Senders: 1, Receivers: 1, Dir: dir})
		wantError(t, err, "make", "directory")
	}
}

func TestFIFOIsPrivateAndGoesAtRelease(t *testing.T) {
	l := newLink(t, Lookup("fifo"), spec(t, Lookup("fifo"), 64))
	path := l.Objects[0].Path
	st, err := os.Lstat(path)
	must(t, err)
	if st.Mode() != os.ModeNamedPipe|0o600 {
		t.Errorf("mode %v, want a FIFO of 0600", st.Mode())
	}
	out, in := attach(t, Lookup("fifo"), l)
	must(t, l.Release())
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after Release: %v, want no such file", err)
	}
	carry(t, out, in, 64, 10)
}
