package mechanisms

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"
)

// each runs a test for every mechanism that this kernel has and that carries
// messages.
func each(t *testing.T, f func(t *testing.T, m *Mechanism)) {
	t.Helper()
	if len(All()) == 0 {
		t.Fatal("no mechanism is registered")
	}
	for _, m := range All() {
		if !m.Offers(Messages) {
			continue // package mechtest has their rules
		}
		t.Run(m.Name, func(t *testing.T) {
			if m.Needs != nil {
				if err := m.Needs(); err != nil {
					t.Skip(err)
				}
			}
			f(t, m)
		})
	}
}

// spec is a link of one sender and one receiver, whose messages are of that
// size, or of so many bytes beyond the least that m is for.
func spec(t *testing.T, m *Mechanism, size int) Spec {
	t.Helper()
	l, err := m.Limits(0)
	must(t, err)
	if size < l.Least.N {
		size += l.Least.N
	}
	return Spec{Size: size, Senders: 1, Receivers: 1, Dir: privateDir(t)}
}

func privateDir(t *testing.T) string { // t.TempDir is 0777 less the umask
	dir := t.TempDir() + "/private"
	must(t, os.Mkdir(dir, 0o700))
	return dir
}

// newLink makes a link that goes with the test.
func newLink(t *testing.T, m *Mechanism, s Spec) *Link {
	t.Helper()
	l, err := m.New(s)
	must(t, err)
	t.Cleanup(func() { destroy(t, l) })
	return l
}

func destroy(t *testing.T, l *Link) {
	t.Helper()
	if err := l.Destroy(); err != nil {
		t.Errorf("Destroy: %v", err)
	}
}

// attach opens one sender and one receiver, which go with the test.
func attach(t *testing.T, m *Mechanism, l *Link) (Sender, Receiver) {
	t.Helper()
	out, err := m.OpenSender(l.Sender)
	must(t, err)
	t.Cleanup(func() { out.Close() })
	in, err := m.OpenReceiver(l.Receiver)
	must(t, err)
	t.Cleanup(func() { in.Close() })
	return out, in
}

// within fails the test if f, which may block in the kernel, does not return
// nil in half a minute.
func within(t *testing.T, f func() error) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		must(t, err)
	case <-time.After(30 * time.Second):
		t.Fatal("blocked for 30 s")
	}
}

// together runs both at once and returns what failed.
func together(a, b func() error) error {
	done := make(chan error, 1)
	go func() { done <- a() }()
	err := b()
	return errors.Join(err, <-done)
}

// message returns message number n of a sender: no two bytes' worth of
// neighbours are alike, and none is what Buffer holds.
func message(size, sender, n int) []byte {
	p := Buffer(size)
	for i := range p {
		p[i] = byte(sender*31 + n*7 + i*13 + i>>8 + 1)
	}
	return p
}

// same tells whether p is q, and where not.
func same(p, q []byte) error {
	for i := range q {
		if p[i] != q[i] {
			return fmt.Errorf("byte %d of %d is %#x, want %#x", i, len(q), p[i], q[i])
		}
	}
	return nil
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused returns err as the *UnsupportedError that it must be.
func refused(t *testing.T, err error) *UnsupportedError {
	t.Helper()
	var u *UnsupportedError
	if !errors.As(err, &u) || !errors.Is(err, errors.ErrUnsupported) {
		t.Fatalf("got %v (%T), want an *UnsupportedError", err, err)
	}
	return u
}
