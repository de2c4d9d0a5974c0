package conformance

import (
	"encoding/json"
	"errors"
	"syscall"

	"ipcbench/mechanisms"
)

// broken registers a copy of a mechanism, broken on purpose. Workers are this
// same binary, so that they know it too.
func broken(name, base string, how ...func(*mechanisms.Mechanism)) *mechanisms.Mechanism {
	m := *mechanisms.Lookup(base)
	m.Name = "broken" + name
	for _, f := range how {
		f(&m)
	}
	return mechanisms.Register(m)
}

// sending breaks the sending end.
func sending(wrap func(mechanisms.Sender) mechanisms.Sender) func(*mechanisms.Mechanism) {
	return func(m *mechanisms.Mechanism) {
		m.Selects = false // the wrapper is a Sender, and nothing else
		open := m.OpenSender
		m.OpenSender = func(t mechanisms.Ticket) (mechanisms.Sender, error) {
			s, err := open(t)
			if err != nil {
				return nil, err
			}
			return wrap(s), nil
		}
	}
}

// receiving breaks the receiving end.
func receiving(wrap func(mechanisms.Receiver) mechanisms.Receiver) func(*mechanisms.Mechanism) {
	return func(m *mechanisms.Mechanism) {
		m.Selects = false
		open := m.OpenReceiver
		m.OpenReceiver = func(t mechanisms.Ticket) (mechanisms.Receiver, error) {
			r, err := open(t)
			if err != nil {
				return nil, err
			}
			return wrap(r), nil
		}
	}
}

// limiting breaks what is declared.
func limiting(change func(*mechanisms.Limits)) func(*mechanisms.Mechanism) {
	return func(m *mechanisms.Mechanism) {
		limits := m.Limits
		m.Limits = func(queue int) (mechanisms.Limits, error) {
			l, err := limits(queue)
			change(&l)
			return l, err
		}
	}
}

// making breaks the link that is made for s.
func making(change func(*mechanisms.Link, *mechanisms.Spec) error) func(*mechanisms.Mechanism) {
	return func(m *mechanisms.Mechanism) {
		make := m.New
		m.NewPair = nil
		m.New = func(s mechanisms.Spec) (*mechanisms.Link, error) {
			if err := change(nil, &s); err != nil {
				return nil, err
			}
			l, err := make(s)
			if err != nil {
				return nil, err
			}
			return l, change(l, &s)
		}
	}
}

// unsized makes links with the default queue, and reports of it what say says.
func unsized(say func(g *mechanisms.Given, asked int)) func(*mechanisms.Mechanism) {
	return func(m *mechanisms.Mechanism) {
		make := m.New
		m.New = func(s mechanisms.Spec) (*mechanisms.Link, error) {
			asked := s.Queue
			s.Queue = 0
			l, err := make(s)
			if err == nil {
				say(&l.Given, asked)
			}
			return l, err
		}
	}
}

// unblock has the sender's descriptor refuse what it cannot take.
func unblock(l *mechanisms.Link, _ *mechanisms.Spec) error {
	if l == nil {
		return nil
	}
	return syscall.SetNonblock(l.FDs[1], true)
}

// blocking has ends wait in the call, whatever is asked for.
func blocking(_ *mechanisms.Link, s *mechanisms.Spec) error {
	s.Wait = ""
	return nil
}

// unblockAll has no end wait at all.
func unblockAll(l *mechanisms.Link, s *mechanisms.Spec) error {
	if l == nil {
		return nil
	}
	return errors.Join(unblock(l, s), syscall.SetNonblock(l.FDs[0], true))
}

// letGo closes the maker's own end of a FIFO, so that the first to open it
// waits for the other, fifo(7).
func letGo(l *mechanisms.Link, _ *mechanisms.Spec) error {
	if l == nil {
		return nil
	}
	fd := l.FDs[0]
	l.FDs = nil
	return syscall.Close(fd)
}

// hiding declares what needs a descriptor to be open to all, and passes the
// descriptor's number as if that were enough.
func hiding(m *mechanisms.Mechanism) {
	m.Facts.Unrelated = true
	make, sender, receiver := m.New, m.OpenSender, m.OpenReceiver
	hide := func(t *mechanisms.Ticket) {
		t.Attr, _ = json.Marshal(t.FDs)
		t.FDs = nil
	}
	m.New = func(s mechanisms.Spec) (*mechanisms.Link, error) {
		l, err := make(s)
		if err == nil {
			hide(&l.Sender)
			hide(&l.Receiver)
		}
		return l, err
	}
	find := func(t mechanisms.Ticket) mechanisms.Ticket {
		json.Unmarshal(t.Attr, &t.FDs)
		return t
	}
	m.OpenSender = func(t mechanisms.Ticket) (mechanisms.Sender, error) { return sender(find(t)) }
	m.OpenReceiver = func(t mechanisms.Ticket) (mechanisms.Receiver, error) { return receiver(find(t)) }
}

// withhold refuses the memory that is asked for by name.
func withhold(_ *mechanisms.Link, s *mechanisms.Spec) error {
	if s.Memory == "" {
		return nil
	}
	return &mechanisms.UnsupportedError{Mechanism: "memory " + s.Memory, What: "none is left"}
}
