package semantics

import (
	"fmt"

	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// kindOf is what differs between the three kinds of System V objects.
type kindOf struct {
	kind    string // "sem"
	get     string // the call that makes and finds one
	args    []any  // of get, between the key and the flags
	remove  string
	stat    int // the command that finds an object by its index
	statAny int // the same without asking for the right to read
}

var (
	segments   = kindOf{kind: "shm", get: "shmget", args: []any{100}, remove: "shmrm", stat: 13, statAny: 15}
	semaphores = kindOf{kind: "sem", get: "semget", args: []any{3}, remove: "semrm", stat: 18, statAny: 20}
	queues     = kindOf{kind: "msg", get: "msgget", remove: "msgrm", stat: 11, statAny: 13}
)

func (p *proc) getObject(o kindOf, key, flag int) answer {
	return p.do(o.get, append(append([]any{key}, o.args...), flag)...)
}

// guarded looks for another user's object of mode 0600 by its key.
func (k *kernel) guarded(o kindOf) string {
	n := key()
	id := k.own(o.remove, k.getObject(o, n, unix.IPC_CREAT|unix.IPC_EXCL|0o600))
	other := k.process("other user")
	need(other.do("setresuid", stranger))
	found := "found"
	if a := other.getObject(o, n, 0); a.N != id {
		found = a.String()
	}
	return say("0600 %v; asked for no right: %s", other.getObject(o, n, 0o600), found)
}

// chosen asks for an identifier, and makes an object.
func (k *kernel) chosen(o kindOf) string {
	const want = 7<<15 | 5
	if a := k.do("sysctl", o.kind+"_next_id", want); a.Errno != 0 {
		panic(skipped("/proc/sys/kernel/" + o.kind + "_next_id can't be set here: " + a.String()))
	}
	id := k.own(o.remove, k.getObject(o, unix.IPC_PRIVATE, 0o600))
	then := k.do("sysctlget", "kernel/"+o.kind+"_next_id").text()
	if id != want {
		return say("%d, then %s", id, then)
	}
	need(k.do("sysctl", o.kind+"_next_id", want))
	word := "another"
	if k.own(o.remove, k.getObject(o, unix.IPC_PRIVATE, 0o600)) == want {
		word = "the same"
	}
	return say("the one asked for, then %s; where it is taken %s", then, word)
}

// indexed finds an object of mode 0 by its index: as its maker, and as another
// user with and without asking for the right to read.
func (k *kernel) indexed(o kindOf, info int) string {
	id := k.own(o.remove, k.getObject(o, unix.IPC_PRIVATE, 0))
	index := k.do(o.kind+"info", info).N
	other := k.process("other user")
	need(other.do("setresuid", stranger))
	word := func(a answer) string {
		if a.N == id {
			return "the identifier"
		}
		return a.String()
	}
	return say("maker %s; another user %s; any %s", word(k.do(o.kind+"statat", index, o.stat)), word(other.do(o.kind+"statat", index, o.stat)), word(other.do(o.kind+"statat", index, o.statAny)))
}

// gone removes an object twice.
func (k *kernel) gone(o kindOf) string {
	id := need(k.getObject(o, unix.IPC_PRIVATE, 0o600)).N
	return say("%v, EINVAL again: %v", k.do(o.remove, id), k.do(o.remove, id))
}

const (
	byKey    = "0600 EACCES; asked for no right: found"
	byChoice = "the one asked for, then -1; where it is taken another"
	byIndex  = "maker the identifier; another user EACCES; any the identifier"
)

// nextID is for checks of identifiers that a process chooses.
var nextID = Need{"CONFIG_CHECKPOINT_RESTORE", func(h *host) string {
	if _, err := h.sysctl("kernel/sem_next_id"); err != nil && unix.Access("/proc/sys/kernel/sem_next_id", unix.F_OK) != nil {
		return "a kernel without CONFIG_CHECKPOINT_RESTORE: no /proc/sys/kernel/sem_next_id"
	}
	return ""
}}

var shmStateChecks = []Check{
	{ID: "S31", Mechanism: "sysvshm", Statement: "another user's segment of mode 0600 can be found by its key, if no right is asked for",
		Expect: byKey, Source: "shmget(2), EACCES", Needs: []Need{sysv, anotherUser}, About: "access",
		Observe: func(k *kernel) string { return k.guarded(segments) }},
	{ID: "S32", Mechanism: "sysvshm", Statement: "shm_next_id chooses the identifier of the next segment, once, unless that is taken",
		Expect: byChoice, Source: "proc_sys_kernel(5), shm_next_id", Since: "3.8", Needs: []Need{sysv, namespace, nextID}, About: "namespaces",
		Observe: func(k *kernel) string { return k.chosen(segments) }},
	{ID: "S33", Mechanism: "sysvshm", Statement: "SHM_STAT wants the right to read, SHM_STAT_ANY does not",
		Expect: byIndex, Source: "shmctl(2), SHM_STAT_ANY", Since: "4.17", Needs: []Need{sysv, namespace, anotherUser}, About: "access namespaces",
		Observe: func(k *kernel) string { return k.indexed(segments, shmInfo) }},
	{ID: "S34", Mechanism: "sysvshm", Statement: "SHM_INFO counts the segments of the namespace and their pages, IPC_INFO has its limits",
		Expect: "1 segments of 2 pages; shmmni as in /proc", Source: "shmctl(2), SHM_INFO and IPC_INFO", Needs: []Need{sysv, namespace}, About: "namespaces limits",
		Observe: func(k *kernel) string {
			k.shm(k.host.page + 1)
			return say("%s; shmmni %s", k.do("shminfo", shmInfo).text(), k.asInProc("shmmni", k.do("shminfo", ipcInfo).N))
		}},
	{ID: "S35", Mechanism: "sysvshm", Statement: "SHM_LOCK marks a segment SHM_LOCKED, SHM_UNLOCK takes it back, and neither is for other users",
		Expect: "02600, 0600; another user EPERM", Source: "shmctl(2), SHM_LOCK", Needs: []Need{sysv, anotherUser, lockMemory}, About: "access limits",
		Observe: func(k *kernel) string {
			id := k.shm(100)
			other := k.process("other user")
			need(other.do("setresuid", stranger))
			refused := other.do("shmctl", id, shmLock)
			need(k.do("shmctl", id, shmLock))
			locked := k.do("shmmode", id)
			need(k.do("shmctl", id, shmUnlock))
			return say("%#o, %#o; another user %v", locked.N, k.do("shmmode", id).N, refused)
		}},
	{ID: "S36", Mechanism: "sysvshm", Statement: "a segment that is attached for writing can be made read-only and writable again by mprotect",
		Expect: "0, 0; store ab", Source: "mprotect(2); shmat(2)", Needs: []Need{sysv}, About: "shared-memory access",
		Observe: func(k *kernel) string {
			at := need(k.do("shmat", k.shm(100), 0)).N
			a, b := k.do("mprotect", at, unix.PROT_READ), k.do("mprotect", at, readWrite)
			need(k.do("poke", at, 0, "ab"))
			return say("%v, %v; store %s", a, b, k.do("peek", at, 0, 2).text())
		}},
	{ID: "S37", Mechanism: "sysvshm", Statement: "IPC_RMID again of a segment that is attached changes nothing: it goes with the last detach",
		Expect: "0, 0; store ab; detached EINVAL", Source: "shmctl(2), IPC_RMID", Needs: []Need{sysv}, About: "left-behind",
		Observe: func(k *kernel) string {
			id := k.shm(100)
			at := need(k.do("shmat", id, 0)).N
			a, b := k.do("shmrm", id), k.do("shmrm", id)
			need(k.do("poke", at, 0, "ab"))
			kept := k.do("peek", at, 0, 2).text()
			need(k.do("shmdt", at))
			return say("%v, %v; store %s; detached %v", a, b, kept, k.do("shmstat", id))
		}},
}

var semStateChecks = []Check{
	{ID: "E33", Mechanism: "sysvsem", Statement: "another user's set of mode 0600 can be found by its key, if no right is asked for",
		Expect: byKey, Source: "semget(2), EACCES", Needs: []Need{sysv, anotherUser}, About: "access",
		Observe: func(k *kernel) string { return k.guarded(semaphores) }},
	{ID: "E34", Mechanism: "sysvsem", Statement: "sem_next_id chooses the identifier of the next set, once, unless that is taken",
		Expect: byChoice, Source: "proc_sys_kernel(5), sem_next_id", Since: "3.8", Needs: []Need{sysv, namespace, nextID}, About: "namespaces",
		Observe: func(k *kernel) string { return k.chosen(semaphores) }},
	{ID: "E35", Mechanism: "sysvsem", Statement: "SEM_STAT wants the right to read, SEM_STAT_ANY does not",
		Expect: byIndex, Source: "semctl(2), SEM_STAT_ANY", Since: "4.17", Needs: []Need{sysv, namespace, anotherUser}, About: "access namespaces",
		Observe: func(k *kernel) string { return k.indexed(semaphores, semInfo) }},
	{ID: "E36", Mechanism: "sysvsem", Statement: "SEM_INFO counts the sets and semaphores of the namespace, IPC_INFO has its limits",
		Expect: "1 sets, 3 semaphores; semmsl as in /proc", Source: "semctl(2), SEM_INFO and IPC_INFO", Needs: []Need{sysv, namespace}, About: "namespaces limits",
		Observe: func(k *kernel) string {
			k.sem(3)
			info, text := k.do("seminfo", ipcInfo), k.do("sysctlget", "kernel/sem").text()
			var semmsl int
			fmt.Sscan(text, &semmsl)
			word := "as in /proc"
			if info.Errno != 0 || info.text() != say("semmsl %d", semmsl) {
				word = info.text()
			}
			return say("%s; semmsl %s", k.do("seminfo", semInfo).text(), word)
		}},
	{ID: "E37", Mechanism: "sysvsem", Statement: "a process that a signal woke no longer counts as waiting: for a value, and for 0",
		Expect: "GETNCNT 1, EINTR, 0; GETZCNT 1, EINTR, 0", Source: "semctl(2), GETNCNT and GETZCNT", Needs: []Need{sysv}, About: "interrupted",
		Observe: func(k *kernel) string {
			id, waiter := k.sem(1), k.process("waiter")
			need(waiter.do("sigaction", int(unix.SIGUSR1), sigNoRestart))
			each := func(n, command int) string {
				w := waiter.begin("semop", id, 0, n, 0)
				w.asleep()
				count := func() answer { return k.do("semcount", id, 0, command) }
				before := count()
				w.signal(unix.SIGUSR1)
				return say("%v, %v, %v", before, w.answer(), count())
			}
			take := each(-1, sys.SemGetNcnt)
			k.setval(id, 1)
			return say("GETNCNT %s; GETZCNT %s", take, each(0, sys.SemGetZcnt))
		}},
	{ID: "E38", Mechanism: "sysvsem", Statement: "semmni limits the sets of a namespace, semmns their semaphores, semmsl those of one set, semopm the operations of a call",
		Expect: "sets ENOSPC, semaphores ENOSPC, one set EINVAL, operations E2BIG", Source: "semget(2), ERRORS; semop(2), E2BIG; proc_sys_kernel(5), sem", Needs: []Need{sysv, namespace}, About: "limits namespaces",
		Observe: func(k *kernel) string {
			was := need(k.do("sysctlget", "kernel/sem")).text()
			id := k.sem(2)
			set := func(limits string) {
				if a := k.do("sysctltext", "sem\x00"+limits); a.Errno != 0 {
					panic(skipped("/proc/sys/kernel/sem can't be set in a private namespace: " + a.String()))
				}
			}
			make := func(n int, limits string) answer {
				set(limits)
				a := k.do("semget", unix.IPC_PRIVATE, n, 0o600)
				set(was)
				return a
			}
			sets, all, one := make(1, "250 32000 32 1"), make(2, "250 3 32 128"), make(3, "2 32000 32 128")
			set("250 32000 1 128")
			ops := k.do("semop2", id, 0, 1, 0, 1, 1, 0)
			set(was)
			return say("sets %v, semaphores %v, one set %v, operations %v", sets, all, one, ops)
		}},
	{ID: "E39", Mechanism: "sysvsem", Statement: "a set that was removed can't be removed again",
		Expect: "0, EINVAL again: EINVAL", Source: "semctl(2), IPC_RMID", Needs: []Need{sysv}, About: "left-behind invalid",
		Observe: func(k *kernel) string { return k.gone(semaphores) }},
}

var msgStateChecks = []Check{
	{ID: "M33", Mechanism: "sysvmsg", Statement: "another user's queue of mode 0600 can be found by its key, if no right is asked for",
		Expect: byKey, Source: "msgget(2), EACCES", Needs: []Need{sysv, anotherUser}, About: "access",
		Observe: func(k *kernel) string { return k.guarded(queues) }},
	{ID: "M34", Mechanism: "sysvmsg", Statement: "msg_next_id chooses the identifier of the next queue, once, unless that is taken",
		Expect: byChoice, Source: "proc_sys_kernel(5), msg_next_id", Since: "3.8", Needs: []Need{sysv, namespace, nextID}, About: "namespaces",
		Observe: func(k *kernel) string { return k.chosen(queues) }},
	{ID: "M35", Mechanism: "sysvmsg", Statement: "MSG_STAT wants the right to read, MSG_STAT_ANY does not",
		Expect: byIndex, Source: "msgctl(2), MSG_STAT_ANY", Since: "4.17", Needs: []Need{sysv, namespace, anotherUser}, About: "access namespaces",
		Observe: func(k *kernel) string { return k.indexed(queues, msgInfo) }},
	{ID: "M36", Mechanism: "sysvmsg", Statement: "MSG_INFO counts the queues, messages and bytes of the namespace, IPC_INFO has its limits",
		Expect: "1 queues, 2 messages, 5 bytes; msgmni as in /proc", Source: "msgctl(2), MSG_INFO and IPC_INFO", Needs: []Need{sysv, namespace}, About: "namespaces limits",
		Observe: func(k *kernel) string {
			id := k.msg()
			k.sendMsg(id, 1, "abc")
			k.sendMsg(id, 1, "de")
			return say("%s; msgmni %s", k.do("msginfo", msgInfo).text(), k.asInProc("msgmni", k.do("msginfo", ipcInfo).N))
		}},
	{ID: "M37", Mechanism: "sysvmsg", Statement: "the right to write lets another user send, but neither receive nor see the state",
		Expect: "send 0; receive EACCES, IPC_STAT EACCES", Source: "msgop(2), EACCES; msgctl(2), EACCES", Needs: []Need{sysv, anotherUser}, About: "access",
		Observe: func(k *kernel) string {
			id := k.own("msgrm", k.do("msgget", unix.IPC_PRIVATE, 0o622))
			other := k.process("other user")
			need(other.do("setresuid", stranger))
			return say("send %v; receive %v, IPC_STAT %v", other.do("msgsnd", id, 1, unix.IPC_NOWAIT, "x"), other.do("msgrcv", id, 9, 0, unix.IPC_NOWAIT), other.do("msgqnum", id))
		}},
	{ID: "M38", Mechanism: "sysvmsg", Statement: "IPC_SET changes the mode of a queue, and what another user may do with it",
		Expect: "0600 EACCES; 0622 0", Source: "msgctl(2), IPC_SET", Needs: []Need{sysv, anotherUser}, About: "access",
		Observe: func(k *kernel) string {
			id := k.msg()
			other := k.process("other user")
			need(other.do("setresuid", stranger))
			send := func() answer { return other.do("msgsnd", id, 1, unix.IPC_NOWAIT, "x") }
			before := send()
			need(k.do("msgset", id, 0o622))
			return say("0600 %v; 0622 %v", before, send())
		}},
	{ID: "M39", Mechanism: "sysvmsg", Statement: "a queue that was removed can't be removed again",
		Expect: "0, EINVAL again: EINVAL", Source: "msgctl(2), IPC_RMID", Needs: []Need{sysv}, About: "left-behind invalid",
		Observe: func(k *kernel) string { return k.gone(queues) }},
}

// asInProc compares a limit with that of /proc/sys/kernel.
func (k *kernel) asInProc(name string, n int) string {
	if want := k.number("kernel/" + name); n != want {
		return say("%d, in /proc %d", n, want)
	}
	return "as in /proc"
}

// lockMemory is for checks that lock a page.
var lockMemory = Need{"CAP_IPC_LOCK", func(*host) string {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_MEMLOCK, &r) == nil && r.Cur < 64<<10 && !has(unix.CAP_IPC_LOCK) {
		return "needs CAP_IPC_LOCK, or an RLIMIT_MEMLOCK of 64 KiB"
	}
	return ""
}}
