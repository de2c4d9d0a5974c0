package semantics

import "golang.org/x/sys/unix"

// send puts a message on a queue, which must have room.
func (p *proc) sendMsg(id, typ int, data any) { need(p.do("msgsnd", id, typ, unix.IPC_NOWAIT, data)) }

var msgChecks = []Check{
	{ID: "M01", Mechanism: "sysvmsg", Statement: "type 0 takes messages in order, and returns their type",
		Expect: "7: a, 3: b", Source: "msgop(2)", Needs: []Need{sysv}, About: "boundaries",
		Observe: func(k *kernel) string {
			id := k.msg()
			take := func() string { a := k.do("msgrcvtyped", id, 0); return a.text() }
			k.sendMsg(id, 7, "a")
			k.sendMsg(id, 3, "b")
			return say("%s, %s", take(), take())
		}},
	{ID: "M02", Mechanism: "sysvmsg", Statement: "a type selects: the first message of it, whatever stands before",
		Expect: "3: b; none: ENOMSG", Source: "msgop(2), msgtyp", Needs: []Need{sysv}, About: "boundaries",
		Observe: func(k *kernel) string {
			id := k.msg()
			k.sendMsg(id, 7, "a")
			k.sendMsg(id, 3, "b")
			return say("%s; none: %v", k.do("msgrcvtyped", id, 3).text(), k.do("msgrcv", id, 9, 4, unix.IPC_NOWAIT))
		}},
	{ID: "M03", Mechanism: "sysvmsg", Statement: "a negative type takes the lowest type up to it: an order by priority",
		Expect: "2, 5, ENOMSG", Source: "msgop(2), msgtyp", Needs: []Need{sysv}, About: "boundaries",
		Observe: func(k *kernel) string {
			id := k.msg()
			for _, typ := range []int{5, 2, 9} {
				k.sendMsg(id, typ, "x")
			}
			take := func() answer { return k.do("msgtype", id, -6, unix.IPC_NOWAIT) }
			return say("%v, %v, %v", take(), take(), take())
		}},
	{ID: "M04", Mechanism: "sysvmsg", Statement: "MSG_EXCEPT takes the first message of any other type",
		Expect: "2", Source: "msgop(2), MSG_EXCEPT", Needs: []Need{sysv}, About: "boundaries",
		Observe: func(k *kernel) string {
			id := k.msg()
			k.sendMsg(id, 1, "x")
			k.sendMsg(id, 2, "x")
			return k.do("msgtype", id, 1, unix.IPC_NOWAIT|msgExcept).String()
		}},
	{ID: "M05", Mechanism: "sysvmsg", Statement: "too small a buffer: an error and the message stays; with MSG_NOERROR it is cut, and the rest is lost",
		Expect: "E2BIG, queued 1; 10, queued 0", Source: "msgop(2), MSG_NOERROR", Needs: []Need{sysv}, About: "too-big",
		Observe: func(k *kernel) string {
			id := k.msg()
			k.sendMsg(id, 1, letters(100))
			small, stays := k.do("msgrcv", id, 10, 0, unix.IPC_NOWAIT), k.do("msgqnum", id)
			cut := k.do("msgrcv", id, 10, 0, unix.IPC_NOWAIT|msgNoerror)
			return say("%v, queued %v; %v, queued %v", small, stays, cut, k.do("msgqnum", id))
		}},
	{ID: "M06", Mechanism: "sysvmsg", Statement: "IPC_NOWAIT does not wait: neither for a message nor for room",
		Expect: "ENOMSG; full after {msgmnb} bytes: EAGAIN", Source: "msgop(2), EAGAIN and ENOMSG", Needs: []Need{sysv}, About: "empty full timeout limits",
		Observe: func(k *kernel) string {
			id := k.msg()
			empty, most, total := k.do("msgrcv", id, 9, 0, unix.IPC_NOWAIT), k.number("kernel/msgmax"), 0
			for left := k.number("kernel/msgmnb"); left > 0; left -= min(left, most) {
				k.sendMsg(id, 1, letters(min(left, most)))
				total += min(left, most)
			}
			return say("%v; full after %d bytes: %v", empty, total, k.do("msgsnd", id, 1, unix.IPC_NOWAIT, "x"))
		}},
	{ID: "M07", Mechanism: "sysvmsg", Statement: "a message longer than msgmax is refused, and so is a type below 1",
		Expect: "{msgmax}: 0, one more EINVAL; type 0 EINVAL, type -1 EINVAL", Source: "msgop(2), EINVAL", Needs: []Need{sysv}, About: "too-big invalid limits",
		Observe: func(k *kernel) string {
			id, most := k.msg(), k.number("kernel/msgmax")
			send := func(typ, n int) answer { return k.do("msgsnd", id, typ, unix.IPC_NOWAIT, letters(n)) }
			return say("%d: %v, one more %v; type 0 %v, type -1 %v", most, send(1, most), send(1, most+1), send(0, 1), send(-1, 1))
		}},
	{ID: "M08", Mechanism: "sysvmsg", Statement: "msg_qbytes limits the number of messages too: those of no bytes fill a queue as well",
		Expect: "of no bytes {msgmnb}, of one byte {msgmnb}", Source: "msgop(2)", Needs: []Need{sysv}, About: "full limits",
		Observe: func(k *kernel) string {
			fill := func(n int) answer {
				id := k.msg()
				return k.do("filltype", id, n)
			}
			return say("of no bytes %v, of one byte %v", fill(0), fill(1))
		}},
	{ID: "M09", Mechanism: "sysvmsg", Statement: "to send to a full queue sleeps, and a receiver that makes room wakes it",
		Expect: "sleeps, then 0", Source: "msgop(2)", Needs: []Need{sysv}, About: "full",
		Observe: func(k *kernel) string {
			id := k.msg()
			need(k.do("msgqbytes", id, 100))
			k.sendMsg(id, 1, letters(100))
			w := k.process("sender").begin("msgsnd", id, 1, 0, "x")
			state := w.asleep()
			need(k.do("msgrcv", id, 100, 0, 0))
			return say("%s, then %v", state, w.answer())
		}},
	{ID: "M10", Mechanism: "sysvmsg", Statement: "IPC_RMID wakes a sender and a receiver that sleep",
		Expect: "receiver sleeps, then EIDRM; sender sleeps, then EIDRM; afterwards EINVAL", Source: "msgctl(2), IPC_RMID; msgop(2), EIDRM", Needs: []Need{sysv}, About: "left-behind peer-gone",
		Observe: func(k *kernel) string {
			end := func(w *pending, id int) string {
				state := w.asleep()
				need(k.do("msgrm", id))
				return say("%s, then %v", state, w.answer())
			}
			empty, full := k.msg(), k.msg()
			receiver := end(k.process("receiver").begin("msgrcv", empty, 9, 0, 0), empty)
			need(k.do("msgqbytes", full, 1))
			k.sendMsg(full, 1, "x")
			sender := end(k.process("sender").begin("msgsnd", full, 1, 0, "x"), full)
			return say("receiver %s; sender %s; afterwards %v", receiver, sender, k.do("msgsnd", full, 1, unix.IPC_NOWAIT, "x"))
		}},
	{ID: "M11", Mechanism: "sysvmsg", Statement: "a signal ends a call that sleeps, SA_RESTART or not",
		Expect: "msgrcv EINTR, EINTR; msgsnd EINTR, EINTR", Source: "signal(7), never restarted; msgop(2)", Needs: []Need{sysv}, About: "interrupted",
		Observe: func(k *kernel) string {
			id := k.msg()
			other := k.process("other")
			without, with := other.interrupt("msgrcv", id, 9, 0, 0)
			receive := say("msgrcv %v, %v", without, with.answer())
			need(k.do("msgqbytes", id, 1))
			k.sendMsg(id, 1, "x")
			without, with = other.interrupt("msgsnd", id, 1, 0, "x")
			return say("%s; msgsnd %v, %v", receive, without, with.answer())
		}},
	{ID: "M13", Mechanism: "sysvmsg", Statement: "a message outlives its sender",
		Expect: "SIGKILL; received: hello", Source: "sysvipc(7)", Needs: []Need{sysv}, About: "left-behind peer-gone",
		Observe: func(k *kernel) string {
			id := k.msg()
			sender := k.process("sender")
			sender.sendMsg(id, 1, "hello")
			return say("%s; received: %s", sender.kill(), k.do("msgrcv", id, 9, 0, unix.IPC_NOWAIT).text())
		}},
	{ID: "M14", Mechanism: "sysvmsg", Statement: "without CAP_SYS_RESOURCE msg_qbytes can be lowered, but not raised above msgmnb",
		Expect: "{msgmnb}+1: EPERM, 100: 0", Source: "msgctl(2), IPC_SET and EPERM", Needs: []Need{sysv}, About: "limits access",
		Observe: func(k *kernel) string {
			id, most := k.msg(), k.number("kernel/msgmnb")
			need(k.do("dropcap", unix.CAP_SYS_RESOURCE))
			return say("%d+1: %v, 100: %v", most, k.do("msgqbytes", id, most+1), k.do("msgqbytes", id, 100))
		}},
	{ID: "M15", Mechanism: "sysvmsg", Statement: "mode 0600 keeps other users out, and only the owner may remove",
		Expect: "msgsnd EACCES, IPC_RMID EPERM", Source: "msgop(2), EACCES; msgctl(2), EPERM", Needs: []Need{sysv, anotherUser}, About: "access",
		Observe: func(k *kernel) string {
			id := k.msg()
			other := k.process("other user")
			need(other.do("setresuid", stranger))
			return say("msgsnd %v, IPC_RMID %v", other.do("msgsnd", id, 1, unix.IPC_NOWAIT, "x"), other.do("msgrm", id))
		}},
	{ID: "M16", Mechanism: "sysvmsg", Statement: "a longer message wakes a receiver that sleeps with too small a buffer: the receiver gets an error, and the message stays",
		Expect: "sleeps, then E2BIG, queued 1", Source: "msgop(2), E2BIG; ipc/msg.c, pipelined_send", Needs: []Need{sysv}, About: "too-big empty",
		Observe: func(k *kernel) string {
			id := k.msg()
			w := k.process("receiver").begin("msgrcv", id, 10, 0, 0)
			state := w.asleep()
			k.sendMsg(id, 1, letters(100))
			return say("%s, then %v, queued %v", state, w.answer(), k.do("msgqnum", id))
		}},
	{ID: "M17", Mechanism: "sysvmsg", Statement: "a receive into unmapped memory: its error, and whether its message is still on the queue",
		Source: "msgop(2); ipc/msg.c, do_msgrcv", Needs: []Need{sysv}, About: "invalid",
		Observe: func(k *kernel) string {
			id := k.msg()
			k.sendMsg(id, 1, "x")
			return say("%v, queued %v", k.do("msgrcvnowhere", id, 100), k.do("msgqnum", id))
		}},
	{ID: "M18", Mechanism: "sysvmsg", Statement: "IPC_RMID removes a queue at once, unlike a segment, and what was on it is lost",
		Expect: "0, then EINVAL", Source: "msgctl(2), IPC_RMID", Needs: []Need{sysv}, About: "left-behind",
		Observe: func(k *kernel) string {
			id := k.msg()
			k.sendMsg(id, 1, "x")
			return say("%v, then %v", k.do("msgrm", id), k.do("msgrcv", id, 9, 0, unix.IPC_NOWAIT))
		}},
}
