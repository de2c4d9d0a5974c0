package semantics

import (
	"strings"

	"golang.org/x/sys/unix"
)

// Rights, namespaces and errors of POSIX message queues.
var mqAccessChecks = []Check{
	{ID: "Q23", Mechanism: "posixmq", Statement: "the right to read lets another user open a queue for receiving, and not for sending; it can receive then",
		Expect: "O_RDONLY opens, receives x; O_WRONLY EACCES, O_RDWR EACCES", Source: "mq_open(3), EACCES", Needs: []Need{mqueue, anotherUser}, About: "access",
		Observe: func(k *kernel) string {
			name := k.queueName()
			q := need(k.do("mq_open", name, newQueue, 4, 64)).N
			need(k.do("fchmod", q, 0o644))
			need(k.do("mq_send", q, 1, "x"))
			other := k.process("other user")
			need(other.do("setresuid", stranger))
			open := func(flag int) answer { return other.do("mq_open", name, flag, 0, 0) }
			read, write, both := open(unix.O_RDONLY), open(unix.O_WRONLY), open(unix.O_RDWR)
			got := read.String()
			if read.Errno == 0 {
				got = "opens, receives " + other.do("mq_receive", read.N, 64).text()
			}
			need(k.do("mq_unlink", name))
			return say("O_RDONLY %s; O_WRONLY %v, O_RDWR %v", got, write, both)
		}},
	{ID: "Q24", Mechanism: "posixmq", Statement: "calls of queues want a queue that is open and an address, and mq_notify a signal that there is",
		Expect: "pipe EBADF, EBADF, EBADF; address EFAULT, EFAULT; notice EINVAL", Source: "mq_send(3), mq_receive(3), mq_notify(3), ERRORS", Needs: []Need{mqueue}, About: "invalid",
		Observe: func(k *kernel) string {
			p, q := k.pipe(0), k.queue(4, 64)
			need(k.do("mq_send", q, 1, "x"))
			at := need(k.do("mmap", need(k.do("memfd", 4096)).N, 4096)).N
			need(k.do("setword", at, 2, 99)) // sigev_signo
			need(k.do("setword", at, 1, 99)) // where an address has 32 bits
			return say("pipe %v, %v, %v; address %v, %v; notice %v", k.do("mq_send", p.w, 1, "x"), k.do("mq_receive", p.r, 64), k.do("mq_notify", p.r, 1),
				k.do("bare mq_timedsend", q, 1, 4, 1, 0), k.do("bare mq_timedreceive", q, 1, 64, 0, 0), k.do("bare mq_notify", q, need(k.do("address", at)).N))
		}},
	{ID: "Q25", Mechanism: "posixmq", Statement: "a queue that is made in one IPC namespace can't be seen in another, but goes on for those that have it open",
		Expect: "inside ENOENT; sends 0, outside x", Source: "ipc_namespaces(7); mq_overview(7)", Needs: []Need{mqueue, sysAdmin}, About: "namespaces",
		Observe: func(k *kernel) string {
			name := k.queueName()
			q := need(k.do("mq_open", name, newQueue, 4, 64)).N
			inside := k.process("inside")
			theirs := need(inside.do("mq_open", name, unix.O_RDWR, 0, 0)).N
			if a := inside.do("unshareipc"); a.Errno != 0 {
				panic(skipped("another IPC namespace is refused: " + a.String()))
			}
			again, sent := inside.do("mq_open", name, unix.O_RDWR, 0, 0), inside.do("mq_send", theirs, 1, "x")
			need(k.do("mq_unlink", name))
			return say("inside %v; sends %v, outside %s", again, sent, k.do("mq_receive", q, 64).text())
		}},
	{ID: "Q26", Mechanism: "posixmq", Statement: "read of the descriptor of a queue returns its state as text, and takes no message; write fails",
		Expect: "QSIZE:3; write EINVAL; receives abc", Source: "mq_overview(7), Mounting the message queue filesystem; ipc/mqueue.c", Needs: []Need{mqueue}, About: "boundaries invalid",
		Observe: func(k *kernel) string {
			q := k.queue(4, 64)
			need(k.do("mq_send", q, 1, "abc"))
			state, _, _ := strings.Cut(k.read(q, 128).text(), " ")
			return say("%s; write %v; receives %s", state, k.write(q, "x"), k.do("mq_receive", q, 64).text())
		}},
	{ID: "Q27", Mechanism: "posixmq", Statement: "a queue made without attributes has the default number and size of messages",
		Expect: "flags O_NONBLOCK maxmsg {mq_default} msgsize {mq_size_default} curmsgs 0", Source: "mq_overview(7), msg_default and msgsize_default", Since: "3.5", Needs: []Need{mqueue}, About: "limits",
		Observe: func(k *kernel) string {
			name := k.queueName()
			q := need(k.do("mq_default", name, newQueue)).N
			need(k.do("mq_unlink", name))
			return k.do("mq_attr", q).text()
		}},
	{ID: "Q28", Mechanism: "posixmq", Statement: "a message wakes a poll and an epoll_wait that sleep on an empty queue",
		Expect: "poll sleeps, POLLIN; epoll_wait sleeps, 1", Source: "mq_overview(7), Polling message queue descriptors", Needs: []Need{mqueue}, About: "ready empty",
		Observe: func(k *kernel) string {
			q := k.queue(4, 64)
			w := k.begin("pollfor", q, unix.POLLIN, -1, 0)
			state := w.asleep()
			need(k.do("mq_send", q, 1, "x"))
			poll := say("poll %s, %s", state, shownEvents(w.answer()))
			need(k.do("mq_receive", q, 64))
			w = k.begin("epoll_wait", k.epollSet(q, unix.EPOLLIN), -1)
			state = w.asleep()
			need(k.do("mq_send", q, 1, "y"))
			return say("%s; epoll_wait %s, %v", poll, state, w.answer())
		}},
	{ID: "Q29", Mechanism: "posixmq", Statement: "a signal ends a send to a full queue that sleeps, unless its handler was set with SA_RESTART",
		Expect: "without: EINTR; with: sleeps on", Source: "signal(7), Interruption of system calls", Needs: []Need{mqueue}, About: "interrupted full",
		Observe: func(k *kernel) string {
			name := k.queueName()
			q := need(k.do("mq_open", name, unix.O_CREAT|unix.O_EXCL|unix.O_RDWR, 1, 64)).N
			need(k.do("fcntl", q, unix.F_SETFD, 0)) // mq_open marks it close-on-exec
			need(k.do("mq_send", q, 1, "x"))
			need(k.do("mq_unlink", name))
			without, with := k.process("sender").interrupt("mq_send", q, 1, "y")
			return say("without: %v; with: %s on", without, with.asleep())
		}},
}
