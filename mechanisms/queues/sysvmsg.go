// Package queues registers the message queues of the kernel, one file each.
package queues

import (
	"encoding/json"
	"errors"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/pipes"
	"ipcbench/mechanisms/sysv"
)

var _ = mechanisms.Register(mechanisms.Mechanism{
	Name:    "sysvmsg",
	Summary: "messages on a System V message queue",
	Family:  mechanisms.SystemV,
	Called:  []string{"mq", "messagequeue", "msgqueue"},
	Man:     []string{"msgop(2)", "msgget(2)", "msgctl(2)", "sysvipc(7)"},
	Framing: mechanisms.Packet,
	Since:   "1.0",
	Selects: true,
	Facts: mechanisms.Facts{
		Kernel: "A msgsnd(2) enters do_msgsnd, whose load_msg copies type and text into kernel memory; a receiver that waits for this type gets the message at once (pipelined_send), else it joins the list of its queue. " +
			"A msgrcv(2) enters do_msgrcv, which takes the first message of the type off the list, and store_msg copies it out. " +
			"A sender sleeps while the queue holds msg_qbytes, or as many messages, until a receiver makes room (ss_wakeup).",
		Path: mechanisms.Path{
			Send: mechanisms.Hop{Call: "msgsnd", Kernel: 1}, Object: "messages of a queue",
			Receive: mechanisms.Hop{Call: "msgrcv", Kernel: 1},
		},
		Unrelated: true,
		Traits:    sysvmsgTraits,
		Cautions: []mechanisms.Caution{
			{Text: "the queue and what is in it outlive its processes, until IPC_RMID or a reboot: ipcs(1) shows them", Man: "msgctl(2)"},
			{Text: "neither side learns that the other has gone: it waits forever", Man: "msgop(2)"},
			{Text: "an identifier is no descriptor: poll(2) and epoll(7) cannot wait for it", Man: "poll(2)"},
			{Text: "a signal interrupts a waiting msgsnd or msgrcv with EINTR, even with SA_RESTART", Man: "msgop(2)"},
		},
	},
	Needs:        sysv.Needs("sysvmsg", func() error { _, err := sys.MsgStat(-1); return err }),
	Limits:       sysvmsgLimits,
	New:          func(s mechanisms.Spec) (*mechanisms.Link, error) { l, _, err := newSysvmsg(s); return l, err },
	NewPair:      newSysvmsg,
	Uses:         sysvmsgUses,
	Capacity:     mechanisms.OwnCapacity,
	OpenSender:   mechanisms.Opens(openSysvmsg, func(e sysvmsgEnd) mechanisms.Sender { return &sysvmsgSender{e} }),
	OpenReceiver: mechanisms.Opens(openSysvmsg, func(e sysvmsgEnd) mechanisms.Receiver { return &sysvmsgReceiver{e} }),
})

// newSysvmsg makes both directions on one queue, as messages of types 1 and
// 2. Both links list the queue: they end together.
func newSysvmsg(s mechanisms.Spec) (there, back *mechanisms.Link, err error) {
	id, err := sys.Msgget(unix.IPC_PRIVATE, 0o600)
	if err != nil {
		return nil, nil, mechanisms.Failed("make", "sysvmsg", s.Size, err)
	}
	given, err := sizeQueue(id, s)
	if err == nil {
		there, err = sysvmsgLink(id, 1, s, given)
	}
	if err == nil {
		back, err = sysvmsgLink(id, 2, s, given)
	}
	if err != nil {
		return nil, nil, mechanisms.Failed("make", "sysvmsg", s.Size, errors.Join(err, sys.MsgRemove(id)))
	}
	return there, back, nil
}

// sizeQueue asks for a queue that holds s.Queue bytes, unless that is 0, and
// reads back what it has. A message that could never fit is refused here:
// msgsnd would wait for room forever.
func sizeQueue(id int, s mechanisms.Spec) (mechanisms.Given, error) {
	if s.Queue > 0 {
		err := sys.MsgSetQbytes(id, s.Queue)
		if errors.Is(err, unix.EPERM) {
			limit, _ := msgQueueLimit()
			return mechanisms.Given{}, &mechanisms.UnsupportedError{Mechanism: "sysvmsg", What: "queue", Value: s.Queue, Limit: limit}
		}
		if err != nil {
			return mechanisms.Given{}, err
		}
	}
	ds, err := sys.MsgStat(id)
	if err != nil {
		return mechanisms.Given{}, err
	}
	n := int(ds.Qbytes)
	if s.Size+s.Beside > n {
		return mechanisms.Given{}, &mechanisms.UnsupportedError{Mechanism: "sysvmsg", What: "message size", Value: s.Size, Limit: neverFits(n-s.Beside, "msg_qbytes")}
	}
	return mechanisms.Given{Queue: n, Source: "msg_qbytes"}, nil
}

func sysvmsgLink(id, typ int, s mechanisms.Spec, given mechanisms.Given) (*mechanisms.Link, error) {
	o, err := mechanisms.SysvObject(mechanisms.KindMsg, id)
	if err != nil {
		return nil, err
	}
	attr, err := json.Marshal(sysvmsgAttr{id, typ})
	t := mechanisms.Ticket{Spec: s, Attr: attr}
	return &mechanisms.Link{Mechanism: "sysvmsg", Given: given, Sender: t, Receiver: t, Objects: []mechanisms.Object{o}}, err
}

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

func openSysvmsg(t mechanisms.Ticket) (sysvmsgEnd, error) {
	e := sysvmsgEnd{size: t.Spec.Size}
	err := json.Unmarshal(t.Attr, &e.sysvmsgAttr)
	if err == nil {
		_, err = sys.MsgStat(e.ID)
	}
	if err != nil {
		return e, mechanisms.Failed("open", "sysvmsg", t.Spec.Size, err)
	}
	return e, nil
}

func (s *sysvmsgSender) Send(p []byte) error {
	if len(p) != s.size {
		return s.failed(p, mechanisms.WrongLength(len(p), s.size))
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
	return mechanisms.Failed("send", "sysvmsg", len(p), err)
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
		err = mechanisms.WrongLength(n, len(p))
	}
	if err != nil {
		return mechanisms.Failed("recv", "sysvmsg", len(p), err)
	}
	return nil
}

// Close has nothing to close: an identifier is not held.
func (sysvmsgEnd) Close() error { return nil }

const (
	msgMax = "/proc/sys/kernel/msgmax"
	msgMnb = "/proc/sys/kernel/msgmnb"
)

func sysvmsgLimits(queue int) (mechanisms.Limits, error) {
	largest, err := mechanisms.Sysctl(msgMax)
	if err != nil {
		return mechanisms.Limits{}, err
	}
	holds, source := queue, "msg_qbytes"
	if queue == 0 {
		source = msgMnb
		if holds, err = mechanisms.Sysctl(msgMnb); err != nil {
			return mechanisms.Limits{}, err
		}
	}
	message := mechanisms.Limit{N: largest, Source: msgMax, Beyond: "msgsnd(2)", Errno: unix.EINVAL}
	if holds < largest {
		message = neverFits(holds, source)
	}
	q, err := msgQueueLimit()
	return mechanisms.Limits{Message: message, Queue: q}, err
}

// neverFits is the limit on a message for a queue that holds n bytes.
func neverFits(n int, source string) mechanisms.Limit {
	return mechanisms.Limit{N: n, Source: source, Beyond: "would wait for room forever, msgop(2)"}
}

// msgQueueLimit is msgmnb, which CAP_SYS_RESOURCE may exceed as it may exceed
// pipe-max-size. A pipe shows whether the kernel grants it: it ends with this
// process, where a queue to try would be left behind by one that is killed.
func msgQueueLimit() (mechanisms.Limit, error) {
	pipe, err := pipes.QueueLimit()
	if err != nil || pipe.N == 0 {
		return mechanisms.Limit{}, err
	}
	n, err := mechanisms.Sysctl(msgMnb)
	return mechanisms.Limit{N: n, Source: msgMnb, Beyond: "msgctl(2)", Errno: unix.EPERM}, err
}

func (e sysvmsgEnd) Keeps() (mechanisms.Given, error) {
	ds, err := sys.MsgStat(e.ID)
	return mechanisms.Given{Queue: int(ds.Qbytes), Source: "msg_qbytes"}, err
}

var sysvmsgTraits = mechanisms.Traits{
	Duplex:      mechanisms.Checked("both ways, by type", "M02"),
	Persistence: mechanisms.Checked("queue and messages, until IPC_RMID", "M13", "M18"),
	Pollable:    mechanisms.Documented("no: an identifier is no descriptor", "sysvipc(7)"),
	Selection:   mechanisms.Checked("by type, by priority, all but one", "M02", "M03", "M04"),
	Atomic:      mechanisms.Checked("whole messages", "M01"),
	Message:     mechanisms.Checked("msgmax", "M07"),
	Capacity:    mechanisms.Checked("msg_qbytes, in bytes and in messages", "M06", "M08"),
	PeerDeath:   mechanisms.Checked("not reported; IPC_RMID: EIDRM", "M10", "M13"),
	PassFD:      mechanisms.Documented("no", "unix(7)"),
	Permission:  mechanisms.Checked("mode of the queue", "M15"),
	Namespace:   mechanisms.Checked("IPC", "M29"),
}

func sysvmsgUses(mechanisms.Spec) []mechanisms.Use {
	return []mechanisms.Use{{What: "System V message queues", N: 1,
		Limit: mechanisms.SysctlLimit("/proc/sys/kernel/msgmni", 0, mechanisms.Limit{Beyond: "msgget(2)", Errno: unix.ENOSPC})}}
}
