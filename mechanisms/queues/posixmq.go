package queues

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"os"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
	"ipcbench/mechanisms"
	"ipcbench/mechanisms/descriptor"
)

var _ = mechanisms.Register(mechanisms.Mechanism{
	Name:    "posixmq",
	Summary: "messages on a POSIX message queue",
	Family:  mechanisms.PosixQueues,
	Called:  []string{"mq", "messagequeue", "msgqueue", "mqueue"},
	Man:     []string{"mq_overview(7)", "mq_send(3)", "mq_receive(3)", "mq_open(3)"},
	Framing: mechanisms.Packet,
	Since:   "2.6.6",
	Facts: mechanisms.Facts{
		Kernel: "An mq_timedsend(2) enters do_mq_timedsend, whose load_msg copies the text into kernel memory; a receiver that sleeps gets the message at once (pipelined_send), else it joins the tree that is sorted by priority (msg_insert). " +
			"An mq_timedreceive(2) enters do_mq_timedreceive, which takes the oldest of the highest priority (msg_get), and store_msg copies it out. " +
			"A sender sleeps (wq_sleep) while there are mq_maxmsg messages, 10 by default, of whatever size; a receiver that makes room hands over the message of one that sleeps (pipelined_receive).",
		Path: mechanisms.Path{
			Send: mechanisms.Hop{Call: "mq_timedsend", Kernel: 1}, Object: "messages of a queue",
			Receive: mechanisms.Hop{Call: "mq_timedreceive", Kernel: 1},
		},
		Unrelated: true,
		Traits:    posixmqTraits,
		Cautions: []mechanisms.Caution{
			{Text: "it holds few messages, 10 by default, and all queues of a user together few bytes: RLIMIT_MSGQUEUE", Man: "mq_overview(7)"},
			{Text: "the queue and what is in it outlive its processes, until mq_unlink or a reboot; /dev/mqueue shows them where it is mounted", Man: "mq_overview(7)"},
			{Text: "neither side learns that the other has gone: it waits forever", Man: "mq_receive(3)"},
			{Text: "a receiver needs room for mq_msgsize bytes, however short the message: EMSGSIZE", Man: "mq_receive(3)"},
			{Text: "that a descriptor can be polled is Linux's: elsewhere there is mq_notify, which notifies one process, once", Man: "mq_overview(7)"},
		},
	},
	Needs: mechanisms.BuiltWith("posixmq", "CONFIG_POSIX_MQUEUE", mqueueDir, "mq_overview(7)", func() error {
		_, err := sys.MqOpen("ipcbench-", unix.O_RDONLY, 0, nil) // without a random part: no queue's
		return err
	}),
	Limits:       posixmqLimits,
	New:          newPosixmq,
	Uses:         posixmqUses,
	Capacity:     mechanisms.OwnCapacity,
	OpenSender:   opensPosixmq(unix.O_WRONLY, func(d descriptor.End) mechanisms.Sender { return &mqSender{d} }),
	OpenReceiver: opensPosixmq(unix.O_RDONLY, func(d descriptor.End) mechanisms.Receiver { return &mqReceiver{d} }),
})

var posixmqTraits = mechanisms.Traits{
	Duplex:      mechanisms.Documented("both ways, if each takes only the other's", "mq_overview(7)"),
	Persistence: mechanisms.Checked("queue and messages, until mq_unlink", "Q02"),
	Pollable:    mechanisms.Checked("yes, on Linux", "Q01"),
	Selection:   mechanisms.Checked("the highest priority first, no choice", "Q01"),
	Atomic:      mechanisms.Documented("whole messages", "mq_overview(7)"),
	Message:     mechanisms.Checked("msgsize_max", "Q01"),
	Capacity:    mechanisms.Checked("mq_maxmsg messages, at most msg_max", "Q02", "Q03"),
	PeerDeath:   mechanisms.Documented("not reported", "mq_receive(3)"),
	PassFD:      mechanisms.Documented("no", "mq_overview(7)"),
	Permission:  mechanisms.Checked("mode of the queue", "Q16"),
	Namespace:   mechanisms.Documented("IPC: a name", "ipc_namespaces(7)"),
}

// newPosixmq makes a queue. The maker holds it open until Release, so that it
// has a descriptor to prove by that the queue is its own, however few are left.
func newPosixmq(s mechanisms.Spec) (*mechanisms.Link, error) {
	l := &mechanisms.Link{Mechanism: "posixmq"}
	if err := makeQueue(l, s); err != nil {
		return nil, mechanisms.Failed("make", "posixmq", s.Size, errors.Join(err, l.Destroy()))
	}
	return l, nil
}

func makeQueue(l *mechanisms.Link, s mechanisms.Spec) error {
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
	o, err := mechanisms.HeldQueue(name, fd)
	if err != nil {
		return errors.Join(err, sys.MqUnlink(name[1:]))
	}
	o.AtRelease = true
	l.Objects = []mechanisms.Object{o}
	if l.Given, err = queueGiven(fd); err != nil {
		return err
	}
	text, err := json.Marshal(o)
	l.Sender = mechanisms.Ticket{Spec: s, Attr: text}
	l.Receiver = mechanisms.Ticket{Spec: s, Attr: text}
	return err
}

// opensPosixmq returns the mechanism's OpenSender or OpenReceiver: an open
// queue of its own, and of nothing but the queue that was made.
func opensPosixmq[E any](flags int, as func(descriptor.End) E) func(mechanisms.Ticket) (E, error) {
	return func(t mechanisms.Ticket) (end E, err error) {
		var o mechanisms.Object
		if err := json.Unmarshal(t.Attr, &o); err != nil {
			return end, mechanisms.Failed("open", "posixmq", t.Spec.Size, err)
		}
		fd, err := sys.MqOpen(o.Path[1:], flags|unix.O_CLOEXEC, 0, nil)
		if err != nil {
			return end, mechanisms.Failed("open", "posixmq", t.Spec.Size, fmt.Errorf("%v: %w", o, err))
		}
		now, err := mechanisms.HeldQueue(o.Path, fd)
		if _, err = o.Is(now, err); err != nil {
			return end, mechanisms.Failed("open", "posixmq", t.Spec.Size, errors.Join(err, unix.Close(fd)))
		}
		return as(descriptor.End{Mechanism: "posixmq", Num: fd}), nil
	}
}

type (
	mqSender   struct{ descriptor.End }
	mqReceiver struct{ descriptor.End }
)

// Send sends p with priority 0, so that messages come in order.
func (s *mqSender) Send(p []byte) error {
	if a := sys.TryMqTimedsend(s.Num, p); a != 0 {
		if err := a.MqTimedsend(s.Num, p); err != nil {
			return mechanisms.Failed("send", s.Mechanism, len(p), err)
		}
	}
	return nil
}

// Fill sends without blocking: the open queue is this end's own.
func (s *mqSender) Fill(p []byte) (whole int, err error) {
	if err := unix.SetNonblock(s.Num, true); err != nil {
		return 0, mechanisms.Failed("send", s.Mechanism, len(p), os.NewSyscallError("fcntl", err))
	}
	defer func() { err = errors.Join(err, os.NewSyscallError("fcntl", unix.SetNonblock(s.Num, false))) }()
	for ; ; whole++ {
		err := sys.MqTimedsend(s.Num, p)
		if errors.Is(err, unix.EAGAIN) {
			return whole, nil
		}
		if err != nil {
			return whole, mechanisms.Failed("send", s.Mechanism, len(p), err)
		}
	}
}

// Recv offers the spare byte as well; a longer message than the link's the
// queue does not take.
func (r *mqReceiver) Recv(p []byte) error {
	a := sys.TryMqTimedreceive(r.Num, p[:len(p)+1])
	if int(a) == len(p) {
		return nil
	}
	return r.recv(p, a)
}

func (r *mqReceiver) recv(p []byte, a sys.Attempt) error {
	n, err := a.MqTimedreceive(r.Num, p[:len(p)+1])
	if err == nil && n != len(p) {
		err = mechanisms.WrongLength(n, len(p))
	}
	if err != nil {
		return mechanisms.Failed("recv", r.Mechanism, len(p), err)
	}
	return nil
}

const (
	mqueueDir    = "/proc/sys/fs/mqueue"
	mqMessageMax = mqueueDir + "/msgsize_max"
	mqCountMax   = mqueueDir + "/msg_max"
	mqDefault    = mqueueDir + "/msg_default"
	mqQueuesMax  = mqueueDir + "/queues_max"
)

// posixmqLimits are those of a process without CAP_SYS_RESOURCE. With it the kernel
// lets a queue take what RLIMIT_MSGQUEUE leaves of all queues of the user:
// nothing to promise, and nothing that a peer without it could have.
func posixmqLimits(int) (mechanisms.Limits, error) {
	size, err := mechanisms.Sysctl(mqMessageMax)
	if err != nil {
		return mechanisms.Limits{}, err
	}
	count, err := mechanisms.Sysctl(mqCountMax)
	return mechanisms.Limits{
		Message:  mechanisms.Limit{N: size, Source: mqMessageMax, Beyond: "mq_open(3)", Errno: unix.EINVAL},
		Messages: mechanisms.Limit{N: count, Source: mqCountMax, Beyond: "mq_open(3)", Errno: unix.EINVAL},
	}, err
}

// queueFor is the queue that holds what s asks for: at least so many bytes, in
// messages of its size.
func queueFor(s mechanisms.Spec) (attr sys.MqAttr, err error) {
	attr.Msgsize = s.Size
	if s.Queue == 0 {
		attr.Maxmsg, err = mechanisms.Sysctl(mqDefault)
		return attr, err
	}
	attr.Maxmsg = (s.Queue + s.Size - 1) / s.Size
	return attr, nil
}

func (s *mqSender) Keeps() (mechanisms.Given, error) { return queueGiven(s.Num) }

func (r *mqReceiver) Keeps() (mechanisms.Given, error) { return queueGiven(r.Num) }

// queueGiven reads what a POSIX message queue holds.
func queueGiven(fd int) (mechanisms.Given, error) {
	attr, err := sys.MqGetAttr(fd)
	return mechanisms.Given{Queue: attr.Maxmsg * attr.Msgsize, Source: "mq_maxmsg messages of mq_msgsize"}, err
}

// posixmqUses are those of one queue. Its bytes are counted as in getrlimit(2)
// since Linux 3.5: for each message its text, a struct msg_msg and a node of a
// tree.
func posixmqUses(s mechanisms.Spec) []mechanisms.Use {
	const record = 2 * 6 * bits.UintSize / 8 // struct msg_msg and struct posix_msg_tree_node have six words each
	attr, err := queueFor(s)
	if err != nil {
		return nil
	}
	return []mechanisms.Use{
		{What: "bytes in the POSIX message queues of this user", N: attr.Maxmsg * (attr.Msgsize + record),
			Limit: mechanisms.Rlimit(unix.RLIMIT_MSGQUEUE, mechanisms.Limit{Source: "RLIMIT_MSGQUEUE", Beyond: "mq_open(3)", Errno: unix.EMFILE})},
		{What: "POSIX message queues", N: 1, Some: true, Limit: mechanisms.SysctlLimit(mqQueuesMax, 0, mechanisms.Limit{Beyond: "mq_overview(7)", Errno: unix.ENOSPC})},
	}
}
