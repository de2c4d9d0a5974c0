package semantics

import "golang.org/x/sys/unix"

// copied receives a copy of the message at an index.
func (k *kernel) copied(id, room, index, flag int) answer {
	a := k.do("msgrcv", id, room, index, msgCopy|flag)
	if a.Errno == unix.ENOSYS {
		panic(skipped("a kernel without CONFIG_CHECKPOINT_RESTORE: ENOSYS, msgop(2)"))
	}
	return a
}

// Copies, state, rights and errors of message queues.
var msgMoreChecks = []Check{
	{ID: "M12", Mechanism: "sysvmsg", Statement: "MSG_COPY gives a copy of the message at an index and leaves the queue alone",
		Expect: "b, queued 2; none ENOMSG", Source: "msgop(2), MSG_COPY", Since: "3.8", Needs: []Need{sysv}, About: "boundaries",
		Observe: func(k *kernel) string {
			id := k.msg()
			k.sendMsg(id, 1, "a")
			k.sendMsg(id, 1, "b")
			return say("%s, queued %v; none %v", k.copied(id, 9, 1, unix.IPC_NOWAIT).text(), k.do("msgqnum", id), k.copied(id, 9, 2, unix.IPC_NOWAIT))
		}},
	{ID: "M19", Mechanism: "sysvmsg", Statement: "MSG_COPY wants IPC_NOWAIT, and neither MSG_EXCEPT nor too small a buffer",
		Expect: "without EINVAL, MSG_EXCEPT EINVAL, small E2BIG", Source: "msgop(2), MSG_COPY", Since: "3.14", Needs: []Need{sysv}, About: "invalid too-big",
		Observe: func(k *kernel) string {
			id := k.msg()
			k.sendMsg(id, 1, "abc")
			return say("without %v, MSG_EXCEPT %v, small %v", k.copied(id, 9, 0, 0), k.copied(id, 9, 0, unix.IPC_NOWAIT|msgExcept), k.copied(id, 1, 0, unix.IPC_NOWAIT))
		}},
	{ID: "M32", Mechanism: "sysvmsg", Statement: "MSG_COPY is not cut by MSG_NOERROR, and no message has a negative index",
		Expect: "EINVAL, ENOMSG", Source: "msgop(2), MSG_COPY; ipc/msg.c", Since: "3.14", Needs: []Need{sysv}, About: "too-big invalid",
		Observe: func(k *kernel) string {
			id := k.msg()
			k.sendMsg(id, 1, "abc")
			return say("%v, %v", k.copied(id, 1, 0, unix.IPC_NOWAIT|msgNoerror), k.copied(id, 9, -1, unix.IPC_NOWAIT))
		}},
	{ID: "M20", Mechanism: "sysvmsg", Statement: "IPC_STAT has the last sender and receiver and their times, the bytes and messages that are queued; at first there are none",
		Expect: "new; sent 3 bytes by the child; received", Source: "msgctl(2), struct msqid_ds", Needs: []Need{sysv}, About: "access",
		Observe: func(k *kernel) string {
			id, child := k.msg(), k.process("child")
			is := func(format string, args ...any) string {
				if got, want := k.do("msgstory", id).text(), say(format, args...); got != want {
					panic(stop{Differs, got + ", not " + want})
				}
				return ""
			}
			is("stime 0 rtime 0 lspid 0 lrpid 0 cbytes 0 qnum 0")
			child.sendMsg(id, 1, "abc")
			is("stime set rtime 0 lspid %d lrpid 0 cbytes 3 qnum 1", child.pid)
			need(k.do("msgrcv", id, 9, 0, unix.IPC_NOWAIT))
			is("stime set rtime set lspid %d lrpid %d cbytes 0 qnum 0", child.pid, k.pid)
			return "new; sent 3 bytes by the child; received"
		}},
	{ID: "M21", Mechanism: "sysvmsg", Statement: "mode 0600 keeps the state from another user, and only the owner may set it",
		Expect: "IPC_STAT EACCES; 0644: read, IPC_SET EPERM", Source: "msgctl(2), EACCES and EPERM", Needs: []Need{sysv, anotherUser}, About: "access",
		Observe: func(k *kernel) string {
			id := k.msg()
			other := k.process("other user")
			need(other.do("setresuid", stranger))
			no := other.do("msgstory", id)
			need(k.do("msgset", id, 0o644))
			read := "read"
			if a := other.do("msgstory", id); a.Errno != 0 {
				read = a.String()
			}
			return say("IPC_STAT %v; 0644: %s, IPC_SET %v", no, read, other.do("msgset", id, 0o666))
		}},
	{ID: "M22", Mechanism: "sysvmsg", Statement: "the right to read lets another user receive, but not send",
		Expect: "receives x; send EACCES", Source: "msgop(2), EACCES", Needs: []Need{sysv, anotherUser}, About: "access",
		Observe: func(k *kernel) string {
			id := k.msg()
			need(k.do("msgset", id, 0o644))
			k.sendMsg(id, 1, "x")
			other := k.process("other user")
			need(other.do("setresuid", stranger))
			return say("receives %s; send %v", other.do("msgrcv", id, 9, 0, unix.IPC_NOWAIT).text(), other.do("msgsnd", id, 1, unix.IPC_NOWAIT, "x"))
		}},
	{ID: "M23", Mechanism: "sysvmsg", Statement: "msgget refuses a key that is taken with IPC_EXCL, and one that is not there without IPC_CREAT; else it finds the queue",
		Expect: "EEXIST, ENOENT, the same", Source: "msgget(2), ERRORS", Needs: []Need{sysv}, About: "invalid",
		Observe: func(k *kernel) string {
			n := key()
			id := k.own("msgrm", k.do("msgget", n, unix.IPC_CREAT|unix.IPC_EXCL|0o600))
			taken, none, found := k.do("msgget", n, unix.IPC_CREAT|unix.IPC_EXCL|0o600), k.do("msgget", key(), 0), "the same"
			if a := k.do("msgget", n, 0o600); a.Errno != 0 || a.N != id {
				found = a.String()
			}
			return say("%v, %v, %s", taken, none, found)
		}},
	{ID: "M24", Mechanism: "sysvmsg", Statement: "a send from a bad address, a receive of less than no bytes, no queue, and an unknown command fail",
		Expect: "EFAULT; EINVAL; EINVAL, EINVAL", Source: "msgop(2), ERRORS; msgctl(2), EINVAL", Needs: []Need{sysv}, About: "invalid",
		Observe: func(k *kernel) string {
			id := k.msg()
			return say("%v; %v; %v, %v", k.do("msgsndbad", id, 1), k.do("msgrcvsize", id, -1), k.do("msgsnd", -1, 1, unix.IPC_NOWAIT, "x"), k.do("msgctl", id, 99))
		}},
	{ID: "M25", Mechanism: "sysvmsg", Statement: "a receiver that sleeps for a type is not woken by another one",
		Expect: "sleeps; type 1 sleeps, type 2: b", Source: "msgop(2), msgtyp", Needs: []Need{sysv}, About: "boundaries empty",
		Observe: func(k *kernel) string {
			id := k.msg()
			w := k.begin("msgrcv", id, 9, 2, 0)
			first := w.asleep()
			k.sendMsg(id, 1, "a")
			second := w.asleep()
			k.sendMsg(id, 2, "b")
			return say("%s; type 1 %s, type 2: %s", first, second, w.answer().text())
		}},
	{ID: "M26", Mechanism: "sysvmsg", Statement: "to raise msg_qbytes wakes a sender that sleeps",
		Expect: "sleeps, then 0", Source: "msgctl(2), IPC_SET; ipc/msg.c", Needs: []Need{sysv}, About: "full limits",
		Observe: func(k *kernel) string {
			id := k.msg()
			need(k.do("msgqbytes", id, 1))
			k.sendMsg(id, 1, "x")
			w := k.begin("msgsnd", id, 1, 0, "y")
			state := w.asleep()
			need(k.do("msgqbytes", id, 100))
			return say("%s, then %v", state, w.answer())
		}},
	{ID: "M27", Mechanism: "sysvmsg", Statement: "a message of no bytes arrives, with its type",
		Expect: "0, queued 1; received 0", Source: "msgop(2)", Needs: []Need{sysv}, About: "boundaries",
		Observe: func(k *kernel) string {
			id := k.msg()
			sent, queued := k.do("msgsnd", id, 1, unix.IPC_NOWAIT, ""), k.do("msgqnum", id)
			return say("%v, queued %v; received %v", sent, queued, k.do("msgrcv", id, 9, 0, unix.IPC_NOWAIT))
		}},
	{ID: "M28", Mechanism: "sysvmsg", Statement: "SIGKILL of a sender that sleeps leaves nothing of its message",
		Expect: "SIGKILL; queued 1, then ENOMSG", Source: "msgop(2)", Needs: []Need{sysv}, About: "peer-gone left-behind",
		Observe: func(k *kernel) string {
			id := k.msg()
			need(k.do("msgqbytes", id, 1))
			k.sendMsg(id, 1, "x")
			sender := k.process("sender")
			sender.begin("msgsnd", id, 1, 0, "y").asleep()
			end, queued := sender.kill(), k.do("msgqnum", id)
			need(k.do("msgrcv", id, 9, 0, unix.IPC_NOWAIT))
			return say("%s; queued %v, then %v", end, queued, k.do("msgrcv", id, 9, 0, unix.IPC_NOWAIT))
		}},
	{ID: "M29", Mechanism: "sysvmsg", Statement: "a message queue that is made in one IPC namespace can't be seen in another",
		Expect: "outside ENOENT", Source: "ipc_namespaces(7)", Needs: []Need{sysv, namespace}, About: "access namespaces",
		Observe: func(k *kernel) string { return k.outside("msgget") }},
	{ID: "M30", Mechanism: "sysvmsg", Statement: "msgmni limits the queues of an IPC namespace",
		Expect: "ENOSPC", Source: "msgget(2), ENOSPC", Needs: []Need{sysv, namespace}, About: "limits namespaces",
		Observe: func(k *kernel) string {
			k.msg()
			if a := k.do("sysctl", "msgmni", 1); a.Errno != 0 {
				panic(skipped("/proc/sys/kernel/msgmni can't be set in a private namespace: " + a.String()))
			}
			return k.do("msgget", unix.IPC_PRIVATE, 0o600).String()
		}},
	{ID: "M31", Mechanism: "sysvmsg", Statement: "a receiver that sleeps is woken by what arrives, and takes it off the queue",
		Expect: "sleeps, then ab, queued 0", Source: "msgop(2)", Needs: []Need{sysv}, About: "empty",
		Observe: func(k *kernel) string {
			id := k.msg()
			w := k.begin("msgrcv", id, 9, 0, 0)
			state := w.asleep()
			k.sendMsg(id, 1, "ab")
			return say("%s, then %s, queued %v", state, w.answer().text(), k.do("msgqnum", id))
		}},
}
