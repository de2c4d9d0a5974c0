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
// in front of the text, in one piece: a Buffer has room for it.
type sysvmsgEnd struct {
	sysvmsgAttr
	size int // bytes in a message
}

type (
	sysvmsgSender   struct{ sysvmsgEnd }
	sysvmsgReceiver struct{ sysvmsgEnd }
)

func openSysvmsgSender(t Ticket) (Sender, error) {
	e, err := openSysvmsg(t)
	if err != nil {
		return nil, err
	}
	return &sysvmsgSender{e}, nil
}

func openSysvmsgReceiver(t Ticket) (Receiver, error) {
	e, err := openSysvmsg(t)
	if err != nil {
		return nil, err
	}
	return &sysvmsgReceiver{e}, nil
}

func openSysvmsg(t Ticket) (sysvmsgEnd, error) {
	e := sysvmsgEnd{size: t.Spec.Size}
	err := json.Unmarshal(t.Attr, &e.sysvmsgAttr)
	if err == nil {
		_, err = sys.MsgStat(e.ID)
	}
	if err != nil {
		return e, failed("open", "sysvmsg", t.Spec.Size, err)
	}
	return e, nil
}

func (s *sysvmsgSender) Send(p []byte) error {
	if len(p) != s.size {
		return s.failed(p, errLength(len(p), s.size))
	}
	return s.SendType(p, s.Type)
}

// SendType sends a message of another type than the link's own.
func (s *sysvmsgSender) SendType(p []byte, typ int) error {
	m := sys.NewMsg(p, typ)
	if a := sys.TryMsgsnd(s.ID, m); a != 0 {
		if err := a.Msgsnd(s.ID, m, 0); err != nil {
			return s.failed(p, err)
		}
	}
	return nil
}

func (s *sysvmsgSender) failed(p []byte, err error) error {
	return failed("send", "sysvmsg", len(p), err)
}

// Fill sends with IPC_NOWAIT.
func (s *sysvmsgSender) Fill(p []byte) (int, error) {
	for whole := 0; ; whole++ {
		err := sys.Msgsnd(s.ID, sys.NewMsg(p, s.Type), unix.IPC_NOWAIT)
		if errors.Is(err, unix.EAGAIN) {
			return whole, nil
		}
		if err != nil {
			return whole, s.failed(p, err)
		}
	}
}

func (r *sysvmsgReceiver) Recv(p []byte) error { return r.RecvType(p, r.Type) }

// RecvType has room for one byte more, so that a longer message shows.
func (r *sysvmsgReceiver) RecvType(p []byte, typ int) error {
	n, err := sys.Msgrcv(r.ID, sys.NewMsg(p[:len(p)+1], typ), 0)
	if err == nil && n != len(p) {
		err = errLength(n, len(p))
	}
	if err != nil {
		return failed("recv", "sysvmsg", len(p), err)
	}
	return nil
}

// Close has nothing to close: an identifier is not held.
func (sysvmsgEnd) Close() error { return nil }
