package semantics

import "golang.org/x/sys/unix"

// Notice, time limits, names and rights of POSIX message queues.
var mqMoreChecks = []Check{
	{ID: "Q04", Mechanism: "posixmq", Statement: "one registration for notice at a time: a second one fails until the first is taken back",
		Expect: "0, EBUSY; taken back 0, 0", Source: "mq_notify(3), EBUSY", Needs: []Need{mqueue}, About: "ready",
		Observe: func(k *kernel) string {
			q := k.queue(4, 64)
			ask := func(how int) answer { return k.do("mq_notify", q, how) }
			return say("%v, %v; taken back %v, %v", ask(1), ask(1), ask(0), ask(1))
		}},
	{ID: "Q05", Mechanism: "posixmq", Statement: "the message that makes the queue no longer empty sends the signal, with a value and the sender, and ends the registration",
		Expect: "registered EBUSY; signal 40 SI_MESGQ, the sender, value 7; afterwards 0", Source: "mq_notify(3)", Needs: []Need{mqueue}, About: "ready",
		Observe: func(k *kernel) string {
			q, p := k.queue(4, 64), k.pipe(0)
			child := need(k.do("mq_notified", q, p.w, realtime, 7)).N
			need(k.read(p.r, 1))
			registered := k.do("mq_notify", q, 1)
			need(k.do("mq_send", q, 1, "x"))
			k.close(p.w)
			got := k.do("readinfo", p.r).text()
			need(k.do("waitpid", child))
			if got == say("signal 40 SI_MESGQ pid %d value 7", k.pid) {
				got = "signal 40 SI_MESGQ, the sender, value 7"
			}
			return say("registered %v; %s; afterwards %v", registered, got, k.do("mq_notify", q, 1))
		}},
	{ID: "Q06", Mechanism: "posixmq", Statement: "a message to a queue that is not empty gives no notice: the registration stays",
		Expect: "registered 0, second message EBUSY; emptied, and sent to: 0", Source: "mq_notify(3)", Needs: []Need{mqueue}, About: "ready",
		Observe: func(k *kernel) string {
			q := k.queue(4, 64)
			send := func() { need(k.do("mq_send", q, 1, "x")) }
			send()
			first := k.do("mq_notify", q, 1)
			send()
			second := k.do("mq_notify", q, 1)
			need(k.do("mq_receive", q, 64))
			need(k.do("mq_receive", q, 64))
			send()
			return say("registered %v, second message %v; emptied, and sent to: %v", first, second, k.do("mq_notify", q, 1))
		}},
	{ID: "Q07", Mechanism: "posixmq", Statement: "a receiver that sleeps takes the message, and no notice is given",
		Expect: "sleeps, x; still registered: EBUSY", Source: "mq_notify(3)", Needs: []Need{mqueue}, About: "ready empty",
		Observe: func(k *kernel) string {
			q := k.queue(4, 64)
			need(k.do("setfl", q, 0))
			need(k.do("mq_notify", q, 1))
			w := k.begin("mq_receive", q, 64)
			state := w.asleep()
			need(k.do("mq_send", q, 1, "x"))
			return say("%s, %s; still registered: %v", state, w.answer().text(), k.do("mq_notify", q, 1))
		}},
	{ID: "Q08", Mechanism: "posixmq", Statement: "mq_timedreceive fails after its time, and at once where that is past; a message is received whatever the time",
		Expect: "ETIMEDOUT; with a message 1", Source: "mq_receive(3), ETIMEDOUT", Needs: []Need{mqueue}, About: "timeout empty",
		Observe: func(k *kernel) string {
			q := k.queue(4, 64)
			need(k.do("setfl", q, 0))
			empty := k.do("mq_timedreceive", q, 64, 1, 0)
			need(k.do("mq_send", q, 1, "x"))
			return say("%v; with a message %v", empty, k.do("mq_timedreceive", q, 64, 1, 0))
		}},
	{ID: "Q09", Mechanism: "posixmq", Statement: "a time that is none is refused, though a message waits",
		Expect: "10^9 ns EINVAL, -1 ns EINVAL", Source: "mq_receive(3), EINVAL; ipc/mqueue.c, prepare_timeout", Needs: []Need{mqueue}, About: "timeout invalid",
		Observe: func(k *kernel) string {
			q := k.queue(4, 64)
			need(k.do("mq_send", q, 1, "x"))
			return say("10^9 ns %v, -1 ns %v", k.do("mq_timedreceive", q, 64, 1, 1_000_000_000), k.do("mq_timedreceive", q, 64, 1, -1))
		}},
	{ID: "Q10", Mechanism: "posixmq", Statement: "mq_timedsend to a full queue fails after its time",
		Expect: "0, then ETIMEDOUT", Source: "mq_send(3), ETIMEDOUT", Needs: []Need{mqueue}, About: "timeout full",
		Observe: func(k *kernel) string {
			q := k.queue(1, 64)
			need(k.do("setfl", q, 0))
			send := func() answer { return k.do("mq_timedsend", q, 1, 0, "x") }
			return say("%v, then %v", send(), send())
		}},
	{ID: "Q11", Mechanism: "posixmq", Statement: "priorities go up to 32767; messages of the same come in order",
		Expect: "32767: 0, 32768: EINVAL; 32767, 5, 5: a, b", Source: "mq_send(3), EINVAL; mq_overview(7)", Needs: []Need{mqueue}, About: "boundaries invalid",
		Observe: func(k *kernel) string {
			q := k.queue(4, 64)
			most, more := k.do("mq_send", q, 32767, "x"), k.do("mq_send", q, 32768, "x")
			need(k.do("mq_send", q, 5, "a"))
			need(k.do("mq_send", q, 5, "b"))
			prio := k.do("mq_prio", q)
			need(k.do("mq_send", q, 5, "c"))
			first, second := k.do("mq_receive", q, 64).text(), k.do("mq_receive", q, 64).text()
			return say("32767: %v, 32768: %v; %v, 5, 5: %s, %s", most, more, prio, first, second)
		}},
	{ID: "Q12", Mechanism: "posixmq", Statement: "mq_open refuses a name that is taken with O_EXCL, one that is not there without O_CREAT, and a queue for no messages",
		Expect: "EEXIST, ENOENT, EINVAL, EINVAL", Source: "mq_open(3), ERRORS", Needs: []Need{mqueue}, About: "invalid",
		Observe: func(k *kernel) string {
			name, none := k.queueName(), k.queueName()
			need(k.do("mq_open", name, newQueue, 2, 64))
			taken := k.do("mq_open", name, newQueue, 2, 64)
			need(k.do("mq_unlink", name))
			return say("%v, %v, %v, %v", taken, k.do("mq_open", name, unix.O_RDWR, 0, 0), k.do("mq_open", none, newQueue, 0, 64), k.do("mq_open", none, newQueue, 2, 0))
		}},
	{ID: "Q13", Mechanism: "posixmq", Statement: "mq_setattr changes O_NONBLOCK alone, and returns what was set",
		Expect: "was O_NONBLOCK; flags 0 maxmsg 4 msgsize 64 curmsgs 0", Source: "mq_getattr(3)", Needs: []Need{mqueue}, About: "timeout",
		Observe: func(k *kernel) string {
			q := k.queue(4, 64)
			was := k.do("mq_setattr", q, 0)
			return say("was %s; %s", flags("oflag", was.N), k.do("mq_attr", q).text())
		}},
	{ID: "Q14", Mechanism: "posixmq", Statement: "after mq_unlink the queue goes on for those that have it open, and the name is free",
		Expect: "ENOENT; receives x; unlink again ENOENT", Source: "mq_unlink(3)", Needs: []Need{mqueue}, About: "left-behind",
		Observe: func(k *kernel) string {
			name := k.queueName()
			q := need(k.do("mq_open", name, newQueue, 2, 64)).N
			need(k.do("mq_send", q, 1, "x"))
			need(k.do("mq_unlink", name))
			return say("%v; receives %s; unlink again %v", k.do("mq_open", name, unix.O_RDWR, 0, 0), k.do("mq_receive", q, 64).text(), k.do("mq_unlink", name))
		}},
	{ID: "Q15", Mechanism: "posixmq", Statement: "a queue that is open for sending alone can't be received from, nor the reverse",
		Expect: "EBADF, EBADF", Source: "mq_receive(3), EBADF; mq_send(3), EBADF", Needs: []Need{mqueue}, About: "access",
		Observe: func(k *kernel) string {
			name := k.queueName()
			w := need(k.do("mq_open", name, unix.O_CREAT|unix.O_EXCL|unix.O_WRONLY|unix.O_NONBLOCK, 2, 64)).N
			r := need(k.do("mq_open", name, unix.O_RDONLY|unix.O_NONBLOCK, 0, 0)).N
			need(k.do("mq_unlink", name))
			return say("%v, %v", k.do("mq_receive", w, 64), k.do("mq_send", r, 1, "x"))
		}},
	{ID: "Q16", Mechanism: "posixmq", Statement: "mode 0600 keeps other users out, and only the owner may unlink",
		Expect: "open EACCES, unlink EACCES", Source: "mq_open(3), EACCES; mq_unlink(3), EACCES", Needs: []Need{mqueue, anotherUser}, About: "access",
		Observe: func(k *kernel) string {
			name := k.queueName()
			need(k.do("mq_open", name, newQueue, 2, 64))
			other := k.process("other user")
			need(other.do("setresuid", stranger))
			open, unlink := other.do("mq_open", name, unix.O_RDWR, 0, 0), other.do("mq_unlink", name)
			need(k.do("mq_unlink", name))
			if unlink.Errno == unix.EPERM { // the directory is sticky where it is not the namespace's own root that mounted it
				unlink.Errno = unix.EACCES
			}
			return say("open %v, unlink %v", open, unlink)
		}},
	{ID: "Q17", Mechanism: "posixmq", Statement: "a receiver of an empty queue sleeps, and so does a sender to a full one; each wakes the other",
		Expect: "receiver sleeps, a; sender sleeps, 0", Source: "mq_receive(3); mq_send(3)", Needs: []Need{mqueue}, About: "empty full",
		Observe: func(k *kernel) string {
			q := k.queue(1, 64)
			need(k.do("setfl", q, 0))
			w := k.begin("mq_receive", q, 64)
			state := w.asleep()
			need(k.do("mq_send", q, 1, "a"))
			got := w.answer().text()
			need(k.do("mq_send", q, 1, "b"))
			s := k.begin("mq_send", q, 1, "c")
			sender := s.asleep()
			need(k.do("mq_receive", q, 64))
			return say("receiver %s, %s; sender %s, %v", state, got, sender, s.answer())
		}},
	{ID: "Q18", Mechanism: "posixmq", Statement: "a signal ends a receive that sleeps, unless its handler was set with SA_RESTART",
		Expect: "without: EINTR; with: sleeps on", Source: "signal(7), Interruption of system calls; mq_receive(3), EINTR", Needs: []Need{mqueue}, About: "interrupted",
		Observe: func(k *kernel) string {
			q, s := k.queue(1, 64), k.sockets(unix.SOCK_STREAM)
			need(k.do("setfl", q, 0))
			receiver := k.process("receiver") // the queue is close-on-exec
			need(k.handOver(s.w, q, 1, "x"))
			without, with := receiver.interrupt("mq_receive", need(receiver.receive(s.r, 1, 1)).N, 64)
			return say("without: %v; with: %s on", without, with.asleep())
		}},
	{ID: "Q19", Mechanism: "posixmq", Statement: "a message of no bytes arrives; a full queue is readable alone",
		Expect: "0, received 0; POLLIN", Source: "mq_send(3); mq_overview(7)", Needs: []Need{mqueue}, About: "boundaries ready",
		Observe: func(k *kernel) string {
			q := k.queue(1, 64)
			sent := k.do("mq_send", q, 1, "")
			full := k.ready(q, inOut)
			return say("%v, received %v; %s", sent, k.do("mq_receive", q, 64), full)
		}},
	{ID: "Q20", Mechanism: "posixmq", Statement: "a name of more than 255 bytes, and an empty one, are refused",
		Expect: "ENAMETOOLONG, ENOENT", Source: "mq_open(3), ENAMETOOLONG and ENOENT", Needs: []Need{mqueue}, About: "too-big invalid",
		Observe: func(k *kernel) string {
			return say("%v, %v", k.do("mq_open", string(letters(256)), newQueue, 2, 64), k.do("mq_open", "", newQueue, 2, 64))
		}},
	{ID: "Q21", Mechanism: "posixmq", Statement: "a descriptor of a queue can be sent to another process, which then has the queue open",
		Expect: "receives x", Source: "mq_overview(7), a descriptor; unix(7)", Needs: []Need{mqueue}, About: "descriptor",
		Observe: func(k *kernel) string {
			q, s := k.queue(2, 64), k.sockets(unix.SOCK_STREAM)
			other := k.process("other")
			need(k.handOver(s.w, q, 1, "x"))
			got := need(other.receive(s.r, 1, 1)).N
			need(k.do("mq_send", q, 1, "x"))
			return say("receives %s", other.do("mq_receive", got, 64).text())
		}},
	{ID: "Q22", Mechanism: "posixmq", Statement: "a message waits while the process that registered for notice has gone: another one can register",
		Expect: "EBUSY; SIGKILL; 0", Source: "mq_notify(3)", Needs: []Need{mqueue}, About: "peer-gone",
		Observe: func(k *kernel) string {
			q, s := k.queue(2, 64), k.sockets(unix.SOCK_STREAM)
			other := k.process("other")
			need(k.handOver(s.w, q, 1, "x"))
			need(other.do("mq_notify", need(other.receive(s.r, 1, 1)).N, 1))
			busy := k.do("mq_notify", q, 1)
			return say("%v; %s; %v", busy, other.kill(), k.do("mq_notify", q, 1))
		}},
}
