package all

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
	"ipcbench/mechanisms/internal/linktest"
)

// What Fill took must come out whole, and nothing but a part of one message
// beyond it; the link blocks again afterwards.
func TestFill(t *testing.T) {
	linktest.Each(t, func(t *testing.T, m *mechanisms.Mechanism) {
		s := linktest.Spec(t, m, 100)
		s.Queue = max(4096, s.Size)
		limits, err := m.Limits(0)
		linktest.Must(t, err)
		if n := limits.Messages.N; n > 0 {
			s.Queue = min(s.Queue, n*s.Size)
		}
		l := linktest.NewLink(t, m, s)
		out, in := linktest.Attach(t, m, l)
		linktest.Must(t, l.Release())
		n, err := out.Fill(linktest.Message(s.Size, 1, 1))
		linktest.Must(t, err)
		if n < 1 || n > l.Given.Queue {
			t.Errorf("%d messages of %d bytes in a queue of %d bytes", n, s.Size, l.Given.Queue)
		}
		if again, err := out.Fill(linktest.Message(s.Size, 1, 1)); again != 0 || err != nil {
			t.Errorf("filled again: %d messages, error %v", again, err)
		}
		p := mechanisms.Buffer(s.Size)
		for range n {
			linktest.Within(t, func() error { return in.Recv(p) })
			linktest.Must(t, linktest.Same(p, linktest.Message(s.Size, 1, 1)))
		}
	})
}

func TestFillGivesBlockingModeBack(t *testing.T) {
	linktest.Each(t, func(t *testing.T, m *mechanisms.Mechanism) {
		s := linktest.Spec(t, m, 100)
		out, _ := linktest.Attach(t, m, linktest.NewLink(t, m, s))
		d, ok := out.(mechanisms.Descriptor)
		if !ok {
			t.Skip("IPC_NOWAIT is of one call")
		}
		if _, err := out.Fill(mechanisms.Buffer(s.Size)); err != nil {
			t.Fatal(err)
		}
		flags, err := unix.FcntlInt(uintptr(d.FD()), unix.F_GETFL, 0)
		linktest.Must(t, err)
		if flags&unix.O_NONBLOCK != 0 {
			t.Error("O_NONBLOCK is still set")
		}
	})
}

// A pipe holds 16 pages, not 64 KiB: two messages of 2,049 bytes do not share
// a page.
func TestFillCountsPagesOfAPipe(t *testing.T) {
	if n := os.Getpagesize(); n != 4096 {
		t.Skipf("pages of %d bytes", n)
	}
	for _, c := range []struct {
		mechanism   string
		size, whole int
	}{
		{"pipe", 1, 65536}, {"pipe", 2048, 32}, {"pipe", 2049, 16}, {"pipe", 4096, 16}, {"pipe", 8192, 8},
		{"fifo", 2049, 16},
		{"packetpipe", 1, 16}, {"packetpipe", 2049, 16},
	} {
		m := mechanisms.Lookup(c.mechanism)
		s := linktest.Spec(t, m, c.size)
		s.Queue = 65536
		l := linktest.NewLink(t, m, s)
		out, _ := linktest.Attach(t, m, l)
		if n, err := out.Fill(mechanisms.Buffer(c.size)); n != c.whole || err != nil {
			t.Errorf("%s: %d messages of %d bytes, error %v; want %d", c.mechanism, n, c.size, err, c.whole)
		}
		if l.Given.Queue != 65536 {
			t.Errorf("%s: given %d bytes, want 65536", c.mechanism, l.Given.Queue)
		}
	}
}
