package conformance

import (
	"errors"
	"syscall"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
)

// hasty hands its pages to a pipe and uses them again while they may still be
// unread: the head of each message, of up to that many bytes, from a pool that
// is large enough, and the rest always from the same pages.
type hasty struct {
	mechanisms.Sender
	fd    int
	heads [][]byte
	sent  int
	tail  []byte
}

// beside has senders replaced by ones that use a descriptor of their own: that
// of an end no other process can ask for.
func beside(replace func(s mechanisms.Sender, fd, size int) mechanisms.Sender) func(*mechanisms.Mechanism) {
	return func(m *mechanisms.Mechanism) {
		m.WorksInPlace = false
		open := m.OpenSender
		m.OpenSender = func(t mechanisms.Ticket) (mechanisms.Sender, error) {
			s, err := open(t)
			if err != nil {
				return nil, err
			}
			fd, err := syscall.Dup(t.FDs[0])
			if err != nil {
				return nil, errors.Join(err, s.Close())
			}
			return replace(s, fd, t.Spec.Size), nil
		}
	}
}

func hurrying(head int) func(*mechanisms.Mechanism) {
	return beside(func(s mechanisms.Sender, fd, size int) mechanisms.Sender {
		h := &hasty{Sender: s, fd: fd, tail: mechanisms.Buffer(size)}
		for range 600 { // more than any pipe of this suite has slots
			h.heads = append(h.heads, mechanisms.Buffer(max(1, head))[:head])
		}
		return h
	})
}

func (h *hasty) Send(p []byte) error {
	head := h.heads[h.sent%len(h.heads)]
	h.sent++
	n := copy(head, p)
	copy(h.tail, p[n:])
	return errors.Join(h.splice(head[:n]), h.splice(h.tail[:len(p)-n]))
}

func (h *hasty) splice(p []byte) error {
	for len(p) > 0 {
		v := sys.Vector(p)
		n, err := sys.Vmsplice(h.fd, &v, 0)
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

func (h *hasty) Close() error { return errors.Join(sys.Close(h.fd), h.Sender.Close()) }

// changer writes to its message in place once it is sent.
type changer struct{ mechanisms.Sender }

func (c changer) Reserve() ([]byte, error) { return c.Sender.(mechanisms.InPlaceSender).Reserve() }

func (c changer) Commit() error {
	p, err := c.Reserve()
	if err == nil {
		err = c.Sender.(mechanisms.InPlaceSender).Commit()
		p[0] ^= 0xff
	}
	return err
}

func changing(s mechanisms.Sender) mechanisms.Sender { return changer{s} }

// forgetfulPages hands its page to a socket and uses it again before the kernel has
// told that it may: a message waits there for the receiver's window.
type forgetfulPages struct {
	mechanisms.Sender
	fd   int
	page []byte
}

var untoldPages = beside(func(s mechanisms.Sender, fd, size int) mechanisms.Sender {
	return &forgetfulPages{s, fd, mechanisms.Buffer(size)}
})

func (u *forgetfulPages) Send(p []byte) error {
	const zerocopy = 0x4000000 // MSG_ZEROCOPY
	copy(u.page, p)
	for rest := u.page; len(rest) > 0; {
		n, err := sys.Untried.SettleSend(u.fd, rest, zerocopy|syscall.MSG_NOSIGNAL).Result("sendto")
		if err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

func (u *forgetfulPages) Close() error { return errors.Join(sys.Close(u.fd), u.Sender.Close()) }
