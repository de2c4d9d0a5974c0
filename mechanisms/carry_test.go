package mechanisms

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestMessagesArriveWholeAndInOrder(t *testing.T) {
	each(t, func(t *testing.T, m *Mechanism) {
		for _, size := range []int{1, 7, 8, 64, 4095, 4096, 4097, 100_000} {
			s := spec(t, m, size)
			limits, err := m.Limits(0)
			must(t, err)
			if limits.Admit(m.Name, s) != nil {
				continue
			}
			t.Run(fmt.Sprint(s.Size), func(t *testing.T) {
				l := newLink(t, m, s)
				out, in := attach(t, m, l)
				must(t, l.Release())
				n := 50
				if m.Lost != nil {
					n = 10 // fit
				}
				carry(t, out, in, s.Size, n)
			})
		}
	})
}

// carry sends n messages and checks each.
func carry(t *testing.T, out Sender, in Receiver, size, n int) {
	t.Helper()
	within(t, func() error {
		return together(
			func() error {
				for i := range n {
					if err := out.Send(message(size, 0, i)); err != nil {
						return err
					}
				}
				return nil
			},
			func() error {
				p := Buffer(size)
				for i := range n {
					if err := in.Recv(p); err != nil {
						return err
					}
					if err := same(p, message(size, 0, i)); err != nil {
						return fmt.Errorf("message %d: %w", i, err)
					}
				}
				return nil
			})
	})
}

func TestSeveralSendersKeepTheirMessagesApart(t *testing.T) {
	const senders, size = 3, 100
	each(t, func(t *testing.T, m *Mechanism) {
		perSender := 500
		if m.Lost != nil {
			perSender = 50 // fit
		}
		s := spec(t, m, size)
		s.Senders = senders
		limits, err := m.Limits(0)
		must(t, err)
		if err := limits.Admit(m.Name, s); err != nil {
			t.Skip(err)
		}
		l := newLink(t, m, s)
		in, err := m.OpenReceiver(l.Receiver)
		must(t, err)
		defer in.Close()
		failures := make(chan error, senders)
		for k := range senders {
			out, err := m.OpenSender(l.Sender)
			must(t, err)
			t.Cleanup(func() { out.Close() })
			go func() {
				var err error
				for i := 0; i < perSender && err == nil; i++ {
					p := message(size, k, i)
					p[0] = byte(k)
					err = out.Send(p)
				}
				failures <- err
			}()
		}
		must(t, l.Release())
		var next [senders]int
		within(t, func() error {
			p := Buffer(size)
			for range senders * perSender {
				if err := in.Recv(p); err != nil {
					return err
				}
				k := int(p[0])
				if k >= senders {
					return fmt.Errorf("message of sender %d", k)
				}
				if err := same(p[1:], message(size, k, next[k])[1:]); err != nil {
					return fmt.Errorf("message %d of sender %d: %w", next[k], k, err)
				}
				next[k]++
			}
			for range senders {
				if err := <-failures; err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func TestPairs(t *testing.T) {
	var with []string
	each(t, func(t *testing.T, m *Mechanism) {
		if m.NewPair == nil {
			t.Skip("two links are made")
		}
		with = append(with, m.Name)
		there, back, err := m.NewPair(spec(t, m, 64))
		must(t, err)
		defer destroy(t, there)
		defer destroy(t, back)
		out, in := attach(t, m, there)
		reply, answer := attach(t, m, back)
		must(t, there.Release())
		must(t, back.Release())
		p := Buffer(64)
		for i := range 100 {
			ping, pong := message(64, 1, i), message(64, 2, i)
			within(t, func() error {
				// Both are on their way before either is taken.
				return errors.Join(
					out.Send(ping), reply.Send(pong),
					in.Recv(p), same(p, ping), answer.Recv(p), same(p, pong))
			})
		}
	})
	if want := []string{"dgram", "seqpacket", "socketpair", "sysvmsg", "tcp", "unixabstract", "unixnetpoll", "unixseq", "unixsock"}; !slices.Equal(with, want) {
		t.Errorf("pairs of %v, want %v", with, want)
	}
}

func TestEndOfFile(t *testing.T) {
	each(t, func(t *testing.T, m *Mechanism) {
		if !m.EOF {
			t.Skip(m.Name + " cannot tell")
		}
		s := spec(t, m, 8)
		l := newLink(t, m, s)
		out, err := m.OpenSender(l.Sender)
		must(t, err)
		in, err := m.OpenReceiver(l.Receiver)
		must(t, err)
		defer in.Close()
		must(t, l.Release())
		must(t, out.Send(Buffer(s.Size)))
		must(t, out.Close())
		within(t, func() error { return in.Recv(Buffer(s.Size)) })
		within(t, func() error {
			if err := in.Recv(Buffer(s.Size)); err != io.EOF {
				return fmt.Errorf("got %v, want io.EOF, bare", err)
			}
			return nil
		})
	})
}

// A sender of another size gives the receiver messages that are too long or
// too short: both must be errors, or, in a stream, an end inside a message.
func TestAnotherLengthIsAnError(t *testing.T) {
	each(t, func(t *testing.T, m *Mechanism) {
		for _, more := range []int{-1, 1, 2} {
			s := spec(t, m, 64)
			size := s.Size + more
			l := newLink(t, m, s)
			other := l.Sender
			other.Spec.Size = size
			if m.Framing == Slot { // no message has a length; its ends check what they are given
				out, in := attach(t, m, l)
				wantError(t, out.Send(Buffer(size)), "send", "message of")
				wantError(t, in.Recv(Buffer(size)), "recv", "on a link of")
				continue
			}
			out, err := m.OpenSender(other)
			must(t, err)
			in, err := m.OpenReceiver(l.Receiver)
			must(t, err)
			defer in.Close()
			must(t, l.Release())
			if err := out.Send(Buffer(size)); err != nil { // a queue that knows its messages' size
				wantError(t, err, "send", "")
				must(t, out.Close())
				continue
			}
			must(t, out.Close())
			if m.Framing == Stream && more > 0 {
				within(t, func() error { return in.Recv(Buffer(s.Size)) })
			}
			var got error
			within(t, func() error { got = in.Recv(Buffer(s.Size)); return nil })
			wantError(t, got, "recv", "")
			if m.Framing == Stream && !errors.Is(got, io.ErrUnexpectedEOF) {
				t.Errorf("size %d: got %v, want io.ErrUnexpectedEOF", size, got)
			}
		}
	})
}

// wantError fails the test unless err is an *Error of that op.
func wantError(t *testing.T, err error, op, text string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Op != op || !strings.Contains(err.Error(), text) {
		t.Errorf("got %v (%T), want an *Error of %s with %q", err, err, op, text)
	}
}

func TestNoAllocation(t *testing.T) {
	each(t, func(t *testing.T, m *Mechanism) {
		s := spec(t, m, 64)
		s.Senders = 2 // sysvshm takes its lock as well
		out, in := attach(t, m, newLink(t, m, s))
		p, q := Buffer(s.Size), Buffer(s.Size)
		var err error
		n := testing.AllocsPerRun(100, func() {
			if e := errors.Join(out.Send(p), in.Recv(q)); e != nil {
				err = e
			}
		})
		must(t, err)
		if n != 0 {
			t.Errorf("%v allocations in Send and Recv", n)
		}
	})
}
