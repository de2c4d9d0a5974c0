// Package linktest is what tests of mechanisms have in common.
package linktest

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ipcbench/mechanisms"
)

// Carry sends n messages and checks each.
func Carry(t *testing.T, out mechanisms.Sender, in mechanisms.Receiver, size, n int) {
	t.Helper()
	Within(t, func() error {
		return Together(
			func() error {
				for i := range n {
					if err := out.Send(Message(size, 0, i)); err != nil {
						return err
					}
				}
				return nil
			},
			func() error {
				p := mechanisms.Buffer(size)
				for i := range n {
					if err := in.Recv(p); err != nil {
						return err
					}
					if err := Same(p, Message(size, 0, i)); err != nil {
						return fmt.Errorf("message %d: %w", i, err)
					}
				}
				return nil
			})
	})
}

// WantError fails the test unless err is an *Error of that op.
func WantError(t *testing.T, err error, op, text string) {
	t.Helper()
	var e *mechanisms.Error
	if !errors.As(err, &e) || e.Op != op || !strings.Contains(err.Error(), text) {
		t.Errorf("got %v (%T), want an *Error of %s with %q", err, err, op, text)
	}
}

// Nobody is a user that owns nothing.
const Nobody = 65534

// AsStranger calls f on a thread of another user, which ends with it.
func AsStranger(t *testing.T, f func() error) (err error) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root becomes another user, setresuid(2)")
	}
	became, done := make(chan error, 1), make(chan error, 1)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its goroutine
		for _, call := range [][2]uintptr{{unix.SYS_SETGROUPS, 0}, {unix.SYS_SETRESGID, Nobody}, {unix.SYS_SETRESUID, Nobody}} {
			if _, _, errno := syscall.RawSyscall6(call[0], call[1], call[1], call[1], 0, 0, 0); errno != 0 {
				became <- errno
				return
			}
		}
		became <- nil
		done <- f()
	}()
	if err := <-became; err != nil {
		t.Skipf("this root does not become user %d: %v, user_namespaces(7)", Nobody, err)
	}
	return <-done
}

// Each runs a test for every mechanism that this kernel has and that carries
// messages.
func Each(t *testing.T, f func(t *testing.T, m *mechanisms.Mechanism)) {
	t.Helper()
	if len(mechanisms.All()) == 0 {
		t.Fatal("no mechanism is registered")
	}
	for _, m := range mechanisms.All() {
		if !m.Offers(mechanisms.Messages) {
			continue // package conformance has their rules
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

// Spec is a link of one sender and one receiver, whose messages are of that
// size, or of so many bytes beyond the least that m is for.
func Spec(t *testing.T, m *mechanisms.Mechanism, size int) mechanisms.Spec {
	t.Helper()
	l, err := m.Limits(0)
	Must(t, err)
	if size < l.Least.N {
		size += l.Least.N
	}
	return mechanisms.Spec{Size: size, Senders: 1, Receivers: 1, Dir: PrivateDir(t)}
}

func PrivateDir(t *testing.T) string { // t.TempDir is 0777 less the umask
	dir := t.TempDir() + "/private"
	Must(t, os.Mkdir(dir, 0o700))
	return dir
}

// NewLink makes a link that goes with the test.
func NewLink(t *testing.T, m *mechanisms.Mechanism, s mechanisms.Spec) *mechanisms.Link {
	t.Helper()
	l, err := m.New(s)
	Must(t, err)
	t.Cleanup(func() { Destroy(t, l) })
	return l
}

func Destroy(t *testing.T, l *mechanisms.Link) {
	t.Helper()
	if err := l.Destroy(); err != nil {
		t.Errorf("Destroy: %v", err)
	}
}

// Attach opens one sender and one receiver, which go with the test.
func Attach(t *testing.T, m *mechanisms.Mechanism, l *mechanisms.Link) (mechanisms.Sender, mechanisms.Receiver) {
	t.Helper()
	out, err := m.OpenSender(l.Sender)
	Must(t, err)
	t.Cleanup(func() { out.Close() })
	in, err := m.OpenReceiver(l.Receiver)
	Must(t, err)
	t.Cleanup(func() { in.Close() })
	return out, in
}

// Within fails the test if f, which may block in the kernel, does not return
// nil in half a minute.
func Within(t *testing.T, f func() error) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		Must(t, err)
	case <-time.After(30 * time.Second):
		t.Fatal("blocked for 30 s")
	}
}

// Together runs both at once and returns what failed.
func Together(a, b func() error) error {
	done := make(chan error, 1)
	go func() { done <- a() }()
	err := b()
	return errors.Join(err, <-done)
}

// Message returns message number n of a sender: no two bytes' worth of
// neighbours are alike, and none is what Buffer holds.
func Message(size, sender, n int) []byte {
	p := mechanisms.Buffer(size)
	for i := range p {
		p[i] = byte(sender*31 + n*7 + i*13 + i>>8 + 1)
	}
	return p
}

// Same reports whether p is q, and where not.
func Same(p, q []byte) error {
	for i := range q {
		if p[i] != q[i] {
			return fmt.Errorf("byte %d of %d is %#x, want %#x", i, len(q), p[i], q[i])
		}
	}
	return nil
}

func Must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Refused returns err as the *UnsupportedError that it must be.
func Refused(t *testing.T, err error) *mechanisms.UnsupportedError {
	t.Helper()
	var u *mechanisms.UnsupportedError
	if !errors.As(err, &u) || !errors.Is(err, errors.ErrUnsupported) {
		t.Fatalf("got %v (%T), want an *UnsupportedError", err, err)
	}
	return u
}
