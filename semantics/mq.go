package semantics

import (
	"crypto/rand"

	"golang.org/x/sys/unix"
)

const newQueue = unix.O_CREAT | unix.O_EXCL | unix.O_RDWR | unix.O_NONBLOCK

// queueName returns a new name, which the keeper removes.
func (k *kernel) queueName() string {
	if k.notes == nil {
		return "ipcbench-" + rand.Text()
	}
	name, err := k.notes.NameQueue()
	if err != nil {
		panic(broken("note a message queue: " + err.Error()))
	}
	return name
}

// queue makes a message queue without a name.
func (k *kernel) queue(maxmsg, size int) int {
	name := k.queueName()
	a := need(k.do("mq_open", name, newQueue, maxmsg, size))
	need(k.do("mq_unlink", name))
	return a.N
}

var mqChecks = []Check{
	{ID: "Q01", Mechanism: "posixmq", Statement: "the highest priority comes first, a message or a buffer of the wrong size is refused, and poll works",
		Expect: "longer EMSGSIZE; POLLIN|POLLOUT; small buffer EMSGSIZE; high, low", Source: "mq_overview(7); mq_send(3), EMSGSIZE; mq_receive(3), EMSGSIZE", Needs: []Need{mqueue}, About: "boundaries too-big ready",
		Observe: func(k *kernel) string {
			q := k.queue(4, 64)
			need(k.do("mq_send", q, 1, "low"))
			need(k.do("mq_send", q, 9, "high"))
			long, ready, small := k.do("mq_send", q, 1, letters(65)), k.ready(q, inOut), k.do("mq_receive", q, 63)
			return say("longer %v; %s; small buffer %v; %s, %s", long, ready, small, k.do("mq_receive", q, 64).text(), k.do("mq_receive", q, 64).text())
		}},
	{ID: "Q02", Mechanism: "posixmq", Statement: "O_NONBLOCK does not wait, and a queue and its messages outlive the processes that have it open",
		Expect: "empty EAGAIN, full EAGAIN; opened again it holds 2", Source: "mq_overview(7); mq_send(3), EAGAIN", Needs: []Need{mqueue}, About: "empty full timeout left-behind limits",
		Observe: func(k *kernel) string {
			name := k.queueName()
			q := need(k.do("mq_open", name, newQueue, 2, 64)).N
			empty := k.do("mq_receive", q, 64)
			need(k.do("mq_send", q, 1, "a"))
			need(k.do("mq_send", q, 1, "b"))
			full := k.do("mq_send", q, 1, "c")
			k.close(q)
			again := need(k.do("mq_open", name, unix.O_RDWR, 0, 0)).N
			need(k.do("mq_unlink", name))
			return say("empty %v, full %v; opened again it holds %v", empty, full, k.do("mq_curmsgs", again))
		}},
	{ID: "Q03", Mechanism: "posixmq", Statement: "without CAP_SYS_RESOURCE a queue has at most msg_max messages, and RLIMIT_MSGQUEUE bytes are all of a user's",
		Expect: "EINVAL, EMFILE", Source: "mq_open(3), EINVAL; getrlimit(2), RLIMIT_MSGQUEUE", Since: "3.5", Needs: []Need{mqueue}, About: "limits",
		Observe: func(k *kernel) string {
			need(k.do("dropcap", unix.CAP_SYS_RESOURCE))
			most := k.number("fs/mqueue/msg_max")
			name := k.queueName()
			many := k.do("mq_open", name, newQueue, most+1, 64)
			need(k.do("rlimit", unix.RLIMIT_MSGQUEUE, 1000))
			return say("%v, %v", many, k.do("mq_open", name, newQueue, most, 1024))
		}},
}
