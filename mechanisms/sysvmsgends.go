package mechanisms

import (
	"encoding/json"
	"errors"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// sysvmsgAttr is what an end needs: a queue and the type of its messages.
type sysvmsgAttr struct {
	ID   int `json:"id"`
	Type int `json:"type"`
}

// sysvmsgEnd is an end of a link on a message queue. msgop(2) wants the type
// in front of the text, in one piece, so each message is copied once between
// the caller's buffer and this one. That is a part of what the mechanism
// costs, in any language, unless messages are laid out for it.
type sysvmsgEnd struct {
	sysvmsgAttr
	size int    // bytes in a message
	buf  []byte // the type, then the text
}

type (
	sysvmsgSender   struct{ sysvmsgEnd }
	sysvmsgReceiver struct{ sysvmsgEnd }
)

func openSysvmsgSender(t Ticket) (Sender, error) {
	e, err := openSysvmsg(t, t.Spec.Size)
	if err != nil {
		return nil, err
	}
	sys.SetMsgType(e.buf, e.Type)
	return sysvmsgSender{e}, nil
}

// openSysvmsgReceiver has room for one byte more, so that a longer message
// shows.
func openSysvmsgReceiver(t Ticket) (Receiver, error) {
	e, err := openSysvmsg(t, t.Spec.Size+1)
	if err != nil {
		return nil, err
	}
	return sysvmsgReceiver{e}, nil
}

func openSysvmsg(t Ticket, room int) (sysvmsgEnd, error) {
	e := sysvmsgEnd{size: t.Spec.Size, buf: sys.MsgBuffer(room)}
	err := json.Unmarshal(t.Attr, &e.sysvmsgAttr)
	if err == nil {
		_, err = sys.MsgStat(e.ID)
	}
	if err != nil {
		return e, failed("open", "sysvmsg", t.Spec.Size, err)
	}
	return e, nil
}

func (s sysvmsgSender) Send(p []byte) error {
	if err := s.send(p, 0); err != nil {
		return failed("send", "sysvmsg", len(p), err)
	}
	return nil
}

// Fill sends with IPC_NOWAIT.
func (s sysvmsgSender) Fill(p []byte) (int, error) {
	for whole := 0; ; whole++ {
		err := s.send(p, unix.IPC_NOWAIT)
		if errors.Is(err, unix.EAGAIN) {
			return whole, nil
		}
		if err != nil {
			return whole, failed("send", "sysvmsg", len(p), err)
		}
	}
}

func (s sysvmsgSender) send(p []byte, flag int) error {
	if len(p) != s.size {
		return errLength(len(p), s.size)
	}
	copy(s.buf[sys.MsgType:], p)
	return sys.Msgsnd(s.ID, s.buf, flag)
}

func (r sysvmsgReceiver) Recv(p []byte) error {
	n, err := sys.Msgrcv(r.ID, r.buf, r.Type, 0)
	if err == nil && n != len(p) {
		err = errLength(n, len(p))
	}
	if err != nil {
		return failed("recv", "sysvmsg", len(p), err)
	}
	copy(p, r.buf[sys.MsgType:])
	return nil
}

// Close has nothing to close: an identifier is not held.
func (sysvmsgEnd) Close() error { return nil }
