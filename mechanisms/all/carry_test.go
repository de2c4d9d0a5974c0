package all

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"ipcbench/mechanisms"
	"ipcbench/mechanisms/internal/linktest"
)

func TestMessagesArriveWholeAndInOrder(t *testing.T) {
	linktest.Each(t, func(t *testing.T, m *mechanisms.Mechanism) {
		for _, size := range []int{1, 7, 8, 64, 4095, 4096, 4097, 100_000} {
			s := linktest.Spec(t, m, size)
			limits, err := m.Limits(0)
			linktest.Must(t, err)
			if limits.Admit(m.Name, s) != nil {
				continue
			}
			t.Run(fmt.Sprint(s.Size), func(t *testing.T) {
				l := linktest.NewLink(t, m, s)
				out, in := linktest.Attach(t, m, l)
				linktest.Must(t, l.Release())
				n := 50
				if m.Lost != nil {
					n = 10 // fit
				}
				linktest.Carry(t, out, in, s.Size, n)
			})
		}
	})
}

func TestSeveralSendersKeepTheirMessagesApart(t *testing.T) {
	const senders, size = 3, 100
	linktest.Each(t, func(t *testing.T, m *mechanisms.Mechanism) {
		perSender := 500
		if m.Lost != nil {
			perSender = 50 // fit
		}
		s := linktest.Spec(t, m, size)
		s.Senders = senders
		limits, err := m.Limits(0)
		linktest.Must(t, err)
		if err := limits.Admit(m.Name, s); err != nil {
			t.Skip(err)
		}
		l := linktest.NewLink(t, m, s)
		in, err := m.OpenReceiver(l.Receiver)
		linktest.Must(t, err)
		defer in.Close()
		failures := make(chan error, senders)
		for k := range senders {
			out, err := m.OpenSender(l.Sender)
			linktest.Must(t, err)
			t.Cleanup(func() { out.Close() })
			go func() {
				var err error
				for i := 0; i < perSender && err == nil; i++ {
					p := linktest.Message(size, k, i)
					p[0] = byte(k)
					err = out.Send(p)
				}
				failures <- err
			}()
		}
		linktest.Must(t, l.Release())
		var next [senders]int
		linktest.Within(t, func() error {
			p := mechanisms.Buffer(size)
			for range senders * perSender {
				if err := in.Recv(p); err != nil {
					return err
				}
				k := int(p[0])
				if k >= senders {
					return fmt.Errorf("message of sender %d", k)
				}
				if err := linktest.Same(p[1:], linktest.Message(size, k, next[k])[1:]); err != nil {
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
	linktest.Each(t, func(t *testing.T, m *mechanisms.Mechanism) {
		if m.NewPair == nil {
			t.Skip("two links are made")
		}
		with = append(with, m.Name)
		there, back, err := m.NewPair(linktest.Spec(t, m, 64))
		linktest.Must(t, err)
		defer linktest.Destroy(t, there)
		defer linktest.Destroy(t, back)
		out, in := linktest.Attach(t, m, there)
		reply, answer := linktest.Attach(t, m, back)
		linktest.Must(t, there.Release())
		linktest.Must(t, back.Release())
		p := mechanisms.Buffer(64)
		for i := range 100 {
			ping, pong := linktest.Message(64, 1, i), linktest.Message(64, 2, i)
			linktest.Within(t, func() error {
				// Both are on their way before either is taken.
				return errors.Join(
					out.Send(ping), reply.Send(pong),
					in.Recv(p), linktest.Same(p, ping), answer.Recv(p), linktest.Same(p, pong))
			})
		}
	})
	if !slices.Contains(with, "socketpair") {
		t.Errorf("pairs of %v", with)
	}
}

func TestEndOfFile(t *testing.T) {
	linktest.Each(t, func(t *testing.T, m *mechanisms.Mechanism) {
		if !m.EOF {
			t.Skip(m.Name + " cannot tell")
		}
		s := linktest.Spec(t, m, 8)
		l := linktest.NewLink(t, m, s)
		out, err := m.OpenSender(l.Sender)
		linktest.Must(t, err)
		in, err := m.OpenReceiver(l.Receiver)
		linktest.Must(t, err)
		defer in.Close()
		linktest.Must(t, l.Release())
		linktest.Must(t, out.Send(mechanisms.Buffer(s.Size)))
		linktest.Must(t, out.Close())
		linktest.Within(t, func() error { return in.Recv(mechanisms.Buffer(s.Size)) })
		linktest.Within(t, func() error {
			if err := in.Recv(mechanisms.Buffer(s.Size)); err != io.EOF {
				return fmt.Errorf("got %v, want io.EOF, bare", err)
			}
			return nil
		})
	})
}

// A sender of another size gives the receiver messages that are too long or
// too short: both must be errors, or, in a stream, an end inside a message.
func TestAnotherLengthIsAnError(t *testing.T) {
	linktest.Each(t, func(t *testing.T, m *mechanisms.Mechanism) {
		for _, more := range []int{-1, 1, 2} {
			s := linktest.Spec(t, m, 64)
			size := s.Size + more
			l := linktest.NewLink(t, m, s)
			other := l.Sender
			other.Spec.Size = size
			if m.Framing == mechanisms.Slot { // no message has a length; its ends check what they are given
				out, in := linktest.Attach(t, m, l)
				linktest.WantError(t, out.Send(mechanisms.Buffer(size)), "send", "message of")
				linktest.WantError(t, in.Recv(mechanisms.Buffer(size)), "recv", "on a link of")
				continue
			}
			out, err := m.OpenSender(other)
			linktest.Must(t, err)
			in, err := m.OpenReceiver(l.Receiver)
			linktest.Must(t, err)
			defer in.Close()
			linktest.Must(t, l.Release())
			if err := out.Send(mechanisms.Buffer(size)); err != nil { // a queue that knows its messages' size
				linktest.WantError(t, err, "send", "")
				linktest.Must(t, out.Close())
				continue
			}
			linktest.Must(t, out.Close())
			if m.Framing == mechanisms.Stream && more > 0 {
				linktest.Within(t, func() error { return in.Recv(mechanisms.Buffer(s.Size)) })
			}
			var got error
			linktest.Within(t, func() error { got = in.Recv(mechanisms.Buffer(s.Size)); return nil })
			linktest.WantError(t, got, "recv", "")
			if m.Framing == mechanisms.Stream && !errors.Is(got, io.ErrUnexpectedEOF) {
				t.Errorf("size %d: got %v, want io.ErrUnexpectedEOF", size, got)
			}
		}
	})
}

func TestNoAllocation(t *testing.T) {
	linktest.Each(t, func(t *testing.T, m *mechanisms.Mechanism) {
		s := linktest.Spec(t, m, 64)
		s.Senders = 2 // sysvshm takes its lock as well
		out, in := linktest.Attach(t, m, linktest.NewLink(t, m, s))
		p, q := mechanisms.Buffer(s.Size), mechanisms.Buffer(s.Size)
		var err error
		n := testing.AllocsPerRun(100, func() {
			if e := errors.Join(out.Send(p), in.Recv(q)); e != nil {
				err = e
			}
		})
		linktest.Must(t, err)
		if n != 0 {
			t.Errorf("%v allocations in Send and Recv", n)
		}
	})
}
