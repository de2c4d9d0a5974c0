package mechanisms

import (
	"encoding/json"
	"errors"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

var _ = Register(Mechanism{
	Name:    "sysvmsg",
	Summary: "messages on a System V message queue",
	Man:     []string{"msgop(2)", "msgget(2)", "msgctl(2)", "sysvipc(7)"},
	Framing: Packet,
	Since:   "1.0",
	Selects: true,
	Facts: Facts{
		Kernel: "A msgsnd(2) enters do_msgsnd, whose load_msg copies type and text into kernel memory; a receiver that waits for this type gets the message at once (pipelined_send), else it joins the list of its queue. " +
			"A msgrcv(2) enters do_msgrcv, which takes the first message of the type off the list, and store_msg copies it out. " +
			"A sender sleeps while the queue holds msg_qbytes, or as many messages, until a receiver makes room (ss_wakeup).",
		Path: Path{
			Send: Hop{Call: "msgsnd", Kernel: 1}, Object: "messages of a queue",
			Receive: Hop{Call: "msgrcv", Kernel: 1},
		},
		Unrelated: true,
		Traits:    sysvmsgTraits,
		Cautions: []Caution{
			{"the queue and what is in it outlive its processes, until IPC_RMID or a reboot: ipcs(1) shows them", "msgctl(2)"},
			{"nobody tells either side that the other has gone: both wait for ever", "msgop(2)"},
			{"an identifier is no descriptor: poll(2) and epoll(7) cannot wait for it", "poll(2)"},
			{"a signal interrupts a waiting msgsnd or msgrcv with EINTR, whatever SA_RESTART says", "msgop(2)"},
		},
	},
	Needs:        sysvNeeds("sysvmsg", func() error { _, err := sys.MsgStat(-1); return err }),
	Limits:       sysvmsgLimits,
	New:          func(s Spec) (*Link, error) { l, _, err := newSysvmsg(s); return l, err },
	NewPair:      newSysvmsg,
	Uses:         sysvmsgUses,
	Capacity:     ownCapacity,
	OpenSender:   openSysvmsgSender,
	OpenReceiver: openSysvmsgReceiver,
})

// newSysvmsg makes both directions on one queue, as messages of types 1 and
// 2. Both links list the queue: they end together.
func newSysvmsg(s Spec) (there, back *Link, err error) {
	id, err := sys.Msgget(unix.IPC_PRIVATE, 0o600)
	if err != nil {
		return nil, nil, failed("make", "sysvmsg", s.Size, err)
	}
	given, err := sizeQueue(id, s)
	if err == nil {
		there, err = sysvmsgLink(id, 1, s, given)
	}
	if err == nil {
		back, err = sysvmsgLink(id, 2, s, given)
	}
	if err != nil {
		return nil, nil, failed("make", "sysvmsg", s.Size, errors.Join(err, sys.MsgRemove(id)))
	}
	return there, back, nil
}

// sizeQueue asks for a queue that holds s.Queue bytes, unless that is 0, and
// reads back what it has. A message that could never fit is refused here:
// msgsnd would wait for room for ever.
func sizeQueue(id int, s Spec) (Given, error) {
	if s.Queue > 0 {
		err := sys.MsgSetQbytes(id, s.Queue)
		if errors.Is(err, unix.EPERM) {
			limit, _ := msgQueueLimit()
			return Given{}, &UnsupportedError{Mechanism: "sysvmsg", What: "queue", Value: s.Queue, Limit: limit}
		}
		if err != nil {
			return Given{}, err
		}
	}
	ds, err := sys.MsgStat(id)
	if err != nil {
		return Given{}, err
	}
	n := int(ds.Qbytes)
	if s.Size+s.Beside > n {
		return Given{}, &UnsupportedError{Mechanism: "sysvmsg", What: "message size", Value: s.Size, Limit: neverFits(n-s.Beside, "msg_qbytes")}
	}
	return Given{Queue: n, Source: "msg_qbytes"}, nil
}

func sysvmsgLink(id, typ int, s Spec, given Given) (*Link, error) {
	o, err := sysvObject(KindMsg, id)
	if err != nil {
		return nil, err
	}
	attr, err := json.Marshal(sysvmsgAttr{id, typ})
	t := Ticket{Spec: s, Attr: attr}
	return &Link{Mechanism: "sysvmsg", Given: given, Sender: t, Receiver: t, Objects: []Object{o}}, err
}
