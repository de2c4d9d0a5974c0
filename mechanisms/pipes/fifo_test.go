package pipes

import (
	"errors"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/mechanisms/internal/linktest"
)

// What takes the place of a FIFO is neither opened as one nor removed.
func TestReplacedFIFOIsRefused(t *testing.T) {
	fifo := mechanisms.Lookup("fifo")
	for what, c := range map[string]struct {
		put  func(path string) error
		want error
	}{
		"regular file":  {func(path string) error { return os.WriteFile(path, []byte("kept"), 0o600) }, mechanisms.ErrNotOurs},
		"another FIFO":  {func(path string) error { return unix.Mkfifo(path, 0o600) }, mechanisms.ErrNotOurs},
		"symbolic link": {func(path string) error { return os.Symlink(path+".old", path) }, unix.ELOOP},
		"nothing":       {func(string) error { return nil }, unix.ENOENT},
	} {
		l, err := fifo.New(linktest.Spec(t, fifo, 64))
		linktest.Must(t, err)
		path := l.Objects[0].Path
		linktest.Must(t, os.Rename(path, path+".old"))
		linktest.Must(t, c.put(path))
		before, _ := os.Lstat(path)
		if what == "another FIFO" { // so that the opens below do not wait for a peer
			fd, err := unix.Open(path, unix.O_RDWR|unix.O_CLOEXEC, 0)
			linktest.Must(t, err)
			defer unix.Close(fd)
		}

		var op *mechanisms.Error
		_, err = fifo.OpenSender(l.Sender)
		if !errors.Is(err, c.want) || !errors.As(err, &op) || op.Op != "open" {
			t.Errorf("%s: OpenSender: %v, want %v", what, err, c.want)
		}
		_, err = fifo.OpenReceiver(l.Receiver)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: OpenReceiver: %v, want %v", what, err, c.want)
		}

		if err := l.Destroy(); what == "nothing" {
			linktest.Must(t, err)
		} else if !errors.Is(err, mechanisms.ErrNotOurs) {
			t.Errorf("%s: Destroy: %v, want ErrNotOurs", what, err)
		}
		if after, _ := os.Lstat(path); before != nil && !os.SameFile(before, after) {
			t.Errorf("%s: was removed", what)
		}
	}
}

func TestFIFONeedsAPrivateDirectory(t *testing.T) {
	open := linktest.PrivateDir(t)
	linktest.Must(t, os.Chmod(open, 0o750))
	link := linktest.PrivateDir(t) + "/link"
	linktest.Must(t, os.Symlink(linktest.PrivateDir(t), link))
	for _, dir := range []string{"", "/nonexistent", open, link} {
		_, err := mechanisms.Lookup("fifo").New(mechanisms.Spec{Size: 64, Senders: 1, Receivers: 1, Dir: dir})
		linktest.WantError(t, err, "make", "directory")
	}
}

func TestFIFOIsPrivateAndGoesAtRelease(t *testing.T) {
	l := linktest.NewLink(t, mechanisms.Lookup("fifo"), linktest.Spec(t, mechanisms.Lookup("fifo"), 64))
	path := l.Objects[0].Path
	st, err := os.Lstat(path)
	linktest.Must(t, err)
	if st.Mode() != os.ModeNamedPipe|0o600 {
		t.Errorf("mode %v, want a FIFO of 0600", st.Mode())
	}
	out, in := linktest.Attach(t, mechanisms.Lookup("fifo"), l)
	linktest.Must(t, l.Release())
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after Release: %v, want no such file", err)
	}
	linktest.Carry(t, out, in, 64, 10)
}
