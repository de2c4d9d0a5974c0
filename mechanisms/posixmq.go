package mechanisms

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

var _ = Register(Mechanism{
	Name:    "posixmq",
	Summary: "messages on a POSIX message queue",
	Man:     []string{"mq_overview(7)", "mq_send(3)", "mq_receive(3)", "mq_open(3)"},
	Framing: Packet,
	Since:   "2.6.6",
	Facts: Facts{
		Kernel: "An mq_timedsend(2) enters do_mq_timedsend, whose load_msg copies the text into kernel memory; a receiver that sleeps gets the message at once (pipelined_send), else it joins the tree that is sorted by priority (msg_insert). " +
			"An mq_timedreceive(2) enters do_mq_timedreceive, which takes the oldest of the highest priority (msg_get), and store_msg copies it out. " +
			"A sender sleeps (wq_sleep) while there are mq_maxmsg messages, 10 by default, of whatever size; a receiver that makes room hands over the message of one that sleeps (pipelined_receive).",
		Path: Path{
			Send: Hop{Call: "mq_timedsend", Kernel: 1}, Object: "messages of a queue",
			Receive: Hop{Call: "mq_timedreceive", Kernel: 1},
		},
		Unrelated: true,
		Traits:    posixmqTraits,
		Cautions: []Caution{
			{"it holds few messages, 10 by default, and all queues of a user together few bytes: RLIMIT_MSGQUEUE", "mq_overview(7)"},
			{"the queue and what is in it outlive its processes, until mq_unlink or a reboot; /dev/mqueue shows them where it is mounted", "mq_overview(7)"},
			{"nobody tells either side that the other has gone: both wait for ever", "mq_receive(3)"},
			{"a receiver needs room for mq_msgsize bytes, however short the message: EMSGSIZE", "mq_receive(3)"},
			{"that a descriptor can be polled is Linux's: elsewhere there is mq_notify, which tells one process, once", "mq_overview(7)"},
		},
	},
	Needs: builtWith("posixmq", "CONFIG_POSIX_MQUEUE", mqueueDir, "mq_overview(7)", func() error {
		_, err := sys.MqOpen("ipcbench-", unix.O_RDONLY, 0, nil) // of no random part: nobody's
		return err
	}),
	Limits:       posixmqLimits,
	New:          newPosixmq,
	Uses:         posixmqUses,
	Capacity:     ownCapacity,
	OpenSender:   opensPosixmq(unix.O_WRONLY, func(d descriptor) Sender { return &mqSender{d} }),
	OpenReceiver: opensPosixmq(unix.O_RDONLY, func(d descriptor) Receiver { return &mqReceiver{d} }),
})

var posixmqTraits = Traits{
	Duplex:      said("both ways, if each takes only the other's", "mq_overview(7)"),
	Persistence: trait("queue and messages, until mq_unlink", "Q02"),
	Pollable:    trait("yes, on Linux", "Q01"),
	Selection:   trait("the highest priority first, no choice", "Q01"),
	Atomic:      said("whole messages", "mq_overview(7)"),
	Message:     trait("msgsize_max", "Q01"),
	Capacity:    trait("mq_maxmsg messages, at most msg_max", "Q02", "Q03"),
	PeerDeath:   said("nobody is told", "mq_receive(3)"),
	PassFD:      said("no", "mq_overview(7)"),
	Permission:  said("mode of the queue", "mq_overview(7)"),
	Namespace:   said("IPC: a name", "ipc_namespaces(7)"),
}

// newPosixmq makes a queue. The maker holds it open until Release, so that it
// has a descriptor to prove by that the queue is its own, however few are left.
func newPosixmq(s Spec) (*Link, error) {
	l := &Link{Mechanism: "posixmq"}
	if err := makeQueue(l, s); err != nil {
		return nil, failed("make", "posixmq", s.Size, errors.Join(err, l.Destroy()))
	}
	return l, nil
}

func makeQueue(l *Link, s Spec) error {
	limits, err := posixmqLimits(s.Queue)
	if err == nil {
		err = limits.Admit("posixmq", s)
	}
	if err != nil {
		return err
	}
	attr, err := queueFor(s)
	if err != nil {
		return err
	}
	name := "/ipcbench-" + rand.Text()
	fd, err := sys.MqOpen(name[1:], unix.O_RDWR|unix.O_CREAT|unix.O_EXCL|unix.O_CLOEXEC, 0o600, &attr)
	if err != nil {
		return err
	}
	l.FDs = []int{fd}
	o, err := heldQueue(name, fd)
	if err != nil {
		return errors.Join(err, sys.MqUnlink(name[1:]))
	}
	o.AtRelease = true
	l.Objects = []Object{o}
	if l.Given, err = queueGiven(fd); err != nil {
		return err
	}
	text, err := json.Marshal(o)
	l.Sender = Ticket{Spec: s, Attr: text}
	l.Receiver = Ticket{Spec: s, Attr: text}
	return err
}

// opensPosixmq returns the mechanism's OpenSender or OpenReceiver: an open
// queue of its own, and of nothing but the queue that was made.
func opensPosixmq[E any](flags int, as func(descriptor) E) func(Ticket) (E, error) {
	return func(t Ticket) (end E, err error) {
		var o Object
		if err := json.Unmarshal(t.Attr, &o); err != nil {
			return end, failed("open", "posixmq", t.Spec.Size, err)
		}
		fd, err := sys.MqOpen(o.Path[1:], flags|unix.O_CLOEXEC, 0, nil)
		if err != nil {
			return end, failed("open", "posixmq", t.Spec.Size, fmt.Errorf("%v: %w", o, err))
		}
		now, err := heldQueue(o.Path, fd)
		if _, err = o.is(now, err); err != nil {
			return end, failed("open", "posixmq", t.Spec.Size, errors.Join(err, unix.Close(fd)))
		}
		return as(descriptor{mechanism: "posixmq", fd: fd}), nil
	}
}

// queueObject records the message queue of that name.
func queueObject(name string) (Object, error) {
	fd, err := sys.MqOpen(name[1:], unix.O_RDONLY|unix.O_CLOEXEC, 0, nil)
	if err != nil {
		return Object{}, fmt.Errorf("mq %s: %w", name, err)
	}
	o, err := heldQueue(name, fd)
	return o, errors.Join(err, os.NewSyscallError("close", unix.Close(fd)))
}

// heldQueue records the message queue that is open as fd.
func heldQueue(name string, fd int) (Object, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return Object{}, fmt.Errorf("mq %s: %w", name, os.NewSyscallError("fstat", err))
	}
	return Object{Kind: KindMq, Path: name, Inode: st.Ino, Namespace: ipcNamespace(), UID: int(st.Uid)}, nil
}
