package semantics

import (
	"golang.org/x/sys/unix"

	"ipcbench/internal/sys"
)

// Undoing, values, and errors of semaphores.
var semMoreChecks = []Check{
	{ID: "E10", Mechanism: "sysvsem", Statement: "IPC_RMID wakes the processes that sleep on a set: those that take, and those that wait for 0",
		Expect: "taker sleeps, then EIDRM; waiter sleeps, then EIDRM; afterwards EINVAL", Source: "semctl(2), IPC_RMID; semop(2), EIDRM", Needs: []Need{sysv}, About: "left-behind peer-gone",
		Observe: func(k *kernel) string {
			id := k.sem(2)
			need(k.do("semctl", id, 1, sys.SemSetVal, 1))
			taker, waiter := k.begin("semop", id, 0, -1, 0), k.begin("semop", id, 1, 0, 0)
			a, b := taker.asleep(), waiter.asleep()
			need(k.do("semrm", id))
			return say("taker %s, then %v; waiter %s, then %v; afterwards %v", a, taker.answer(), b, waiter.answer(), k.do("semop", id, 0, 1, 0))
		}},
	{ID: "E11", Mechanism: "sysvsem", Statement: "a signal ends a semop that takes, one that waits for 0, and a semtimedop, SA_RESTART or not",
		Expect: "takes EINTR, EINTR; waits EINTR, EINTR; semtimedop EINTR, EINTR", Source: "signal(7), never restarted; semop(2)", Needs: []Need{sysv}, About: "interrupted",
		Observe: func(k *kernel) string {
			id, other := k.sem(2), k.process("other")
			need(k.do("semctl", id, 1, sys.SemSetVal, 1))
			both := func(op string, args ...any) string {
				without, with := other.interrupt(op, args...)
				return say("%v, %v", without, with.answer())
			}
			return say("takes %s; waits %s; semtimedop %s", both("semop", id, 0, -1, 0), both("semop", id, 1, 0, 0), both("semtimedop", id, 0, -1, 60000))
		}},
	{ID: "E17", Mechanism: "sysvsem", Statement: "what a thread took with SEM_UNDO comes back when its process ends, not when the thread does",
		Expect: "thread gone 0; process gone 1", Source: "semop(2), SEM_UNDO; clone(2), CLONE_SYSVSEM", Needs: []Need{sysv}, About: "left-behind fork-exec",
		Observe: func(k *kernel) string {
			id := k.sem(1)
			k.setval(id, 1)
			holder := k.process("holder")
			need(holder.do("semopthread", id, -1, semUndo))
			thread := k.getval(id)
			holder.kill()
			return say("thread gone %v; process gone %v", thread, k.getval(id))
		}},
	{ID: "E18", Mechanism: "sysvsem", Statement: "undoing stops at 0: what others have taken is not owed",
		Expect: "given 2, taken 1; giver gone 0", Source: "semop(2), BUGS", Needs: []Need{sysv}, About: "left-behind peer-gone",
		Observe: func(k *kernel) string {
			id := k.sem(1)
			giver := k.process("giver")
			need(giver.do("semop", id, 0, 2, semUndo))
			given := k.getval(id)
			need(k.do("semop", id, 0, -1, 0))
			taken := k.getval(id)
			giver.kill()
			return say("given %v, taken %v; giver gone %v", given, taken, k.getval(id))
		}},
	{ID: "E19", Mechanism: "sysvsem", Statement: "SEM_UNDO adds up: all that a process took comes back, and nothing of what it gave back itself",
		Expect: "5, 2, 4; gone 5", Source: "semop(2), SEM_UNDO", Needs: []Need{sysv}, About: "left-behind",
		Observe: func(k *kernel) string {
			id := k.sem(1)
			k.setval(id, 5)
			holder, before := k.process("holder"), k.getval(id)
			need(holder.do("semop", id, 0, -1, semUndo))
			need(holder.do("semop", id, 0, -2, semUndo))
			taken := k.getval(id)
			need(holder.do("semop", id, 0, 2, semUndo))
			back := k.getval(id)
			holder.kill()
			return say("%v, %v, %v; gone %v", before, taken, back, k.getval(id))
		}},
	{ID: "E20", Mechanism: "sysvsem", Statement: "what SEM_UNDO would undo survives execve",
		Expect: "executed anew 0; gone 1", Source: "semop(2), NOTES", Needs: []Need{sysv}, About: "fork-exec left-behind",
		Observe: func(k *kernel) string {
			id := k.sem(1)
			k.setval(id, 1)
			holder := k.process("holder")
			need(holder.do("semop", id, 0, -1, semUndo))
			need(holder.do("reexec"))
			after := k.getval(id)
			holder.kill()
			return say("executed anew %v; gone %v", after, k.getval(id))
		}},
	{ID: "E21", Mechanism: "sysvsem", Statement: "SETALL and GETALL set and return all values; one above SEMVMX changes none",
		Expect: "0: 3 4; 40000 ERANGE: 3 4", Source: "semctl(2), SETALL and GETALL", Needs: []Need{sysv}, About: "too-big",
		Observe: func(k *kernel) string {
			id := k.sem(2)
			set := k.do("semsetall", id, 3, 4)
			values := k.do("semgetall", id, 2).text()
			return say("%v: %s; 40000 %v: %s", set, values, k.do("semsetall", id, 5, 40000), k.do("semgetall", id, 2).text())
		}},
	{ID: "E22", Mechanism: "sysvsem", Statement: "SETVAL wakes those that the new value is enough for",
		Expect: "sleeps, then 0, value 3", Source: "semctl(2), SETVAL", Needs: []Need{sysv}, About: "empty",
		Observe: func(k *kernel) string {
			id := k.sem(1)
			w := k.begin("semop", id, 0, -2, 0)
			state := w.asleep()
			k.setval(id, 5)
			return say("%s, then %v, value %v", state, w.answer(), k.getval(id))
		}},
	{ID: "E23", Mechanism: "sysvsem", Statement: "GETPID is the process of the last operation",
		Expect: "new 0; then the child", Source: "semctl(2), GETPID", Needs: []Need{sysv}, About: "access",
		Observe: func(k *kernel) string {
			id, child := k.sem(1), k.process("child")
			of := func() answer { return k.do("semcount", id, 0, semGetPID) }
			before, last := of(), "the child"
			need(child.do("semop", id, 0, 1, 0))
			if a := of(); a.N != child.pid {
				last = a.String()
			}
			return say("new %v; then %s", before, last)
		}},
	{ID: "E24", Mechanism: "sysvsem", Statement: "the order of the operations in one semop counts, though all are done at once",
		Expect: "value 1: -2, +2 EAGAIN; +2, -2 0", Source: "semop(2); ipc/sem.c, perform_atomic_semop", Needs: []Need{sysv}, About: "boundaries",
		Observe: func(k *kernel) string {
			id := k.sem(1)
			k.setval(id, 1)
			both := func(a, b int) answer {
				return k.do("semop2", id, 0, a, unix.IPC_NOWAIT, 0, b, unix.IPC_NOWAIT)
			}
			return say("value 1: -2, +2 %v; +2, -2 %v", both(-2, 2), both(2, -2))
		}},
	{ID: "E25", Mechanism: "sysvsem", Statement: "semtimedop refuses a time that is none",
		Expect: "10^9 ns EINVAL, -1 ns EINVAL, -1 s EINVAL", Source: "semop(2), EINVAL; ipc/sem.c", Needs: []Need{sysv}, About: "timeout invalid",
		Observe: func(k *kernel) string {
			id := k.sem(1)
			try := func(seconds, ns int) answer { return k.do("semtimedns", id, 0, -1, seconds, ns) }
			return say("10^9 ns %v, -1 ns %v, -1 s %v", try(0, 1_000_000_000), try(0, -1), try(-1, 0))
		}},
	{ID: "E26", Mechanism: "sysvsem", Statement: "semget refuses no semaphores, more than a set has, a key that is taken, and one that is not there",
		Expect: "0 EINVAL, more EINVAL, EEXIST, ENOENT", Source: "semget(2), ERRORS", Needs: []Need{sysv}, About: "invalid",
		Observe: func(k *kernel) string {
			n := key()
			k.own("semrm", k.do("semget", n, 2, unix.IPC_CREAT|unix.IPC_EXCL|0o600))
			return say("0 %v, more %v, %v, %v", k.do("semget", unix.IPC_PRIVATE, 0, 0o600), k.do("semget", n, 3, 0o600),
				k.do("semget", n, 2, unix.IPC_CREAT|unix.IPC_EXCL|0o600), k.do("semget", key(), 1, 0))
		}},
	{ID: "E27", Mechanism: "sysvsem", Statement: "to wait for 0 and to add one, in one semop, is a lock: the second one sleeps",
		Expect: "0, value 1; sleeps, then 0", Source: "semop(2)", Needs: []Need{sysv}, About: "boundaries",
		Observe: func(k *kernel) string {
			id := k.sem(1)
			first, value := k.do("semop2", id, 0, 0, 0, 0, 1, 0), k.getval(id)
			w := k.begin("semop2", id, 0, 0, 0, 0, 1, 0)
			state := w.asleep()
			need(k.do("semop", id, 0, -1, 0))
			return say("%v, value %v; %s, then %v", first, value, state, w.answer())
		}},
	{ID: "E28", Mechanism: "sysvsem", Statement: "semop from a bad address, to no set, and semctl of an unknown command or semaphore fail",
		Expect: "EFAULT, EINVAL; EINVAL, EINVAL", Source: "semop(2), ERRORS; semctl(2), ERRORS", Needs: []Need{sysv}, About: "invalid",
		Observe: func(k *kernel) string {
			id := k.sem(1)
			return say("%v, %v; %v, %v", k.do("semopbad", id, 1), k.do("semop", -1, 0, 1, 0), k.do("semcount", id, 0, 99), k.do("semctl", id, 5, sys.SemSetVal, 1))
		}},
	{ID: "E29", Mechanism: "sysvsem", Statement: "IPC_STAT and IPC_SET read and set the mode; GETALL and IPC_STAT to a bad address fail",
		Expect: "mode 0600 nsems 2; 0, mode 0640 nsems 2; EFAULT, EFAULT", Source: "semctl(2), IPC_SET and EFAULT", Needs: []Need{sysv}, About: "access invalid",
		Observe: func(k *kernel) string {
			id := k.sem(2)
			before, set := k.do("semstat", id).text(), k.do("semset", id, 0o640)
			return say("%s; %v, %s; %v, %v", before, set, k.do("semstat", id).text(), k.do("semctlnull", id, semGetAll), k.do("semctlnull", id, unix.IPC_STAT))
		}},
	{ID: "E30", Mechanism: "sysvsem", Statement: "the right to read lets another user see values and wait for 0, but not take, give or set",
		Expect: "GETVAL 0, wait 0; give EACCES, SETVAL EACCES, IPC_SET EPERM", Source: "semop(2), EACCES; semctl(2), EACCES and EPERM", Needs: []Need{sysv, anotherUser}, About: "access",
		Observe: func(k *kernel) string {
			id := k.sem(1)
			need(k.do("semset", id, 0o644))
			other := k.process("other user")
			need(other.do("setresuid", stranger))
			return say("GETVAL %v, wait %v; give %v, SETVAL %v, IPC_SET %v", other.getval(id), other.do("semop", id, 0, 0, 0), other.do("semop", id, 0, 1, 0),
				other.do("semctl", id, 0, sys.SemSetVal, 1), other.do("semset", id, 0o666))
		}},
	{ID: "E31", Mechanism: "sysvsem", Statement: "a semaphore set that is made in one IPC namespace can't be seen in another",
		Expect: "outside ENOENT", Source: "ipc_namespaces(7)", Needs: []Need{sysv, namespace}, About: "access namespaces",
		Observe: func(k *kernel) string { return k.outside("semget", 1) }},
	{ID: "E32", Mechanism: "sysvsem", Statement: "SIGKILL of a process that sleeps leaves no waiter",
		Expect: "GETNCNT 1, SIGKILL, GETNCNT 0", Source: "semop(2); semctl(2), GETNCNT", Needs: []Need{sysv}, About: "peer-gone left-behind",
		Observe: func(k *kernel) string {
			id, taker := k.sem(1), k.process("taker")
			taker.begin("semop", id, 0, -1, 0).asleep()
			waiting := func() answer { return k.do("semcount", id, 0, sys.SemGetNcnt) }
			before, end := waiting(), taker.kill()
			return say("GETNCNT %v, %s, GETNCNT %v", before, end, waiting())
		}},
}

// outside makes an object with a key in another namespace, and looks for it here.
// get is the call that does both: args stand between the key and the flags.
func (k *kernel) outside(get string, args ...any) string {
	n, inside := key(), k.process("inside")
	if a := inside.do("unshareipc"); a.Errno != 0 {
		panic(skipped("another IPC namespace is refused: " + a.String()))
	}
	call := func(p *proc, flag int) answer { return p.do(get, append(append([]any{n}, args...), flag)...) }
	need(call(inside, unix.IPC_CREAT|unix.IPC_EXCL|0o600))
	need(call(inside, 0))
	return say("outside %v", call(k.proc, 0))
}
